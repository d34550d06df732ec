/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memkind setup: CXL memory devices without a region. A region takes a part of a window of addresses, a
 * root decoder, that the firmware gave the host bridge of the device.
 */
#include <stdio.h>
#include <string.h>

#include "setup_look.h"

#define CXL MK_SETUP_CXL

enum {
	TARGET_LIMIT = 64, /* interleave ways, 16 at most today */
	/* From these releases on the kernel makes regions, as mk_setup_kernel() has it. */
	KERNEL_WITH_PERSISTENT_REGIONS = 6000,
	KERNEL_WITH_VOLATILE_REGIONS = 6003,
};

/* What is asked of each endpoint, region and decoder about one memory device. */
static struct {
	const char *memory;
	const char *capability; /* the file of a root decoder that has to be 1 */
	bool has_region;
	char bridge[MK_SETUP_PATH];   /* the host bridge that it is behind; "": unknown */
	char decoder[MK_SETUP_NAME];  /* a window for it alone; "": none */
	bool has_interleaved_decoder; /* a window for several devices at once */
} search;

/* Behind the last slash; "" where there is none. */
static const char *leaf_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? "" : slash + 1;
}

/* Copies the component of a path that begins with PREFIX; "": there is none. */
static void copy_component(const char *path, const char *prefix,
			   char component[static MK_SETUP_NAME])
{
	const char *start = strstr(path, prefix);
	size_t length = start == NULL ? 0 : strcspn(start, "/");

	snprintf(component, MK_SETUP_NAME, "%.*s", (int)length, start == NULL ? "" : start);
}

static bool is_of_memory(const struct mk_setup_look *look, const char *endpoint)
{
	char path[MK_SETUP_PATH];

	return strcmp(leaf_of(mk_setup_link(look, path, CXL "%s/uport", endpoint)),
		      search.memory) == 0;
}

/* decoder2.0 -> endpoint2 -> mem0 */
static void enter_region(struct mk_setup_look *look, const char *region)
{
	char decoder[MK_SETUP_WORD], path[MK_SETUP_PATH], endpoint[MK_SETUP_NAME];

	for (int target = 0; target < TARGET_LIMIT; target++) {
		mk_setup_word(look, decoder, CXL "%s/target%d", region, target);
		if (decoder[0] == '\0')
			return;
		copy_component(mk_setup_link(look, path, CXL "%s", decoder), "endpoint", endpoint);
		search.has_region = search.has_region || is_of_memory(look, endpoint);
	}
}

/* .../root0/port1/endpoint4 -> port1 -> its host bridge */
static void enter_endpoint(struct mk_setup_look *look, const char *endpoint)
{
	char path[MK_SETUP_PATH], port[MK_SETUP_NAME];

	if (!is_of_memory(look, endpoint))
		return;
	copy_component(mk_setup_link(look, path, CXL "%s", endpoint), "port", port);
	snprintf(search.bridge, sizeof(search.bridge), "%s",
		 leaf_of(mk_setup_link(look, path, CXL "%s/uport", port)));
}

/* Of a root decoder: each number in the list of its targets is a port of the root. */
static void enter_targets(const struct mk_setup_look *look, const char *decoder, const char *root)
{
	char targets[MK_SETUP_WORD], path[MK_SETUP_PATH];
	char *rest = NULL;
	bool is_single;

	mk_setup_word(look, targets, CXL "%s/target_list", decoder);
	is_single = strchr(targets, ',') == NULL;
	for (char *target = strtok_r(targets, ",", &rest); target != NULL;
	     target = strtok_r(NULL, ",", &rest)) {
		mk_setup_link(look, path, CXL "%s/dport%s", root, target);
		if (search.bridge[0] == '\0' || strcmp(leaf_of(path), search.bridge) != 0)
			continue;
		if (!is_single)
			search.has_interleaved_decoder = true;
		else if (search.decoder[0] == '\0')
			snprintf(search.decoder, sizeof(search.decoder), "%s", decoder);
	}
}

static void enter_decoder(struct mk_setup_look *look, const char *decoder)
{
	char path[MK_SETUP_PATH], root[MK_SETUP_NAME];

	if (mk_setup_number(look, CXL "%s/%s", decoder, search.capability) != 1)
		return;
	copy_component(mk_setup_link(look, path, CXL "%s", decoder), "root", root);
	enter_targets(look, decoder, root);
}

static const char *why_not(const struct mk_setup_look *look, unsigned needed,
			   char text[static MK_SETUP_TEXT])
{
	unsigned kernel = mk_setup_kernel(look->machine);

	if (kernel != 0 && kernel < needed)
		snprintf(text, MK_SETUP_TEXT, "Linux %u.%u or newer makes one", needed / 1000,
			 needed % 1000);
	else if (search.decoder[0] != '\0')
		return NULL;
	else if (search.has_interleaved_decoder)
		snprintf(text, MK_SETUP_TEXT,
			 "its window is for several devices at once, see cxl-create-region(1)");
	else
		snprintf(text, MK_SETUP_TEXT, "the firmware has no window for one");
	return text;
}

static void plan_region(struct mk_setup_look *look, const char *memory, bool is_persistent)
{
	const char *type = is_persistent ? "pmem" : "ram";
	const char *name = is_persistent ? "persistent" : "volatile";
	uint64_t size = mk_setup_number(look, CXL "%s/%s/size", memory, type);
	char text[MK_SETUP_TEXT];
	struct mk_setup_item *item;
	const char *reason;

	if (size == 0)
		return;
	search.capability = is_persistent ? "cap_pmem" : "cap_ram";
	search.decoder[0] = '\0';
	search.has_interleaved_decoder = false;
	mk_setup_for_each(look, CXL, "decoder", enter_decoder);
	item = mk_setup_add_item(look, memory);
	reason = why_not(
		look, is_persistent ? KERNEL_WITH_PERSISTENT_REGIONS : KERNEL_WITH_VOLATILE_REGIONS,
		text);
	mk_setup_describe(item, size, "%s CXL memory without a region%s%s", name,
			  reason == NULL ? "" : ": ", reason == NULL ? "" : reason);
	if (reason != NULL)
		return;
	if (is_persistent)
		snprintf(item->loss, sizeof(item->loss), "what a former region may hold");
	mk_setup_add_command(item, "cxl create-region --memdevs --type=%s --decoder=%s --ways=1 %s",
			     type, search.decoder, memory);
	look->has_new_regions = true;
}

static void enter_memory(struct mk_setup_look *look, const char *memory)
{
	memset(&search, 0, sizeof(search));
	search.memory = memory;
	mk_setup_for_each(look, CXL, "region", enter_region);
	if (search.has_region)
		return;
	mk_setup_for_each(look, CXL, "endpoint", enter_endpoint);
	plan_region(look, memory, false);
	plan_region(look, memory, true);
}

void mk_setup_look_at_cxl(struct mk_setup_look *look)
{
	mk_setup_for_each(look, CXL, "mem", enter_memory);
	if (look->has_new_regions)
		mk_setup_add_note(
			look->plan,
			"a new region of CXL memory shows further devices: look again, with "
			"memkind setup, once it is made");
}
