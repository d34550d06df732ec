/* SPDX-License-Identifier: BSD-2-Clause */
/* From /proc/PID/smaps and numa_maps to bytes by kind and place. */
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/parse.h"
#include "tool.h"
#include "top.h"

enum { FIRST_ROOM = 16 };

#define NAME_BEGIN "[anon:memkind_"

/* A mapping as smaps has it. */
struct area {
	uint64_t start, end;
	enum mk_top_group group; /* POLICY: anonymous, and nothing says what it is */
	char label[MK_TOP_LABEL_SIZE];
	uint64_t swap_size;
};

struct areas {
	struct area *list; /* by address */
	size_t count, room;
};

void *mk_top_grow(void *list, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return list;
	*room = mk_max_size(2 * *room, FIRST_ROOM);
	list = realloc(list, *room * size);
	if (list != NULL)
		return list;
	mk_tool_error("no memory left");
	exit(MK_TOOL_FAILURE);
}

bool mk_top_uses_library(FILE *maps)
{
	char *line = NULL;
	size_t size = 0;
	bool does = false;

	while (!does && getline(&line, &size, maps) > 0)
		does = strstr(line, "/libmemkind.so") != NULL || strstr(line, NAME_BEGIN) != NULL;
	free(line);
	return does;
}

/* Behind a number in BASE and the characters that follow it. False: it is not there. */
static bool take_number(const char **text, int base, const char *behind, uint64_t *ret_number)
{
	const char *at = *text;

	while (*at == ' ')
		at++;
	if (!mk_parse_digits(&at, base, ret_number) || strncmp(at, behind, strlen(behind)) != 0)
		return false;
	*text = at + strlen(behind);
	return true;
}

/* Pages of the pools of huge pages are a file of the kernel's, which keeps no name. */
static enum mk_top_group group_of(const char *name, bool is_private)
{
	static const char pool[] = "/anon_hugepage";

	if (strncmp(name, NAME_BEGIN, strlen(NAME_BEGIN)) == 0)
		return MK_TOP_KIND;
	if (is_private && (name[0] == '\0' || strncmp(name, pool, strlen(pool)) == 0))
		return MK_TOP_POLICY;
	return MK_TOP_OTHER;
}

/* "START-END PERMISSIONS OFFSET DEVICE INODE NAME": what begins a mapping. */
static bool parse_area(const char *line, struct area *ret_area)
{
	enum { FIELD_COUNT = 4 };
	struct area area = {0};
	const char *at = line;
	bool is_private;

	if (!take_number(&at, 16, "-", &area.start) || !take_number(&at, 16, " ", &area.end))
		return false;
	is_private = strcspn(at, "p") < strcspn(at, " ");
	for (int field = 0; field < FIELD_COUNT; field++) {
		at += strcspn(at, " \n");
		at += strspn(at, " \n");
	}
	area.group = group_of(at, is_private);
	if (area.group == MK_TOP_KIND) {
		at += strlen(NAME_BEGIN);
		snprintf(area.label, sizeof(area.label), "%.*s", (int)strcspn(at, "]\n"), at);
	}
	*ret_area = area;
	return true;
}

static void read_areas(FILE *smaps, struct areas *areas)
{
	static const char swap[] = "Swap:";
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, smaps) > 0) {
		const char *at = line + strlen(swap);
		struct area area;
		uint64_t kib;

		if (parse_area(line, &area)) {
			areas->list =
				mk_top_grow(areas->list, areas->count, &areas->room, sizeof(area));
			areas->list[areas->count++] = area;
		} else if (areas->count != 0 && strncmp(line, swap, strlen(swap)) == 0 &&
			   take_number(&at, 10, " kB", &kib)) {
			areas->list[areas->count - 1].swap_size = kib * MK_KIB;
		}
	}
	free(line);
}

static int compare_areas(const void *address, const void *element)
{
	const struct area *area = element;
	uint64_t key = *(const uint64_t *)address;

	return key < area->start ? -1 : key >= area->end;
}

/* NULL: it came between the two looks at the process. */
static struct area *find_area(const struct areas *areas, uint64_t address)
{
	if (areas->count == 0)
		return NULL;
	return bsearch(&address, areas->list, areas->count, sizeof(areas->list[0]), compare_areas);
}

/* Groups in the order of the table; swap behind the nodes. */
static int compare_rows(const void *left, const void *right)
{
	const struct mk_top_row *a = left, *b = right;
	int order = (int)a->group - (int)b->group;

	if (order == 0)
		order = strcmp(a->label, b->label);
	if (order == 0)
		order = ((unsigned)a->place > (unsigned)b->place) -
			((unsigned)a->place < (unsigned)b->place);
	return order;
}

static void add(struct mk_top_process *process, size_t *room, const struct mk_top_row *part)
{
	*(part->place == MK_TOP_SWAP ? &process->swap_size : &process->size) += part->size;
	for (size_t i = 0; i < process->row_count; i++)
		if (compare_rows(&process->rows[i], part) == 0) {
			process->rows[i].size += part->size;
			return;
		}
	process->rows = mk_top_grow(process->rows, process->row_count, room, sizeof(*part));
	process->rows[process->row_count++] = *part;
}

/* Of memory that nobody has named the policy tells most; that of all memory tells nothing. */
static void settle(struct area *area, const char *policy)
{
	if (area->group == MK_TOP_POLICY && strcmp(policy, "default") == 0)
		area->group = MK_TOP_OTHER;
	if (area->group == MK_TOP_POLICY)
		snprintf(area->label, sizeof(area->label), "%s", policy);
	else if (area->group == MK_TOP_OTHER)
		snprintf(area->label, sizeof(area->label), "other");
}

static struct mk_top_row row_of(const struct area *area, int place, uint64_t size)
{
	struct mk_top_row row = {.group = area->group, .place = place, .size = size};

	memcpy(row.label, area->label, sizeof(row.label));
	return row;
}

/* "N2=512": pages on a node. */
static bool parse_place(const char *word, unsigned *ret_node, uint64_t *ret_count)
{
	uint64_t node;

	if (*word++ != 'N' || !take_number(&word, 10, "=", &node) ||
	    !take_number(&word, 10, "", ret_count) || node >= MK_NODE_LIMIT)
		return false;
	*ret_node = (unsigned)node;
	return true;
}

/*
 * A policy can be of two words: "weighted interleave:2-3", "prefer (many):2". The second one, of those
 * that are left, is joined to the first again.
 */
static void join_policy(char *policy, char **rest)
{
	char *end = policy + strlen(policy);
	size_t length = *rest == NULL ? 0 : strcspn(*rest, " \n");

	if (length == 0 || strchr(policy, ':') != NULL || memchr(*rest, ':', length) == NULL ||
	    memchr(*rest, '=', length) != NULL)
		return;
	*end = ' ';
	strtok_r(NULL, " \n", rest);
}

/* "ADDRESS POLICY ... N0=PAGES N1=PAGES kernelpagesize_kB=KIB" */
static void parse_places(char *line, const struct areas *areas, struct mk_top_process *process,
			 size_t *room)
{
	static const char unit[] = "kernelpagesize_kB=";
	const char *unit_at = strstr(line, unit), *address_at = line;
	uint64_t address, page_kib, count;
	char *rest = NULL;
	struct area *area;
	unsigned node;

	if (!take_number(&address_at, 16, " ", &address))
		return;
	area = find_area(areas, address);
	strtok_r(line, " \n", &rest);
	line = strtok_r(NULL, " \n", &rest);
	if (area == NULL || line == NULL)
		return;
	join_policy(line, &rest);
	settle(area, line);
	if (unit_at == NULL)
		return;
	unit_at += strlen(unit);
	if (!take_number(&unit_at, 10, "", &page_kib))
		return;
	while ((line = strtok_r(NULL, " \n", &rest)) != NULL)
		if (parse_place(line, &node, &count)) {
			struct mk_top_row row = row_of(area, (int)node, count * page_kib * MK_KIB);

			add(process, room, &row);
		}
}

void mk_top_parse(FILE *smaps, FILE *numa_maps, struct mk_top_process *process)
{
	struct areas areas = {0};
	char *line = NULL;
	size_t size = 0, room = 0;

	read_areas(smaps, &areas);
	while (getline(&line, &size, numa_maps) > 0)
		parse_places(line, &areas, process, &room);
	free(line);
	for (size_t i = 0; i < areas.count; i++) {
		struct area *area = &areas.list[i];
		struct mk_top_row row;

		if (area->label[0] == '\0')
			settle(area, "default");
		row = row_of(area, MK_TOP_SWAP, area->swap_size);
		if (row.size != 0)
			add(process, &room, &row);
	}
	free(areas.list);
	if (process->row_count != 0)
		qsort(process->rows, process->row_count, sizeof(process->rows[0]), compare_rows);
}
