/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memkind top in a terminal. From top to bottom: a title, the processes, the rows of the one that is
 * selected, the keys. What a small terminal has no room for is left out, the keys first.
 */
#include <curses.h>
#include <string.h>

#include "base/bits.h"
#include "os/thread.h"
#include "tool.h"
#include "top.h"

enum {
	LINE_SIZE = 256,
	LEAST_FOR_KEYS = 4, /* lines of the terminal from which on there are such parts */
	LEAST_FOR_DETAILS = 8,
	ESCAPE = 27,
	MS_A_SECOND = 1000,
	ESCAPE_MS = 25, /* in which what follows it comes, where it is no key of its own */
};

struct screen {
	struct mk_top_wish wish;
	struct mk_top_look look;
	/* Where it has ended, the process of the same line is selected. 0: the first one, whoever it is. */
	int selected_pid;
	size_t selected;
	size_t first; /* process that is shown */
};

static double now_s(void)
{
	return (double)mk_clock_ms() / MS_A_SECOND;
}

/* Cut at the edge, and blank up to it. */
static void put_line(int line, attr_t attributes, const char *text)
{
	if (line >= LINES)
		return;
	attrset(attributes);
	mvprintw(line, 0, "%-*.*s", COLS, COLS, text);
	attrset(A_NORMAL);
}

static void put_title(const struct screen *screen)
{
	char text[LINE_SIZE], denied[LINE_SIZE] = "";

	if (screen->look.denied_count != 0)
		snprintf(denied, sizeof(denied), ", %u may not be read", screen->look.denied_count);
	snprintf(text, sizeof(text), "memkind top: %zu process%s%s, every %g s, by %s%s",
		 screen->look.process_count, screen->look.process_count == 1 ? "" : "es", denied,
		 screen->wish.interval_s, mk_top_sort_name(screen->wish.sort),
		 screen->wish.is_reversed ? ", reversed" : "");
	put_line(0, A_BOLD, text);
}

static void put_process(const struct screen *screen, int line, size_t index)
{
	const struct mk_top_process *process = &screen->look.processes[index];
	char size[MK_TOP_TEXT_SIZE], swap[MK_TOP_TEXT_SIZE], growth[MK_TOP_TEXT_SIZE];
	char text[LINE_SIZE];

	mk_top_format_size(process->size, size);
	mk_top_format_size(process->swap_size, swap);
	mk_top_format_growth(process->has_growth, process->growth, growth);
	snprintf(text, sizeof(text), "%7d  %-15s  %10s  %11s  %10s", process->pid, process->name,
		 size, growth, swap);
	put_line(line, index == screen->selected ? A_REVERSE : A_NORMAL, text);
}

/* Lines for the list, without its heading; the rest is for the details and their heading. */
static int list_height(const struct screen *screen)
{
	int height = LINES - (LINES >= LEAST_FOR_KEYS ? 3 : 2);

	if (LINES >= LEAST_FOR_DETAILS && height / 2 > (int)screen->look.process_count)
		return (int)mk_max_size(1, screen->look.process_count);
	return LINES >= LEAST_FOR_DETAILS ? height / 2 : height;
}

static void put_details(const struct screen *screen, int line, int end)
{
	const struct mk_top_process *process = &screen->look.processes[screen->selected];
	char text[LINE_SIZE];

	snprintf(text, sizeof(text), "%-24s  %4s  %10s  %11s", "kind or policy", "node", "size",
		 "growth/s");
	put_line(line++, A_UNDERLINE, text);
	for (size_t i = 0; i < process->row_count && line < end; i++, line++) {
		const struct mk_top_row *row = &process->rows[i];
		char size[MK_TOP_TEXT_SIZE], growth[MK_TOP_TEXT_SIZE], place[MK_TOP_TEXT_SIZE];

		mk_top_format_size(row->size, size);
		mk_top_format_growth(process->has_growth, row->growth, growth);
		mk_top_format_place(row->place, place);
		snprintf(text, sizeof(text), "%-24s  %4s  %10s  %11s", row->label, place, size,
			 growth);
		put_line(line, A_NORMAL, text);
	}
}

static void scroll_to_selected(struct screen *screen, size_t height)
{
	if (screen->selected < screen->first)
		screen->first = screen->selected;
	if (screen->selected >= screen->first + height)
		screen->first = screen->selected - height + 1;
}

static void draw(struct screen *screen)
{
	int height = list_height(screen);
	int end = LINES >= LEAST_FOR_KEYS ? LINES - 1 : LINES;
	char text[LINE_SIZE];

	erase();
	put_title(screen);
	snprintf(text, sizeof(text), "%7s  %-15s  %10s  %11s  %10s", "pid", "name", "in memory",
		 "growth/s", "in swap");
	put_line(1, A_UNDERLINE, text);
	if (screen->look.process_count == 0)
		put_line(2, A_NORMAL, "no process uses libmemkind");
	scroll_to_selected(screen, (size_t)mk_max_size(1, (size_t)(height > 0 ? height : 1)));
	for (int i = 0; i < height && screen->first + (size_t)i < screen->look.process_count; i++)
		put_process(screen, 2 + i, screen->first + (size_t)i);
	if (screen->look.process_count != 0 && LINES >= LEAST_FOR_DETAILS)
		put_details(screen, 2 + height, end);
	if (LINES >= LEAST_FOR_KEYS)
		put_line(LINES - 1, A_DIM, "q quit   up/down select   s sort   r reverse");
	refresh();
}

static void select_process(struct screen *screen, size_t index)
{
	screen->selected = index;
	if (index < screen->look.process_count)
		screen->selected_pid = screen->look.processes[index].pid;
}

/* The same process where it is still there. */
static void select_again(struct screen *screen)
{
	size_t count = screen->look.process_count;

	if (screen->selected_pid == 0)
		return;
	for (size_t i = 0; i < count; i++)
		if (screen->look.processes[i].pid == screen->selected_pid) {
			screen->selected = i;
			return;
		}
	select_process(screen, count == 0 ? 0 : mk_min_size(screen->selected, count - 1));
}

/* 0 or -errno. */
static int look_again(struct screen *screen)
{
	struct mk_top_look look;
	int error = mk_top_look(&screen->wish, &screen->look, &look);

	if (error != 0)
		return error;
	mk_top_end(&screen->look);
	screen->look = look;
	select_again(screen);
	return 0;
}

static void sort_again(struct screen *screen)
{
	mk_top_sort(&screen->wish, &screen->look);
	select_again(screen);
}

/* False: it is the key that ends it. */
static bool obey(struct screen *screen, int key)
{
	size_t count = screen->look.process_count;

	switch (key) {
	case 'q':
	case 'Q':
	case ESCAPE:
		return false;
	case 's':
		screen->wish.sort = (screen->wish.sort + 1) % MK_TOP_SORT_COUNT;
		sort_again(screen);
		break;
	case 'r':
		screen->wish.is_reversed = !screen->wish.is_reversed;
		sort_again(screen);
		break;
	case KEY_UP:
		if (screen->selected > 0)
			select_process(screen, screen->selected - 1);
		break;
	case KEY_DOWN:
		if (screen->selected + 1 < count)
			select_process(screen, screen->selected + 1);
		break;
	default: /* KEY_RESIZE among others: the screen is drawn anyway */
		break;
	}
	return true;
}

/* Until the key that ends it: 0; or until there is nothing to look at any more: -errno. */
static int run(struct screen *screen)
{
	double next_s = now_s() + screen->wish.interval_s;
	int error = 0;

	while (error == 0) {
		double left_s = next_s - now_s();
		int key;

		draw(screen);
		timeout(left_s > 0 ? (int)(left_s * MS_A_SECOND) + 1 : 0);
		key = getch();
		if (key != ERR && !obey(screen, key))
			return 0;
		if (now_s() >= next_s) {
			error = look_again(screen);
			next_s = now_s() + screen->wish.interval_s;
		}
	}
	return error;
}

static int show(struct screen *screen)
{
	SCREEN *terminal = newterm(NULL, stdout, stdin);
	int error;

	if (terminal == NULL) {
		mk_tool_error("this terminal can't be drawn on; try --once");
		return MK_TOOL_FAILURE;
	}
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	curs_set(0);
	error = run(screen);
	endwin();
	delscreen(terminal);
	return error == 0 ? MK_TOOL_DONE : mk_top_complain(&screen->wish, error);
}

int mk_top_show(const struct mk_top_wish *wish)
{
	struct screen screen = {.wish = *wish};
	int error = mk_top_look(wish, NULL, &screen.look);
	int result;

	if (error != 0)
		return mk_top_complain(wish, error);
	result = show(&screen);
	mk_top_end(&screen.look);
	return result;
}
