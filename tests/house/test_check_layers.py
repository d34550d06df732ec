#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The check of the house finds each planted violation, where it is, and nothing in good code."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import check_layers

SPDX = "/* SPDX-License-Identifier: BSD-2-Clause */\n"

GOOD = SPDX + """
/* malloc(1) in a comment, "with quotes", and mmap(2). */
#include <string.h>

#include "base/log.h"
#include "heap/other.h"

#define MK_SHOUT(text)                                                                             \\
	mk_log_info("%s", text)

enum { LIMIT = 4 };

struct free_run {
	int (*free)(void *block);
	int lines[LIMIT];
};

extern const int __other_name __attribute__((weak));
static const char text[] = "malloc(3) \\" free(4)";
static _Atomic(const char *) texts[2];
__thread struct free_run *mk_current __attribute__((tls_model("initial-exec")));
__attribute__((used)) static void (*const linked_with)(void) = mk_start;

static int call(struct free_run *run, void (*each)(int a, int b, int c, int d, int e, int f, int g))
{
	// free(run) in another comment
	each(1, 2, 3, 4, 5, 6, '"');
	for (int i = 0; i < 2; i++) {
		if (i == 1) {
			while (run->free(run) == 0) {
				mk_mmap(run);
			}
		}
	}
	return run->free(run) + mk_free(run) + reader.read(run);
}

MK_EXPORT int memkind_call(void *kind)
{
	return call(kind, NULL);
}
"""


def many_lines(count: int) -> str:
    return "".join(f"\tvalue += {number};\n" for number in range(count))


def function_of(lines: int) -> str:
    """A function that takes LINES lines from its head to its last brace."""
    return "static int add(int value)\n{\n" + many_lines(lines - 4) + "\treturn value;\n}\n"


def file_of(lines: int) -> str:
    return SPDX + "\n" * (lines - 1)


# What is planted: the file, its text behind the first line, the line and the rule found.
PLANTED = [
    ("src/base/a.c", '#include "os/vm.h"\n', 2, "layer"),
    ("src/os/a.c", '#include "topology/topology.h"\n', 2, "layer"),
    ("src/topology/a.c", '\n#include "heap/heap.h"\n', 3, "layer"),
    ("src/heap/a.h", '#include "topology/topology.h"\n', 2, "layer"),
    ("src/heap/a.c", '#include "kind/kind.h"\n', 2, "layer"),
    ("src/kind/a.c", '#  include "api/fork.h"\n', 2, "layer"),
    ("src/tier/a.c", '#include "preload/interpose.h"\n', 2, "layer"),
    ("src/heap/a.c", '#include "../kind/kind.h"\n', 2, "layer"),
    ("src/heap/a.c", '#include "heap.h"\n', 2, "layer"),
    ("src/heap/a.c", "#include <memkind.h>\n", 2, "layer"),
    ("src/extra/a.c", "", 1, "layer"),
    ("src/kind/a.c", "static void run(void)\n{\n\tfree(0);\n}\n", 4, "call"),
    ("src/kind/a.c", "#define MK_GET(size) \\\n\tmalloc (size)\n", 3, "call"),
    ("src/os/a.c", "static void run(void)\n{\n\topendir(0);\n}\n", 4, "call"),
    ("src/api/a.c", "static void run(void)\n{\n\tabort();\n}\n", 4, "call"),
    ("src/base/a.c", "static void run(void)\n{\n\tsecure_getenv(0);\n}\n", 4, "call"),
    ("src/base/options.c", "static void run(void)\n{\n\tgetenv(0);\n}\n", 4, "call"),
    ("src/base/log.c", "static void run(void)\n{\n\tread(0);\n}\n", 4, "call"),
    ("src/heap/a.c", "static void run(void)\n{\n\tmmap(0);\n}\n", 4, "call"),
    ("src/kind/a.c", "static int run(void)\n{\n\treturn syscall(0);\n}\n", 4, "call"),
    ("src/heap/a.c", "int run(void)\n{\n\treturn 0;\n}\n", 2, "name"),
    ("src/heap/a.c", "\nint counter;\n", 3, "name"),
    ("src/heap/a.c", "int counters[2] = {1, 2};\n", 2, "name"),
    ("src/heap/a.c", "struct mk_span table[] = {\n\t{1},\n};\n", 2, "name"),
    ("src/heap/a.c", "struct mk_span *first = 0;\n", 2, "name"),
    ("src/heap/a.c", "void (*hook)(int mk_value);\n", 2, "name"),
    ("src/heap/a.h", "int split_run(int mk_value);\n", 2, "name"),
    ("src/heap/a.c", function_of(71), 2, "function-size"),
    ("tools/a.c", function_of(71), 2, "function-size"),
    ("src/heap/a.h", "int mk_f(int a, int b, int c, int d, int e, int f, int g);\n", 2,
     "parameters"),
    ("src/heap/a.c", "static int f(int a, int b, int c, int d, int e, int f,\n"
     "\t     void (*g)(int, int))\n{\n\treturn 0;\n}\n", 2, "parameters"),
    ("src/heap/a.c", "static int f(void)\n{\n{\n{\n{\n{\n}\n}\n}\n}\n}\n", 7, "nesting"),
    ("src/heap/a.c", "static int f(void)\n{\n#ifdef MK_X\n#endif\n\treturn 0;\n}\n", 4,
     "condition"),
    ("src/heap/a.c", file_of(600)[len(SPDX):] + "\n", 601, "file-size"),
    ("tests/unit/test_a.c", file_of(600)[len(SPDX):] + "\n", 601, "file-size"),
    ("tools/a.c", file_of(600)[len(SPDX):] + "\n", 601, "file-size"),
]


class Tree:
    """A tree with one file."""

    def __init__(self, name: str, text: str) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.top = Path(self.folder.name)
        path = self.top / name
        path.parent.mkdir(parents=True)
        (self.top / "src").mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def __enter__(self) -> Path:
        return self.top

    def __exit__(self, *reason: object) -> None:
        self.folder.cleanup()


class CheckLayers(unittest.TestCase):
    def test_finds_what_is_planted(self) -> None:
        for name, text, line, rule in PLANTED:
            with self.subTest(name=name, rule=rule, text=text[:60]):
                with Tree(name, SPDX + text) as top:
                    found = [(finding.path, finding.line, finding.rule)
                             for finding in check_layers.check_tree(top)]
                self.assertEqual(found, [(name, line, rule)])

    def test_finds_every_name_of_its_lists(self) -> None:
        for call in check_layers.CALL_REASONS:
            with self.subTest(call=call):
                text = f"{SPDX}static void f(void)\n{{\n\t{call}(0);\n}}\n"
                with Tree("src/heap/a.c", text) as top:
                    self.assertEqual([finding.rule for finding in check_layers.check_tree(top)],
                                     ["call"])

    def test_finds_a_missing_licence(self) -> None:
        with Tree("src/heap/a.h", "/* Nothing. */\n") as top:
            self.assertEqual([str(finding) for finding in check_layers.check_tree(top)],
                             ["src/heap/a.h:1: licence: no SPDX line at the top"])

    def test_finds_nothing_in_good_code(self) -> None:
        with Tree("src/kind/a.c", GOOD) as top:
            self.assertEqual(check_layers.check_tree(top), [])

    def test_allows_what_is_at_the_limit(self) -> None:
        for name, text in (("src/heap/a.c", SPDX + function_of(70)),
                           ("src/heap/a.c", file_of(600)),
                           ("src/heap/a.h", SPDX + "int mk_f(int a, int b, int c, int d, int e, "
                            "void (*f)(int, int));\n")):
            with self.subTest(text=text[len(SPDX):60]), Tree(name, text) as top:
                self.assertEqual(check_layers.check_tree(top), [])

    def test_allows_calls_where_they_belong(self) -> None:
        for name, call in (("base/log.c", "abort"), ("base/log.c", "write"),
                           ("base/options.c", "secure_getenv"), ("os/vm.c", "mmap")):
            text = f"{SPDX}static void f(void)\n{{\n\t{call}(0);\n}}\n"
            with self.subTest(name=name, call=call), Tree(f"src/{name}", text) as top:
                self.assertEqual(check_layers.check_tree(top), [])

    def test_exit_code_tells(self) -> None:
        for text, status in ((SPDX, 0), (SPDX + "int counter;\n", 1)):
            with self.subTest(status=status), Tree("src/heap/a.c", text) as top:
                done = subprocess.run([sys.executable, "-B", check_layers.__file__, str(top)],
                                      capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, status, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
