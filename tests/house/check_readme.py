#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The README's example compiles without a warning, and does what it says.

Arguments: the top of the tree, the folder of libmemkind.so.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path


def run(program: Path, folder: str, nodes: str) -> str:
    environment = {**os.environ, "LD_LIBRARY_PATH": folder, "MEMKIND_DAX_KMEM_NODES": nodes}
    return subprocess.run([program], env=environment, capture_output=True, text=True,
                          check=True).stdout


def main() -> int:
    top, folder = Path(sys.argv[1]), sys.argv[2]
    text = (top / "README.md").read_text()
    lines = len(text.splitlines())
    assert lines <= 120, f"README.md has {lines} lines"
    example = re.search(r"^```c\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert example, "README.md has no example"
    assert len(re.findall(r"!\[", text)) == 1, "README.md has one picture"
    with tempfile.TemporaryDirectory() as scratch:
        source, program = Path(scratch, "example.c"), Path(scratch, "example")
        source.write_text(example[1])
        subprocess.run(["cc", "-Wall", "-Wextra", "-Werror", f"-I{top}/include", "-o", program,
                        source, f"-L{folder}", "-lmemkind"], check=True)
        assert run(program, folder, "0") == "far\n"
        assert run(program, folder, "none") == ("no persistent-memory node here; DRAM instead\n"
                                                "near\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
