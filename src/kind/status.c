/* SPDX-License-Identifier: BSD-2-Clause */
/* The verdict on a kind, in words: why it is what it is, and what to do about it here. */
#include "kind/status.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/bits.h"
#include "kind/choice.h"
#include "kind/look.h"

#define POOL "/sys/devices/system/node/node%u/hugepages/hugepages-%zukB/nr_hugepages"

/* Text that is cut off where its buffer ends; its length goes on. */
struct text {
	char *buffer;
	size_t size, length;
};

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *text, const char *format, ...)
{
	size_t used = mk_min_size(text->length, text->size);
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text->buffer == NULL ? NULL : text->buffer + used, text->size - used,
			   format, arguments);
	va_end(arguments);
	text->length += length < 0 ? 0 : (size_t)length;
}

/* "node 2", "nodes 0-1,3", "no node" */
static void add_nodes(struct text *text, const struct mk_nodeset *nodes)
{
	unsigned count = mk_nodeset_count(nodes);
	const char *separator = "";
	unsigned first, end = 0;

	add(text, count == 0 ? "no node" : count == 1 ? "node " : "nodes ");
	while (mk_nodeset_next_run(nodes, end, &first, &end)) {
		add(text, "%s%u", separator, first);
		if (end - first > 1)
			add(text, "-%u", end - 1);
		separator = ",";
	}
}

static void add_tie(struct text *text, const struct memkind *kind,
		    const struct mk_topology *topology)
{
	int cpu_node = mk_choice_tied_cpu_node(kind, topology);
	struct mk_nodeset closest;

	if (cpu_node < 0)
		return;
	mk_topology_closest(topology, &kind->nodes, (unsigned)cpu_node, &closest);
	add_nodes(text, &closest);
	add(text, " are equally close to the CPUs of node %d", cpu_node);
}

/* That of the first node that could serve the kind. */
static void add_pool(struct text *text, const struct memkind *kind)
{
	bool is_gigantic = (kind->row->flags & MK_KIND_ON_GIGANTIC_PAGES) != 0;

	add(text, POOL, mk_nodeset_next(&kind->nodes, 0),
	    mk_huge_bytes(is_gigantic ? MK_HUGE_1G : MK_HUGE_2M) / MK_KIB);
}

static void add_detail(struct text *text, const struct memkind *kind,
		       const struct mk_topology *topology, enum mk_detail detail)
{
	const char *device;

	switch (detail) {
	case MK_DETAIL_NONE:
		return;
	case MK_DETAIL_ALLOWED:
		add_nodes(text, mk_topology_set(topology, MK_SET_ALLOWED));
		return;
	case MK_DETAIL_FAR:
		add_nodes(text, mk_topology_set(topology, MK_SET_FAR_ANYWHERE));
		return;
	case MK_DETAIL_DEVICE:
		device = mk_topology_far_device(topology);
		add(text, "%s", device == NULL ? "" : device);
		return;
	case MK_DETAIL_TIE:
		add_tie(text, kind, topology);
		return;
	case MK_DETAIL_POOL:
		add_pool(text, kind);
	}
}

static void add_remedy(struct text *text, const struct memkind *kind,
		       const struct mk_topology *topology, const struct mk_reason *reason)
{
	int head = (int)strcspn(reason->remedy, "*");

	add(text, "%.*s", head, reason->remedy);
	if (reason->remedy[head] == '\0')
		return;
	add_detail(text, kind, topology, reason->detail);
	add(text, "%s", reason->remedy + head + 1);
}

size_t mk_status_write_remedy(const struct memkind *kind, const struct mk_topology *topology,
			      const struct mk_reason *reason, char *buffer, size_t size)
{
	struct text text = {.buffer = buffer, .size = size};

	add_remedy(&text, kind, topology, reason);
	return text.length;
}

size_t mk_kind_status(struct memkind *kind, char *buffer, size_t size)
{
	struct text text = {.buffer = buffer, .size = size};

	mk_look_lock();
	if (mk_look_ask(kind) == 0) {
		add(&text, "available");
	} else {
		add(&text, "not available here: %s; ", kind->reason->text);
		add_remedy(&text, kind, mk_look_topology(), kind->reason);
		if (mk_look_has_successor(kind))
			add(&text, "; until then it has the memory of what comes next");
	}
	mk_look_unlock();
	return text.length;
}
