#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""mandoc has nothing to say against the pages.

Arguments: the pages, as they are installed; none where scdoc did not make them. Exit status 77: skipped.
"""

import shutil
import subprocess
import sys

# scdoc ends what it indents, and begins what has a heading, with a paragraph that is empty.
_SCDOC = "skipping paragraph macro: PP "


def main() -> int:
    for program, is_there in (("scdoc", len(sys.argv) > 1), ("mandoc", shutil.which("mandoc"))):
        if not is_there:
            print(f"SKIP: {program} is not installed")
            return 77
    said = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", *sys.argv[1:]],
                          capture_output=True, text=True, check=False)
    lines = [line for line in (said.stdout + said.stderr).splitlines() if _SCDOC not in line]
    print("\n".join(lines))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
