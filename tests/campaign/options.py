#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Programs with environment variables of which most make no sense.

Each process either does all that it should, or says which variable is refused and what is allowed. Prints
lines of counts; the exit code is 1 if anything else happened.
"""

import argparse
import os
import random
import re
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
_CORPUS = PROJECT / "tests" / "fuzz" / "corpus"
_LIMIT_S = 60
# The libraries that programs are started with, and a variable of each with a value that is well.
_PRELOADS = {"libmemkind-preload.so.0": ("MEMKIND_PRELOAD_KIND", b"nodes=0;limit=64M;then=regular"),
             "libmemtier.so.0": ("MEMKIND_MEM_TIERS",
                                 b"KIND:DRAM,RATIO:1;KIND:[nodes=0],RATIO:4;POLICY:STATIC_RATIO"),
             "libautohbw.so.0": ("AUTO_HBW_SIZE", b"4K:1M")}
_WORDS = ("", "0", "1", "-1", "0-0", "!all", "all", "+0", "99", "999999999999999999999", "null",
          "swap", "refuse", "0:100,1:5", "64K:1M", ":", "1G:", "dax_kmem", "memkind_hbw", "hbw_all",
          "nodes=0;limit=1M", "INIT_VAL:64,MIN_VAL:1,MAX_VAL:10K", "/nonexistent", "libc.so.6:program",
          "%s%n%s", "\n", " ", "\xff\xfe", "a" * 5000)
_REFUSED = re.compile(rb"(MEMKIND|AUTO_HBW)_\w+.*(: allowed is| not available here: )", re.DOTALL)
_SHOWN = 2000


def names() -> list[str]:
    """All variables, from the table of them."""
    table = (PROJECT / "src" / "base" / "options.h").read_text(encoding="utf-8")
    return re.findall(r'^\tX\(\w+, "(\w+)"', table, re.MULTILINE)


def values() -> list[bytes]:
    """What has meant something to a parser, and other texts."""
    found = [file.read_bytes() for name in ("parse", "memtier", "spec")
             for file in sorted((_CORPUS / name).iterdir())]
    return [*found, *(word.encode("latin-1") for word in _WORDS)]


def changed(value: bytes, chance: random.Random) -> bytes:
    """Cut, repeated, or with other bytes; a variable holds no 0."""
    text = bytearray(value.replace(b"\0", b""))
    for _ in range(chance.choice((0, 0, 0, 1, 2, 8))):
        place = chance.randrange(len(text) + 1)
        match chance.randrange(4):
            case 0:
                del text[place:place + chance.randrange(1, 9)]
            case 1:
                text[place:place] = bytes([chance.choice(b"0123456789:;,=-!+[]KMGT \xff")])
            case 2:
                text += text[:place]
            case _:
                text[place:place + 1] = bytes([chance.randrange(1, 256)])
    return bytes(text[:100_000])


def environment(chance: random.Random, known: list[str], pool: list[bytes],
                folder: Path) -> dict[str, bytes]:
    """A few variables; sometimes all, and one of the libraries."""
    chosen = chance.sample(known, chance.choice((1, 1, 2, 3, len(known))))
    variables = {name: changed(chance.choice(pool), chance) for name in chosen}
    preload = chance.choice(("", *_PRELOADS))
    if preload:
        name, value = _PRELOADS[preload]
        variables[name] = changed(value, chance)
    # What they write goes nowhere.
    if "MEMKIND_PRELOAD_STATS" in variables:
        variables["MEMKIND_PRELOAD_STATS"] = b"/dev/null"
    if preload:
        variables["LD_PRELOAD"] = os.fsencode(folder / preload)
    return variables


def fault_of(result: subprocess.CompletedProcess[bytes]) -> str:
    """Why the end of the process is not right; empty: it is."""
    if result.returncode == 0:
        return ""
    if _REFUSED.search(result.stderr) and result.returncode in (1, -6):
        return ""
    return f"status {result.returncode}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preloads", type=Path, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("program", type=Path)
    arguments = parser.parse_args()
    known, pool = names(), values()
    folder, program = arguments.preloads.resolve(), arguments.program.resolve()
    faults = refused = 0
    for number in range(arguments.count):
        chance = random.Random(arguments.seed * 1_000_000 + number)
        variables = environment(chance, known, pool, folder)
        result = subprocess.run([program], env=variables, capture_output=True,
                                timeout=_LIMIT_S, check=False)
        fault = fault_of(result)
        refused += not fault and result.returncode != 0
        faults += bool(fault)
        if fault:
            print(f"# {fault} with {variables}"[:_SHOWN], result.stdout[:_SHOWN],
                  result.stderr[:_SHOWN], sep="\n")
        sys.stdout.writelines(line for line in result.stdout.decode().splitlines(keepends=True)
                              if line.startswith("counts"))
    print(f"{arguments.count} processes, {refused} refused what they were told, {faults} faults")
    print(f"counts bad={arguments.count}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
