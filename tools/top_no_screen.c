/* SPDX-License-Identifier: BSD-2-Clause */
/* memkind top in a terminal, where the tool was built without ncurses. */
#include "tool.h"
#include "top.h"

int mk_top_show(const struct mk_top_wish *wish)
{
	(void)wish;
	mk_tool_error("this memkind was built without ncurses; --once and --json work");
	return MK_TOOL_FAILURE;
}
