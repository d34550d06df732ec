/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The report on all heaps. Its outline is that of the old library, whose reports were jemalloc's:
 * programs look for these names. A heap takes the place of an arena.
 */
#include "kind/report.h"

#include <stdio.h>
#include <string.h>

#include "base/options.h"
#include "heap/class.h"
#include "heap/meta.h"
#include "heap/registry.h"
#include "heap/stats.h"
#include "kind/heaps.h"
#include "kind/look.h"

/* A number of a struct that is made of such numbers. */
struct field {
	const char *key;
	size_t offset;
};

#define FIELD(type, key, member)                                                                   \
	{                                                                                          \
		key, offsetof(struct type, member)                                                 \
	}

static const struct field total_fields[] = {
	FIELD(mk_heap_stats, "allocated", total.allocated_size),
	FIELD(mk_heap_stats, "active", total.active_size),
	FIELD(mk_heap_stats, "resident", total.resident_size),
	FIELD(mk_heap_stats, "mapped", committed_size),
	FIELD(mk_heap_stats, "dirty", dirty_size),
};

static const struct field heap_lock_fields[] = {
	FIELD(mk_heap_stats, "num_ops", acquire_count),
	FIELD(mk_heap_stats, "num_wait", wait_count),
};

static const struct field class_lock_fields[] = {
	FIELD(mk_class_stats, "num_ops", acquire_count),
	FIELD(mk_class_stats, "num_wait", wait_count),
};

static const struct field bin_fields[] = {
	FIELD(mk_class_stats, "curregs", live_count),
	FIELD(mk_class_stats, "ncached", cached_count),
	FIELD(mk_class_stats, "nslots", slot_count),
	FIELD(mk_class_stats, "curslabs", span_count),
};

static const struct field large_fields[] = {
	FIELD(mk_class_stats, "curlextents", live_count),
	FIELD(mk_class_stats, "ncached", cached_count),
	FIELD(mk_class_stats, "npages", page_count),
};

static const struct field free_fields[] = {
	FIELD(mk_free_stats, "ndirty", span_count[MK_SPAN_DIRTY]),
	FIELD(mk_free_stats, "dirty_bytes", size[MK_SPAN_DIRTY]),
	FIELD(mk_free_stats, "nretained", span_count[MK_SPAN_FRESH]),
	FIELD(mk_free_stats, "retained_bytes", size[MK_SPAN_FRESH]),
};

static void write_fields(struct mk_writer *writer, const struct field *fields, size_t count,
			 const void *numbers)
{
	for (size_t i = 0; i < count; i++) {
		const void *number = (const char *)numbers + fields[i].offset;

		mk_writer_number(writer, fields[i].key, *(const uint64_t *)number);
	}
}

#define WRITE_FIELDS(writer, fields, numbers)                                                      \
	write_fields((writer), (fields), MK_ARRAY_SIZE(fields), (numbers))

/* What a part of the report is about: one heap, or the sum of all. */
struct subject {
	unsigned options;
	struct mk_heap_stats stats;
	char name[64]; /* of its kind; empty: all kinds */
	struct mk_nodeset nodes;
};

static bool is_wanted(const struct subject *subject, unsigned omit)
{
	return (subject->options & omit) == 0;
}

static void write_locks(struct mk_writer *writer, const struct subject *subject)
{
	mk_writer_open(writer, "mutexes", NULL, MK_SHAPE_OBJECT);
	mk_writer_open(writer, "pages", NULL, MK_SHAPE_ROW);
	WRITE_FIELDS(writer, heap_lock_fields, &subject->stats);
	mk_writer_close(writer);
	mk_writer_close(writer);
}

static void write_class_lock(struct mk_writer *writer, const struct subject *subject,
			     const struct mk_class_stats *class)
{
	if (!is_wanted(subject, MEMKIND_STAT_PRINT_OMIT_MUTEX))
		return;
	mk_writer_open(writer, "mutex", NULL, MK_SHAPE_ROW);
	WRITE_FIELDS(writer, class_lock_fields, class);
	mk_writer_close(writer);
}

/* JSON has a row for each class, so that its number tells which one. */
static void write_bins(struct mk_writer *writer, const struct subject *subject)
{
	mk_writer_open(writer, "bins", NULL, MK_SHAPE_LIST);
	for (unsigned class = 1; class < MK_CLASS_SMALL_END; class ++) {
		const struct mk_class_stats *stats = &subject->stats.class[class];

		if (!writer->is_json && stats->span_count == 0)
			continue;
		mk_writer_open(writer, NULL, NULL, MK_SHAPE_ROW);
		mk_writer_number(writer, "size", mk_classes[class].size);
		WRITE_FIELDS(writer, bin_fields, stats);
		write_class_lock(writer, subject, stats);
		mk_writer_close(writer);
	}
	mk_writer_close(writer);
}

static void write_large(struct mk_writer *writer, const struct subject *subject)
{
	mk_writer_open(writer, "lextents", "large", MK_SHAPE_LIST);
	for (unsigned class = MK_CLASS_SMALL_END; class < MK_CLASS_COUNT; class ++) {
		const struct mk_class_stats *stats = &subject->stats.class[class];

		if (!writer->is_json && stats->span_count == 0)
			continue;
		mk_writer_open(writer, NULL, NULL, MK_SHAPE_ROW);
		if (class == MK_CLASS_LARGE)
			mk_writer_number(writer, "above", MK_MEDIUM_SIZE);
		else
			mk_writer_number(writer, "size", mk_classes[class].size);
		WRITE_FIELDS(writer, large_fields, stats);
		if (class != MK_CLASS_LARGE)
			write_class_lock(writer, subject, stats);
		mk_writer_close(writer);
	}
	mk_writer_close(writer);
}

/* Free spans by size. */
static void write_free(struct mk_writer *writer, const struct subject *subject)
{
	mk_writer_open(writer, "extents", NULL, MK_SHAPE_LIST);
	for (unsigned group = 0; group < MK_FREE_GROUP_COUNT; group++) {
		const struct mk_free_stats *stats = &subject->stats.free[group];

		if (!writer->is_json && stats->span_count[0] + stats->span_count[1] == 0)
			continue;
		mk_writer_open(writer, NULL, NULL, MK_SHAPE_ROW);
		mk_writer_number(writer, "min_size", MK_PAGE_SIZE << group);
		WRITE_FIELDS(writer, free_fields, stats);
		mk_writer_close(writer);
	}
	mk_writer_close(writer);
}

/* The parts of what is said about a heap, and the option that leaves one out. */
static const struct part {
	unsigned omit;
	void (*write)(struct mk_writer *writer, const struct subject *subject);
} parts[] = {
	{MEMKIND_STAT_PRINT_OMIT_MUTEX, write_locks},
	{MEMKIND_STAT_PRINT_OMIT_PER_SIZE_CLASS_BINS, write_bins},
	{MEMKIND_STAT_PRINT_OMIT_PER_SIZE_CLASS_LARGE, write_large},
	{MEMKIND_STAT_PRINT_OMIT_EXTENT, write_free},
};

static void write_subject(struct mk_writer *writer, const struct subject *subject, const char *key,
			  const char *title)
{
	mk_writer_open(writer, key, title, MK_SHAPE_OBJECT);
	if (subject->name[0] != '\0')
		mk_writer_text(writer, "kind", subject->name);
	if (!mk_nodeset_is_empty(&subject->nodes))
		mk_writer_nodes(writer, "nodes", &subject->nodes);
	WRITE_FIELDS(writer, total_fields, &subject->stats);
	for (size_t i = 0; i < MK_ARRAY_SIZE(parts); i++)
		if (is_wanted(subject, parts[i].omit))
			parts[i].write(writer, subject);
	mk_writer_close(writer);
}

/* False: there is no such heap. */
static bool read_heap(unsigned number, struct subject *ret_subject)
{
	struct mk_heap *heap = mk_heap_by_number(number);
	const struct memkind *kind;

	if (heap == NULL)
		return false;
	mk_look_lock();
	mk_registry_lock();
	heap = mk_heap_by_number(number);
	if (heap != NULL) {
		/* It lives as long as its heap. */
		kind = mk_heap_owner(heap);
		mk_stats_read(heap, &ret_subject->stats);
		snprintf(ret_subject->name, sizeof(ret_subject->name), "%s", kind->row->name);
		mk_heaps_nodes(kind, heap, &ret_subject->nodes);
	}
	mk_registry_unlock();
	mk_look_unlock();
	return heap != NULL;
}

/* Returns how many there are. */
static unsigned add_all(struct subject *subject, struct mk_heap_stats *sum)
{
	unsigned count = 0;

	for (unsigned number = 1; number < MK_HEAP_LIMIT; number++)
		if (read_heap(number, subject)) {
			mk_stats_add(sum, &subject->stats);
			count++;
		}
	return count;
}

static void write_each(struct mk_writer *writer, struct subject *subject)
{
	unsigned count = 0;
	char key[12], title[24];

	for (unsigned number = 1; number < MK_HEAP_LIMIT; number++) {
		if (!read_heap(number, subject))
			continue;
		snprintf(key, sizeof(key), "%u", count);
		snprintf(title, sizeof(title), "arenas[%u]", count++);
		write_subject(writer, subject, key, title);
	}
}

static void write_class_sizes(struct mk_writer *writer)
{
	mk_writer_number(writer, "nbins", MK_CLASS_SMALL_END - 1);
	mk_writer_open(writer, "bin", NULL, MK_SHAPE_LIST);
	for (unsigned class = 1; class < MK_CLASS_SMALL_END; class ++) {
		mk_writer_open(writer, NULL, NULL, MK_SHAPE_ROW);
		mk_writer_number(writer, "size", mk_classes[class].size);
		mk_writer_number(writer, "nregs", mk_classes[class].slab_objects);
		mk_writer_number(writer, "slab_size",
				 (uint64_t)mk_classes[class].slab_pages << MK_PAGE_SHIFT);
		mk_writer_close(writer);
	}
	mk_writer_close(writer);
	mk_writer_number(writer, "nlextents", MK_CLASS_LARGE - MK_CLASS_SMALL_END);
	mk_writer_open(writer, "lextent", NULL, MK_SHAPE_LIST);
	for (unsigned class = MK_CLASS_SMALL_END; class < MK_CLASS_LARGE; class ++) {
		mk_writer_open(writer, NULL, NULL, MK_SHAPE_ROW);
		mk_writer_number(writer, "size", mk_classes[class].size);
		mk_writer_close(writer);
	}
	mk_writer_close(writer);
}

/* What never changes while the process runs. */
static void write_general(struct mk_writer *writer, unsigned heap_count)
{
	char version[24];

	snprintf(version, sizeof(version), "%d.%d.%d", MEMKIND_VERSION_MAJOR, MEMKIND_VERSION_MINOR,
		 MEMKIND_VERSION_PATCH);
	mk_writer_text(writer, "version", version);
	mk_writer_open(writer, "opt", "Environment", MK_SHAPE_OBJECT);
	for (int option = MK_OPTION_NONE + 1; option < MK_OPTION_COUNT; option++)
		if (mk_option_text((enum mk_option)option) != NULL)
			mk_writer_text(writer, mk_option_name((enum mk_option)option),
				       mk_option_text((enum mk_option)option));
	mk_writer_close(writer);
	mk_writer_open(writer, "arenas", "Arenas", MK_SHAPE_OBJECT);
	mk_writer_number(writer, "narenas", heap_count);
	mk_writer_number(writer, "quantum", 16);
	mk_writer_number(writer, "page", MK_PAGE_SIZE);
	mk_writer_number(writer, "tcache_max", MK_MEDIUM_SIZE);
	write_class_sizes(writer);
	mk_writer_close(writer);
}

static void write_heaps(struct mk_writer *writer, struct subject *subject,
			const struct mk_heap_stats *sum)
{
	const unsigned all = MEMKIND_STAT_PRINT_OMIT_MERGED_ARENA |
			     MEMKIND_STAT_PRINT_OMIT_DESTROYED_MERGED_ARENA |
			     MEMKIND_STAT_PRINT_OMIT_PER_ARENA;

	if ((subject->options & all) == all)
		return;
	mk_writer_open(writer, "stats.arenas", "Statistics by arena", MK_SHAPE_OBJECT);
	if (is_wanted(subject, MEMKIND_STAT_PRINT_OMIT_MERGED_ARENA)) {
		subject->stats = *sum;
		subject->name[0] = '\0';
		mk_nodeset_clear(&subject->nodes);
		write_subject(writer, subject, "merged", "Merged arenas stats");
	}
	if (is_wanted(subject, MEMKIND_STAT_PRINT_OMIT_DESTROYED_MERGED_ARENA)) {
		/* All that they had was given back. */
		mk_writer_open(writer, "destroyed", "Destroyed arenas stats", MK_SHAPE_OBJECT);
		mk_writer_number(writer, "narenas", mk_registry_removed_count());
		mk_writer_close(writer);
	}
	if (is_wanted(subject, MEMKIND_STAT_PRINT_OMIT_PER_ARENA))
		write_each(writer, subject);
	mk_writer_close(writer);
}

void mk_report_write(mk_sink *sink, void *context, unsigned options)
{
	struct subject subject = {.options = options};
	struct mk_heap_stats sum = {0};
	unsigned heap_count = add_all(&subject, &sum);
	struct mk_writer writer;

	mk_writer_start(&writer, sink, context, (options & MEMKIND_STAT_PRINT_JSON_FORMAT) != 0);
	mk_writer_line(&writer, "___ Begin jemalloc statistics ___");
	if (writer.is_json)
		mk_writer_open(&writer, "jemalloc", NULL, MK_SHAPE_OBJECT);
	if (is_wanted(&subject, MEMKIND_STAT_PRINT_OMIT_GENERAL))
		write_general(&writer, heap_count);
	mk_writer_open(&writer, "stats", "All arenas", MK_SHAPE_OBJECT);
	WRITE_FIELDS(&writer, total_fields, &sum);
	mk_writer_number(&writer, "metadata", mk_meta_mapped_size());
	mk_writer_close(&writer);
	write_heaps(&writer, &subject, &sum);
	if (writer.is_json)
		mk_writer_close(&writer);
	mk_writer_line(&writer, "--- End jemalloc statistics ---");
	mk_writer_end(&writer);
}
