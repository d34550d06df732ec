# SPDX-License-Identifier: BSD-2-Clause
"""Holds the lines that compat.c prints with one library against those with another.

differences.txt names what may differ. What differs and is not named there is a fault, and so is
what is named and does not differ any more.
"""

import dataclasses
import fnmatch
from pathlib import Path

NO_LINE = "(none)"
_TABLE = Path(__file__).with_name("differences.txt")


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of differences.txt: where, key, old and new value as patterns, and the reason."""

    number: int
    places: str
    key: str
    old: str
    new: str
    reason: str

    def is_at(self, place: str) -> bool:
        return any(fnmatch.fnmatchcase(place, name) for name in self.places.split(","))

    def names(self, key: str, old: str, new: str) -> bool:
        return (fnmatch.fnmatchcase(key, self.key) and fnmatch.fnmatchcase(old, self.old)
                and fnmatch.fnmatchcase(new, self.new))


def load_rows(text: str) -> list[Row]:
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        fields = [field.strip() for field in line.split("|")]
        if len(fields) != 5 or not all(fields):
            raise ValueError(f"differences.txt:{number}: not five fields")
        rows.append(Row(number, *fields))
    return rows


def parse(output: str) -> dict[str, str]:
    """Key -> value of the lines "KEY = VALUE"; others are left out."""
    values = {}
    for line in output.splitlines():
        key, sign, value = line.rpartition(" = ")
        if sign:
            values[key] = value
    return values


def compare(place: str, old_output: str, new_output: str, rows: list[Row] | None = None) -> str:
    """What is wrong, a line each, or an empty text."""
    if rows is None:
        rows = load_rows(_TABLE.read_text(encoding="ascii"))
    old, new = parse(old_output), parse(new_output)
    if not old or not new:
        return "one of the libraries answers nothing"
    here = [row for row in rows if row.is_at(place)]
    used: set[Row] = set()
    faults = []
    for key in [*old, *(key for key in new if key not in old)]:
        values = old.get(key, NO_LINE), new.get(key, NO_LINE)
        if values[0] == values[1]:
            continue
        matches = [row for row in here if row.names(key, *values)]
        used.update(matches)
        if not matches:
            faults.append(f"{place}: {key}: {values[0]} -> {values[1]}")
    faults += [f"{place}: differences.txt:{row.number}: {row.key} does not differ any more"
               for row in here if row not in used]
    return "\n".join(faults)
