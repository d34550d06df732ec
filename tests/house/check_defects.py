#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every known defect of libmemkind 1.14 has a test here, or a line in CHANGES.md.

defects.txt has one or more rows for each: its number, a file, and words of that file, the name of a
test as a rule. Argument: the top of the tree.
"""

import sys
from pathlib import Path

# Group -> the number of its defects.
GROUPS = {"P": 20, "A": 10, "H": 11, "F": 12, "X": 7, "R": 6, "B": 4, "T": 2,
          "M": 14}


def main() -> int:
    top = Path(sys.argv[1])
    missing = {f"{group}{number}" for group, count in GROUPS.items()
               for number in range(1, count + 1)}
    known, errors = set(missing), []
    for line in (Path(__file__).parent / "defects.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        defect, file, words = line.split(maxsplit=2)
        if defect not in known:
            errors.append(f"{defect} is no defect")
        elif not (top / file).exists():
            errors.append(f"{defect}: there is no {file}")
        elif words not in (top / file).read_text(encoding="utf-8"):
            errors.append(f"{defect}: {file} does not say \"{words}\"")
        missing.discard(defect)
    errors += [f"{defect} has no row" for defect in sorted(missing)]
    print("\n".join(errors))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
