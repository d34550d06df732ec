/* SPDX-License-Identifier: BSD-2-Clause */
/* memkind setup: regions and namespaces of persistent memory. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/sysfs.h"
#include "setup_look.h"

#define BLOCK "sys/block/"

enum {
	TYPE_WITHOUT_LABELS = 4, /* one namespace takes all of the region */
	TYPE_WITH_LABELS = 5,
};

/* What is said of a namespace. */
struct nd_namespace {
	char mode[MK_SETUP_WORD];
	char holder[MK_SETUP_WORD];
	char disk[MK_SETUP_NAME]; /* "": none */
	uint64_t size;
};

static void find_disk(const struct mk_setup_look *look, const char *name,
		      struct nd_namespace *namespace)
{
	struct dirent **entries;
	int count = scandirat(look->machine->root, BLOCK, &entries, NULL, versionsort);
	char own[MK_SETUP_PATH], of_holder[MK_SETUP_PATH], target[MK_SETUP_PATH];

	snprintf(own, sizeof(own), "/%s/block/", name);
	snprintf(of_holder, sizeof(of_holder), "/%s/block/", namespace->holder);
	for (int i = 0; i < count; i++) {
		const char *disk = entries[i]->d_name;

		mk_setup_link(look, target, BLOCK "%s", disk);
		if (strlen(disk) < sizeof(namespace->disk) &&
		    (strstr(target, own) != NULL || strstr(target, of_holder) != NULL))
			snprintf(namespace->disk, sizeof(namespace->disk), "%s", disk);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

/* As ndctl names them. */
static const char *mode_name(const struct nd_namespace *namespace)
{
	if (strcmp(namespace->mode, "memory") == 0)
		return "fsdax";
	return strcmp(namespace->mode, "safe") == 0 ? "sector" : "raw";
}

/* Says what the namespace holds, and what is lost of it: nothing only where it was never given a mode. */
static void describe_content(const struct mk_setup_look *look, struct mk_setup_item *item,
			     const struct nd_namespace *namespace)
{
	const char *mode = mode_name(namespace), *content;

	switch (mk_setup_look_into(look->machine, namespace->disk, &content)) {
	case MK_SETUP_BLANK:
		mk_setup_describe(item, namespace->size, "%s mode, blank", mode);
		if (strcmp(mode, "raw") != 0)
			snprintf(item->loss, sizeof(item->loss), "an empty disk in %s mode", mode);
		return;
	case MK_SETUP_DATA:
		mk_setup_describe(item, namespace->size, "%s mode, holds %s", mode, content);
		snprintf(item->loss, sizeof(item->loss), "%s", content);
		return;
	case MK_SETUP_UNREADABLE:
		mk_setup_describe(item, namespace->size, "%s mode, what it holds is not known",
				  mode);
		snprintf(item->loss, sizeof(item->loss), "whatever it holds");
	}
}

/* namespace1.0 is, in devdax mode, dax1.0. */
static const char *device_of(const char *name)
{
	static char device[MK_SETUP_WORD];

	snprintf(device, sizeof(device), "dax%s", name + strlen("namespace"));
	return device;
}

static void plan_namespace(struct mk_setup_look *look, const char *name,
			   const struct nd_namespace *namespace)
{
	struct mk_setup_item *item = mk_setup_add_item(look, name);
	const char *use =
		namespace->disk[0] == '\0' ? NULL : mk_setup_use_of(look, namespace->disk);

	if (use != NULL) {
		mk_setup_describe(item, namespace->size, "%s mode, %s: left as it is",
				  mode_name(namespace), use);
		return;
	}
	if (mk_setup_is_too_small(look, item, namespace->size))
		return;
	describe_content(look, item, namespace);
	mk_setup_add_command(
		item, "ndctl create-namespace --force --reconfig=%s --mode=devdax --map=mem", name);
	mk_setup_add_node_command(look, item, device_of(name));
}

static void plan_without_device(struct mk_setup_look *look, const char *name,
				const struct nd_namespace *namespace)
{
	struct mk_setup_item *item = mk_setup_add_item(look, name);

	mk_setup_describe(item, namespace->size, "devdax mode, without a dax device");
	snprintf(item->loss, sizeof(item->loss), "whatever it holds");
	mk_setup_add_command(item, "modprobe dax_pmem");
	mk_setup_add_node_command(look, item, device_of(name));
}

static void enter_namespace(struct mk_setup_look *look, const char *name)
{
	struct nd_namespace namespace = {.disk = ""};
	char path[MK_SETUP_PATH];

	namespace.size = mk_setup_number(look, MK_SETUP_ND "%s/size", name);
	if (namespace.size == 0)
		return;
	mk_setup_word(look, namespace.mode, MK_SETUP_ND "%s/mode", name);
	mk_setup_word(look, namespace.holder, MK_SETUP_ND "%s/holder", name);
	if (namespace.holder[0] == '\0')
		snprintf(namespace.holder, sizeof(namespace.holder), "%s", name);
	find_disk(look, name, &namespace);
	snprintf(path, sizeof(path), MK_SETUP_DAX "%s", device_of(name));
	if (strcmp(namespace.mode, "dax") != 0)
		plan_namespace(look, name, &namespace);
	else if (!mk_sysfs_exists(look->machine->root, path))
		plan_without_device(look, name, &namespace);
}

/* The namespace that ndctl will make in a region: its first one where that is free. */
static const char *next_namespace(const struct mk_setup_look *look, const char *region,
				  char name[static MK_SETUP_WORD])
{
	char path[MK_SETUP_PATH];

	snprintf(name, MK_SETUP_WORD, "namespace%s.0", region + strlen("region"));
	snprintf(path, sizeof(path), MK_SETUP_ND "%s", name);
	if (mk_sysfs_exists(look->machine->root, path) &&
	    mk_setup_number(look, MK_SETUP_ND "%s/size", name) == 0)
		return name;
	return mk_setup_word(look, name, MK_SETUP_ND "%s/namespace_seed", region);
}

/* Room for one more namespace. */
static void enter_room(struct mk_setup_look *look, const char *region)
{
	uint64_t size = mk_setup_number(look, MK_SETUP_ND "%s/available_size", region);
	char name[MK_SETUP_WORD];
	struct mk_setup_item *item;

	if (size == 0 || !mk_setup_is_device(next_namespace(look, region, name), "namespace"))
		return;
	item = mk_setup_add_item(look, region);
	if (mk_setup_is_too_small(look, item, size))
		return;
	mk_setup_describe(item, size, "without a namespace");
	mk_setup_add_command(item, "ndctl create-namespace --region=%s --mode=devdax --map=mem",
			     region);
	mk_setup_add_node_command(look, item, device_of(name));
}

static void enter_region(struct mk_setup_look *look, const char *region)
{
	uint64_t type = mk_setup_number(look, MK_SETUP_ND "%s/nstype", region);
	char prefix[MK_SETUP_NAME];

	if (type != TYPE_WITHOUT_LABELS && type != TYPE_WITH_LABELS)
		return;
	look->region_count++;
	snprintf(prefix, sizeof(prefix), "namespace%s.", region + strlen("region"));
	mk_setup_for_each(look, MK_SETUP_ND, prefix, enter_namespace);
	if (type == TYPE_WITH_LABELS)
		enter_room(look, region);
}

/* Those of CXL get their regions from elsewhere. */
static void count_module(struct mk_setup_look *look, const char *name)
{
	char path[MK_SETUP_PATH];

	if (strstr(mk_setup_link(look, path, MK_SETUP_ND "%s", name), "nvdimm-bridge") == NULL)
		look->module_count++;
}

void mk_setup_look_at_nvdimms(struct mk_setup_look *look)
{
	mk_setup_for_each(look, MK_SETUP_ND, "region", enter_region);
	mk_setup_for_each(look, MK_SETUP_ND, "nmem", count_module);
	if (look->module_count != 0 && look->region_count == 0)
		mk_setup_add_note(
			look->plan,
			"there are persistent modules (nmem), but the firmware gives them no "
			"region: make one there, or with ipmctl create -goal "
			"PersistentMemoryType=AppDirect and a restart, which destroys what "
			"they hold");
}
