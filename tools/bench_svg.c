/* SPDX-License-Identifier: BSD-2-Clause */
/* What was measured as a picture: a row a memory, a bar a figure, on light and on dark pages. */
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "bench.h"
#include "tool.h"

/* In pixels. */
enum {
	MARGIN = 24,
	TITLE_HEIGHT = 64,
	HEADING_HEIGHT = 46,
	ROW_HEIGHT = 24,
	BAR_HEIGHT = 14,
	LABEL_WIDTH = 270,
	BAR_WIDTH = 90, /* of the largest figure */
	FIGURE_WIDTH = 100,
	PANEL_WIDTH = BAR_WIDTH + FIGURE_WIDTH,
	WIDTH = 2 * MARGIN + LABEL_WIDTH + MK_BENCH_MEASURE_COUNT * PANEL_WIDTH,
};

static const char style[] =
	"<style>\n"
	"svg { --page: #ffffff; --ink: #1c2430; --soft: #5b6675; --line: #d9dee5;\n"
	"  --latency: #c2571a; --band: #1f6fb2; font: 13px system-ui, sans-serif }\n"
	"@media (prefers-color-scheme: dark) {\n"
	"  svg { --page: #14181f; --ink: #e8ecf2; --soft: #9aa6b5; --line: #333c49;\n"
	"    --latency: #f0914f; --band: #62b0f0 }\n"
	"}\n"
	".page { fill: var(--page) }\n"
	"text { fill: var(--ink) }\n"
	".title { font-size: 18px; font-weight: 600 }\n"
	".soft { fill: var(--soft) }\n"
	".heading { font-weight: 600 }\n"
	".line { stroke: var(--line) }\n"
	".latency { fill: var(--latency) }\n"
	".band { fill: var(--band) }\n"
	"</style>\n";

/* What is being drawn, and where. */
struct picture {
	FILE *file;
	const struct mk_bench_report *report;
	double largest[MK_BENCH_MEASURE_COUNT];
	int y; /* of what comes next */
};

static bool is_left_out(const struct mk_bench_row *row)
{
	return row->reason[0] != '\0';
}

static void put_escaped(FILE *file, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '&')
			fputs("&amp;", file);
		else if (*text == '<')
			fputs("&lt;", file);
		else
			fputc(*text, file);
	}
}

static void put_text(const struct picture *picture, int x, int y, const char *class,
		     const char *text)
{
	fprintf(picture->file, "<text class=\"%s\" x=\"%d\" y=\"%d\">", class, x, y);
	put_escaped(picture->file, text);
	fputs("</text>\n", picture->file);
}

static void find_largest(struct picture *picture)
{
	for (size_t i = 0; i < picture->report->row_count; i++)
		for (int k = 0; k < MK_BENCH_MEASURE_COUNT; k++)
			if (picture->report->rows[i].figures[k] > picture->largest[k])
				picture->largest[k] = picture->report->rows[i].figures[k];
}

static int panel_x(int measure)
{
	return MARGIN + LABEL_WIDTH + measure * PANEL_WIDTH;
}

static void put_headings(struct picture *picture, unsigned cpu_node)
{
	char text[MK_BENCH_REASON_SIZE];
	int y = picture->y + HEADING_HEIGHT - ROW_HEIGHT / 2;

	snprintf(text, sizeof(text), "from the CPUs of node %u", cpu_node);
	put_text(picture, MARGIN, y, "heading", text);
	for (int i = 0; i < MK_BENCH_MEASURE_COUNT; i++) {
		snprintf(text, sizeof(text), "%s, %s", mk_bench_units[i].name,
			 mk_bench_units[i].unit);
		put_text(picture, panel_x(i), y, "heading", text);
	}
	fprintf(picture->file, "<line class=\"line\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>\n",
		MARGIN, y + 7, WIDTH - MARGIN, y + 7);
	picture->y += HEADING_HEIGHT;
}

static void put_figure(const struct picture *picture, const struct mk_bench_row *row, int measure)
{
	double width = picture->largest[measure] > 0
			       ? BAR_WIDTH * row->figures[measure] / picture->largest[measure]
			       : 0;
	int x = panel_x(measure), y = picture->y;

	fprintf(picture->file,
		"<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\"/>\n",
		measure == MK_BENCH_LATENCY ? "latency" : "band", x, y + 3, width, BAR_HEIGHT);
	fprintf(picture->file, "<text x=\"%.1f\" y=\"%d\">%.1f", x + width + 6, y + ROW_HEIGHT - 9,
		row->figures[measure] / mk_bench_units[measure].divisor);
	if (row->ratios[measure] > 0)
		fprintf(picture->file, "<tspan class=\"soft\"> \u00d7%.2f</tspan>",
			row->ratios[measure]);
	fputs("</text>\n", picture->file);
}

static void put_row(struct picture *picture, const struct mk_bench_row *row)
{
	char memory[MK_BENCH_REASON_SIZE], text[2 * MK_BENCH_REASON_SIZE];

	mk_bench_format_memory(row, memory, sizeof(memory));
	put_text(picture, MARGIN, picture->y + ROW_HEIGHT - 9, "", memory);
	if (is_left_out(row)) {
		snprintf(text, sizeof(text), "left out: %s", row->reason);
		put_text(picture, panel_x(0), picture->y + ROW_HEIGHT - 9, "soft", text);
	}
	for (int i = 0; i < MK_BENCH_MEASURE_COUNT && !is_left_out(row); i++)
		put_figure(picture, row, i);
	picture->y += ROW_HEIGHT;
}

static bool begins_block(const struct mk_bench_report *report, size_t index)
{
	return index == 0 || report->rows[index].cpu_node != report->rows[index - 1].cpu_node;
}

static int height_of(const struct mk_bench_report *report)
{
	int height = TITLE_HEIGHT + MARGIN;

	for (size_t i = 0; i < report->row_count; i++)
		height += ROW_HEIGHT + (begins_block(report, i) ? HEADING_HEIGHT : 0);
	return height;
}

static void draw(struct picture *picture)
{
	const struct mk_bench_report *report = picture->report;
	int height = height_of(report);

	fprintf(picture->file,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
		"viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"latency and bandwidth of memory\">\n%s"
		"<rect class=\"page\" width=\"100%%\" height=\"100%%\"/>\n",
		WIDTH, height, WIDTH, height, style);
	put_text(picture, MARGIN, 32, "title", "Latency and bandwidth of memory");
	put_text(
		picture, MARGIN, 52, "soft",
		"\u00d7: times that of the node's own memory, or of the closest DRAM. Latency: less is "
		"better; bandwidth: more is.");
	picture->y = TITLE_HEIGHT;
	for (size_t i = 0; i < report->row_count; i++) {
		if (begins_block(report, i))
			put_headings(picture, report->rows[i].cpu_node);
		put_row(picture, &report->rows[i]);
	}
	fputs("</svg>\n", picture->file);
}

int mk_bench_write_svg(const struct mk_bench_report *report, FILE *file)
{
	struct picture picture = {.report = report, .file = file};
	bool is_written;

	find_largest(&picture);
	draw(&picture);
	is_written = !ferror(file);
	return fclose(file) == 0 && is_written ? MK_TOOL_DONE : MK_TOOL_FAILURE;
}
