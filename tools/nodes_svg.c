/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memkind nodes --svg: a map. Each node with CPUs is a card, with the memory that is local to it as
 * tiles; memory that is as close to several of them has a card of its own. Below are the distances.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "nodes.h"
#include "table.h"
#include "tool.h"

enum {
	MARGIN = 24,
	CARD_WIDTH = 270,
	CARD_GAP = 16,
	CARDS_IN_ROW = 4,
	PADDING = 12,
	LINE = 17, /* pixels from one line of text to the next */
	TITLE_HEIGHT = 64,
	TILE_HEIGHT = 70,
	TILE_GAP = 8,
	LARGE_CELL = 38,
	SMALL_CELL = 24,
	LARGE_CELL_LIMIT = 16, /* nodes; a matrix of more has small cells */
	TEXT_SIZE = 512,
	GLYPH = 7, /* pixels of a character, at most on the average */
};

struct card {
	struct mk_nodeset cpu_nodes; /* one; or several, to which the memory is as close */
	struct mk_nodeset memory;
	int socket; /* -1: unknown */
	int x, y, height;
};

struct map {
	const struct mk_nodes_report *report;
	FILE *stream;
	struct card *cards;
	size_t card_count;
	int matrix_y, width, height;
};

/* What each reader of SVG understands: no variables. Colours of media are those of both themes. */
static const char style[] =
	"text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;"
	"fill:#1c2024}\n"
	".h1{font-size:18px;font-weight:600}.h2{font-size:13px;font-weight:600}\n"
	".muted{fill:#59636e}.number{font-size:11px;text-anchor:middle}\n"
	".end{text-anchor:end}.page{fill:#fff}.card{fill:#f4f6f8;stroke:#c6ced6}\n"
	".tile{fill:#fff;stroke:#c6ced6}.tie{stroke:#b35900;stroke-width:2;stroke-dasharray:5 3}\n"
	".warn{fill:#8f4700;font-weight:600}.heat{fill:#3b82c4}\n"
	".dram{fill:#3b82c4}.pmem{fill:#8a63d2}.cxl{fill:#0f9488}.hbm{fill:#d9480f}\n"
	".specific{fill:#b0852a}.gpu{fill:#4f9a2f}.slow{fill:#a8577e}.unknown{fill:#8b949e}\n"
	"@media (prefers-color-scheme:dark){text{fill:#e6e9ec}.muted{fill:#9aa5b1}\n"
	".page{fill:#14181c}.card{fill:#1d2329;stroke:#3a444e}.tile{fill:#252c34;stroke:#3a444e}\n"
	".warn{fill:#ffb366}.tie{stroke:#ffb366}}\n";

/* Text between tags, cut off behind what fits in so many pixels. */
static void put_text(FILE *stream, const char *text, int pixels)
{
	size_t limit = (size_t)(pixels / GLYPH);
	bool is_cut = strlen(text) > limit;

	for (size_t i = 0; i < (is_cut ? limit - 1 : limit) && text[i] != '\0'; i++) {
		if (text[i] == '<')
			fputs("&lt;", stream);
		else if (text[i] == '&')
			fputs("&amp;", stream);
		else
			fputc(text[i], stream);
	}
	if (is_cut)
		fputs("\u2026", stream);
}

struct label {
	int x, y, width;
	const char *class;
};

static void draw_text(FILE *stream, struct label label, const char *text)
{
	fprintf(stream, "<text x=\"%d\" y=\"%d\" class=\"%s\">", label.x, label.y, label.class);
	put_text(stream, text, label.width);
	fputs("</text>\n", stream);
}

/* "node 2", "nodes 0-1", in TEXT. */
static const char *name_nodes(const struct mk_nodeset *nodes, char text[static TEXT_SIZE])
{
	FILE *stream = fmemopen(text, TEXT_SIZE, "w");

	text[0] = '\0';
	if (stream == NULL)
		return text;
	fputs(mk_nodeset_count(nodes) == 1 ? "node " : "nodes ", stream);
	mk_nodes_write_set(stream, nodes);
	fclose(stream);
	text[TEXT_SIZE - 1] = '\0';
	return text;
}

/* The nodes with CPUs that the memory belongs to; none: the machine does not tell. */
static struct mk_nodeset owners_of(const struct mk_nodes_report *report, unsigned memory)
{
	struct mk_nodeset owners, closest;
	struct mk_nodeset narrow;

	mk_nodeset_clear(&owners);
	mk_nodeset_clear(&narrow);
	mk_nodeset_for_each (cpu_node, mk_topology_set(report->topology, MK_SET_CPU)) {
		if (!mk_topology_is_local(report->topology, memory, cpu_node))
			continue;
		mk_nodeset_add(&owners, cpu_node);
		/* Where distances are equal there may be other evidence. */
		mk_topology_closest(report->topology, &report->far, cpu_node, &closest);
		if (mk_nodeset_has(&closest, memory))
			mk_nodeset_add(&narrow, cpu_node);
	}
	return mk_nodeset_is_empty(&narrow) ? owners : narrow;
}

/* The card of these nodes with CPUs, new or known; there is room for one a node. */
static struct card *card_of(struct map *map, const struct mk_nodeset *cpu_nodes)
{
	struct card *card = map->cards;

	while (card < map->cards + map->card_count &&
	       !mk_nodeset_is_equal(&card->cpu_nodes, cpu_nodes))
		card++;
	if (card == map->cards + map->card_count) {
		map->card_count++;
		card->cpu_nodes = *cpu_nodes;
		card->socket = -1;
	}
	return card;
}

static bool is_shared(const struct card *card)
{
	return mk_nodeset_count(&card->cpu_nodes) != 1;
}

static int compare_cards(const void *left, const void *right)
{
	const struct card *a = left, *b = right;

	if (is_shared(a) != is_shared(b))
		return is_shared(a) - is_shared(b);
	if (a->socket != b->socket)
		return a->socket - b->socket;
	return (int)mk_nodeset_next(&a->cpu_nodes, 0) - (int)mk_nodeset_next(&b->cpu_nodes, 0);
}

static void deal_cards(struct map *map)
{
	const struct mk_topology *topology = map->report->topology;

	mk_nodeset_for_each (cpu_node, mk_topology_set(topology, MK_SET_CPU)) {
		struct mk_nodeset alone = {{0}};
		struct card *card;

		mk_nodeset_add(&alone, cpu_node);
		card = card_of(map, &alone);
		card->socket = mk_machine_socket(map->report->root, topology, cpu_node);
		mk_nodeset_add(&card->memory, cpu_node);
	}
	for (unsigned i = 0; i < mk_topology_node_count(topology); i++) {
		const struct mk_node *node = mk_topology_node(topology, i);
		struct mk_nodeset owners = owners_of(map->report, node->id);

		if (!node->has_cpu)
			mk_nodeset_add(&card_of(map, &owners)->memory, node->id);
	}
	qsort(map->cards, map->card_count, sizeof(*map->cards), compare_cards);
}

/* How many lines are below the tiles: what is closest. */
static int footer_lines(const struct map *map, const struct card *card)
{
	if (is_shared(card))
		return 0;
	return !mk_nodeset_is_empty(&map->report->far) + !mk_nodeset_is_empty(&map->report->hbw);
}

static int card_height(const struct map *map, const struct card *card)
{
	return 2 * PADDING + 2 * LINE + footer_lines(map, card) * LINE +
	       (int)mk_nodeset_count(&card->memory) * (TILE_HEIGHT + TILE_GAP);
}

/* Rows of cards; a socket of several begins a row, and so do the shared ones. */
static bool begins_row(const struct map *map, size_t index)
{
	const struct card *card = &map->cards[index];
	const struct card *next = index + 1 < map->card_count ? card + 1 : NULL;

	if (index == 0 || is_shared(card) != is_shared(card - 1))
		return true;
	return card->socket >= 0 && card->socket != card[-1].socket && next != NULL &&
	       next->socket == card->socket;
}

static int cell_size(const struct map *map)
{
	return mk_topology_node_count(map->report->topology) > LARGE_CELL_LIMIT ? SMALL_CELL
										: LARGE_CELL;
}

static int max(int a, int b)
{
	return a > b ? a : b;
}

static void place_cards(struct map *map)
{
	int y = TITLE_HEIGHT, bottom = y, column = 0;
	int matrix = (int)(mk_topology_node_count(map->report->topology) + 1) * cell_size(map);

	for (size_t i = 0; i < map->card_count; i++) {
		struct card *card = &map->cards[i];

		if (begins_row(map, i) || column == CARDS_IN_ROW) {
			y = bottom + (i == 0 ? 0 : CARD_GAP);
			column = 0;
		}
		card->x = MARGIN + column++ * (CARD_WIDTH + CARD_GAP);
		card->y = y;
		card->height = card_height(map, card);
		bottom = max(bottom, y + card->height);
		map->width = max(map->width, card->x + CARD_WIDTH + MARGIN);
	}
	map->matrix_y = bottom + 2 * MARGIN;
	map->width = max(map->width, MARGIN + matrix + MARGIN);
	map->height = map->matrix_y + LINE + matrix + MARGIN;
}

/* "closest far: node 4", "tie for far: nodes 4-5" */
static void draw_closest(const struct map *map, const struct card *card, int line, const char *what,
			 const struct mk_nodeset *candidates)
{
	struct label label = {card->x + PADDING, card->y + card->height - PADDING - line * LINE,
			      CARD_WIDTH - 2 * PADDING, "muted"};
	char names[TEXT_SIZE], text[TEXT_SIZE + 64];
	struct mk_nodeset closest;

	mk_topology_closest(map->report->topology, candidates, mk_nodeset_next(&card->cpu_nodes, 0),
			    &closest);
	if (mk_nodeset_count(&closest) > 1)
		label.class = "warn";
	snprintf(text, sizeof(text), "%s %s: %s",
		 mk_nodeset_count(&closest) > 1 ? "tie for" : "closest", what,
		 name_nodes(&closest, names));
	draw_text(map->stream, label, text);
}

static void draw_footer(const struct map *map, const struct card *card)
{
	const struct mk_nodes_report *report = map->report;
	int line = 0;

	if (is_shared(card))
		return;
	if (!mk_nodeset_is_empty(&report->hbw))
		draw_closest(map, card, line++, "fast", &report->hbw);
	if (!mk_nodeset_is_empty(&report->far))
		draw_closest(map, card, line, "far", &report->far);
}

/* "384.0 MiB, 120.3 MiB free" */
static void describe_size(const struct map *map, const struct mk_node *node,
			  char text[static TEXT_SIZE])
{
	char size[MK_SIZE_TEXT], free_text[MK_SIZE_TEXT];
	uint64_t free_size;

	if (!node->has_memory)
		snprintf(text, TEXT_SIZE, "no memory online");
	else if (mk_machine_free(map->report->root, node->id, MK_HUGE_NONE, &free_size))
		snprintf(text, TEXT_SIZE, "%s, %s free", mk_table_size(node->memory_size, size),
			 free_size == 0 ? "none" : mk_table_size(free_size, free_text));
	else
		snprintf(text, TEXT_SIZE, "%s", mk_table_size(node->memory_size, size));
}

/* "distance 17, 300 ns, 20.0 GB/s" */
static void describe_speed(const struct map *map, const struct card *card,
			   const struct mk_node *node, char text[static TEXT_SIZE])
{
	unsigned cpu_node = mk_nodeset_next(&card->cpu_nodes, 0);
	unsigned distance = mk_topology_distance(map->report->topology, cpu_node, node->id);
	size_t length = 0;

	text[0] = '\0';
	if (cpu_node != node->id && distance != MK_DISTANCE_UNKNOWN)
		length = (size_t)snprintf(text, TEXT_SIZE, "distance %u", distance);
	if (node->read_latency != 0)
		length += (size_t)snprintf(text + length, TEXT_SIZE - length, "%s%u ns",
					   length == 0 ? "" : ", ", node->read_latency);
	if (node->read_bandwidth != 0)
		snprintf(text + length, TEXT_SIZE - length, "%s%.1f GB/s", length == 0 ? "" : ", ",
			 node->read_bandwidth / 1000.0);
}

static void draw_tile(const struct map *map, const struct card *card, const struct mk_node *node,
		      int y)
{
	const char *medium = mk_nodes_medium_name(node->medium);
	bool is_far = mk_nodeset_has(&map->report->far, node->id);
	bool is_fast = mk_nodeset_has(&map->report->hbw, node->id);
	int x = card->x + PADDING, width = CARD_WIDTH - 2 * PADDING;
	struct label label = {x + 16, y + 21, width - 28, "h2"};
	char text[TEXT_SIZE];

	fprintf(map->stream, "<g><title>");
	put_text(map->stream, node->evidence, TEXT_SIZE * GLYPH);
	fprintf(map->stream,
		"</title><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"6\" "
		"class=\"tile\"/>\n<rect x=\"%d\" y=\"%d\" width=\"6\" height=\"%d\" rx=\"3\" "
		"class=\"%s\"/>\n",
		x, y, width, TILE_HEIGHT, x + 3, y + 4, TILE_HEIGHT - 8, medium);
	snprintf(text, sizeof(text), "node %u: %s", node->id, medium);
	draw_text(map->stream, label, text);
	if (is_far || is_fast)
		draw_text(map->stream, (struct label){x + width - 12, y + 21, width, "end muted"},
			  is_far && is_fast ? "far, fast"
			  : is_far	    ? "far"
					    : "fast");
	label.class = "muted";
	describe_size(map, node, text);
	label.y += LINE + 2;
	draw_text(map->stream, label, text);
	describe_speed(map, card, node, text);
	label.y += LINE;
	draw_text(map->stream, label, text);
	fputs("</g>\n", map->stream);
}

/* The CPUs, of which there may be many. */
static void describe_cpus(const struct map *map, const struct card *card,
			  char text[static TEXT_SIZE])
{
	FILE *stream = fmemopen(text, TEXT_SIZE, "w");

	text[0] = '\0';
	if (stream == NULL)
		return;
	fputs("CPUs ", stream);
	mk_nodes_write_cpus(stream, map->report->topology, mk_nodeset_next(&card->cpu_nodes, 0));
	fclose(stream);
	text[TEXT_SIZE - 1] = '\0';
}

static bool is_tied(const struct map *map, const struct card *card)
{
	struct mk_nodeset closest;

	mk_topology_closest(map->report->topology, &map->report->far,
			    mk_nodeset_next(&card->cpu_nodes, 0), &closest);
	return !is_shared(card) && mk_nodeset_count(&closest) > 1;
}

static void draw_card(const struct map *map, const struct card *card)
{
	struct label label = {card->x + PADDING, card->y + PADDING + 12, CARD_WIDTH - 2 * PADDING,
			      "h2"};
	char head[TEXT_SIZE], below[TEXT_SIZE] = "";
	int y = card->y + PADDING + 2 * LINE;

	fprintf(map->stream,
		"<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"10\" class=\"card%s\"/>\n",
		card->x, card->y, CARD_WIDTH, card->height, is_tied(map, card) ? " tie" : "");
	name_nodes(&card->cpu_nodes, head);
	if (mk_nodeset_is_empty(&card->cpu_nodes)) {
		snprintf(head, sizeof(head), "near to no CPUs");
	} else if (is_shared(card)) {
		name_nodes(&card->cpu_nodes, below);
		snprintf(head, sizeof(head), "equally close to");
	} else {
		describe_cpus(map, card, below);
		if (card->socket >= 0)
			snprintf(head + strlen(head), sizeof(head) - strlen(head), ", socket %d",
				 card->socket);
	}
	draw_text(map->stream, label, head);
	label.y += LINE;
	label.class = "muted";
	draw_text(map->stream, label, below);
	mk_nodeset_for_each (id, &card->memory) {
		draw_tile(map, card, mk_topology_find_node(map->report->topology, id), y + 4);
		y += TILE_HEIGHT + TILE_GAP;
	}
	draw_footer(map, card);
}

static void draw_number(const struct map *map, int column, int row, unsigned number)
{
	int size = cell_size(map);
	int x = MARGIN + column * size + size / 2;
	int y = map->matrix_y + LINE + row * size + size / 2 + 4;

	if (number == MK_DISTANCE_UNKNOWN && column > 0 && row > 0)
		fprintf(map->stream, "<text x=\"%d\" y=\"%d\" class=\"number muted\">-</text>\n", x,
			y);
	else
		fprintf(map->stream, "<text x=\"%d\" y=\"%d\" class=\"number%s\">%u</text>\n", x, y,
			column == 0 || row == 0 ? " muted" : "", number);
}

/* The more distant the darker, up to a shade on which numbers can be read. */
static void draw_cell(const struct map *map, unsigned row, unsigned column, unsigned distance)
{
	const unsigned local = 10, span = 40;
	int size = cell_size(map);
	unsigned beyond = distance < local ? 0 : distance - local;
	unsigned percent = 45 * (beyond < span ? beyond : span) / span;

	if (distance != MK_DISTANCE_UNKNOWN)
		fprintf(map->stream,
			"<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" class=\"heat\" "
			"fill-opacity=\"0.%02u\"/>\n",
			MARGIN + (int)(column + 1) * size + 1,
			map->matrix_y + LINE + (int)(row + 1) * size + 1, size - 2, size - 2,
			percent + 4);
	draw_number(map, (int)column + 1, (int)row + 1, distance);
}

static void draw_matrix(const struct map *map)
{
	const struct mk_topology *topology = map->report->topology;
	unsigned count = mk_topology_node_count(topology);

	draw_text(map->stream, (struct label){MARGIN, map->matrix_y, map->width, "h2"},
		  "distances, from the node of the row");
	for (unsigned i = 0; i < count; i++) {
		unsigned from = mk_topology_node(topology, i)->id;

		draw_number(map, 0, (int)i + 1, from);
		draw_number(map, (int)i + 1, 0, from);
		for (unsigned j = 0; j < count; j++)
			draw_cell(map, i, j,
				  mk_topology_distance(topology, from,
						       mk_topology_node(topology, j)->id));
	}
}

static void describe_set(FILE *stream, const char *name, const struct mk_nodeset *set)
{
	fprintf(stream, "%s: ", name);
	if (mk_nodeset_is_empty(set))
		fputs("none", stream);
	mk_nodes_write_set(stream, set);
	fputs(". ", stream);
}

static void draw(struct map *map)
{
	const struct mk_topology *topology = map->report->topology;
	FILE *stream = map->stream;

	fprintf(stream,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
		"viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"title desc\">\n"
		"<title id=\"title\">Memory nodes</title>\n<desc id=\"desc\">",
		map->width, map->height, map->width, map->height);
	describe_set(stream, "Nodes with CPUs", mk_topology_set(topology, MK_SET_CPU));
	describe_set(stream, "Nodes with memory", mk_topology_set(topology, MK_SET_MEMORY));
	describe_set(stream, "Far nodes", &map->report->far);
	describe_set(stream, "Nodes of high bandwidth", &map->report->hbw);
	fprintf(stream,
		"</desc>\n<style>%s</style>\n<rect width=\"100%%\" height=\"100%%\" "
		"class=\"page\"/>\n",
		style);
	draw_text(stream, (struct label){MARGIN, 40, map->width, "h1"}, "Memory nodes");
	for (size_t i = 0; i < map->card_count; i++)
		draw_card(map, &map->cards[i]);
	draw_matrix(map);
	fputs("</svg>\n", stream);
}

int mk_nodes_draw(const struct mk_nodes_report *report, const char *path)
{
	struct map map = {.report = report};
	bool is_written = false;

	map.cards = calloc(mk_topology_node_count(report->topology), sizeof(*map.cards));
	map.stream = map.cards == NULL ? NULL : fopen(path, "we");
	if (map.stream != NULL) {
		deal_cards(&map);
		place_cards(&map);
		draw(&map);
		is_written = ferror(map.stream) == 0;
		is_written = fclose(map.stream) == 0 && is_written;
	}
	free(map.cards);
	if (is_written)
		return MK_TOOL_DONE;
	mk_tool_error("%s can't be written: %s", path, strerror(errno));
	return MK_TOOL_FAILURE;
}
