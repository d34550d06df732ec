# SPDX-License-Identifier: BSD-2-Clause
"""Values of the memtier variables, and what libmemtier and that of libmemkind 1.14 do with them."""

from typing import NamedTuple, Optional

ACCEPTED, REFUSED, CRASH = 0, -6, -11

STATIC, DYNAMIC = ";POLICY:STATIC_RATIO", ";POLICY:DYNAMIC_THRESHOLD"
DRAM, KMEM = "KIND:DRAM,RATIO:1", "KIND:KMEM_DAX,RATIO:4"
FILES = "KIND:FS_DAX,RATIO:1,PATH:/tmp"
TWO, THREE = f"{DRAM};{KMEM}{DYNAMIC}", f"{DRAM};{KMEM};{FILES}{DYNAMIC}"


class Row(NamedTuple):
    tiers: Optional[str]
    result: int = ACCEPTED
    part: str = ""  # of a refused row: what the line quotes
    thresholds: Optional[str] = None
    level: Optional[str] = None
    nodes: str = "0"
    # What 1.14 does instead, and the defect or the reason.
    old: Optional[int] = None
    why: str = ""


def refused(tiers: Optional[str], part: str, **rest: object) -> Row:
    return Row(tiers, REFUSED, part, **rest)  # type: ignore[arg-type]


def threshold(text: str, part: Optional[str] = None, tiers: str = TWO, **rest: object) -> Row:
    result = ACCEPTED if part is None else REFUSED
    return Row(tiers, result, part or "", thresholds=text, **rest)  # type: ignore[arg-type]


GARBAGE = "M11: what stands behind a number is ignored"
SIGN = "M11: signs and blanks before a number are ignored"
FAULT = "M11: a fault of the parser"

ROWS = [
    # Tiers
    Row(DRAM + STATIC),
    Row(KMEM + STATIC),
    Row(FILES + STATIC),
    Row(f"{DRAM};{KMEM}{STATIC}"),
    Row(TWO),
    Row(THREE),
    Row(f"{FILES};KIND:FS_DAX,RATIO:2,PATH:/var/tmp{STATIC}"),
    Row(f"{FILES};{FILES}{STATIC}"),
    Row("RATIO:1,KIND:DRAM" + STATIC),
    Row("KIND:DRAM,RATIO:4294967295" + STATIC),
    Row("KIND:DRAM,RATIO:0x10" + STATIC),
    Row("KIND:DRAM,RATIO:010" + STATIC),
    *(Row(f"{FILES},PMEM_SIZE_LIMIT:{size}{STATIC}")
      for size in ("0", "0K", "16M", "16777216", "1G", "0100000000", "18446744073709551615",
                   "18014398509481983K")),
    refused(None, "Missing MEMKIND_MEM_TIERS env var"),
    refused("", '""'),
    refused(";", '""'),
    refused(DRAM, f'"{DRAM}"'),
    refused(DRAM + ";", '""'),
    refused("POLICY:STATIC_RATIO", '"POLICY:STATIC_RATIO"'),
    refused("POLICY:STATIC_RATIO;" + DRAM, '"POLICY:STATIC_RATIO"'),
    refused(DRAM + STATIC + ";", '"POLICY:STATIC_RATIO"'),
    refused(DRAM + STATIC + STATIC, '"POLICY:STATIC_RATIO"'),
    refused(DRAM + STATIC + " ", '"POLICY:STATIC_RATIO "'),
    refused(DRAM + STATIC + ",", '"POLICY:STATIC_RATIO,"'),
    refused(DRAM + ";POLICY:", '"POLICY:"'),
    refused(DRAM + ";POLICY:X", '"POLICY:X"'),
    refused(DRAM + ";policy:STATIC_RATIO", '"policy:STATIC_RATIO"'),
    refused(DRAM + ";" + STATIC, '""'),
    refused(";" + DRAM + STATIC, '""'),
    refused(DRAM + ",POLICY:STATIC_RATIO", ",POLICY:STATIC_RATIO"),
    refused("KIND:DRAM" + STATIC, '"KIND:DRAM"'),
    refused("RATIO:1" + STATIC, '"RATIO:1"'),
    refused("KIND:dram,RATIO:1" + STATIC, '"KIND:dram"'),
    refused("KIND:,RATIO:1" + STATIC, '"KIND:"'),
    refused("KIND:DRAM:X,RATIO:1" + STATIC, '"KIND:DRAM:X"'),
    refused("KIND=DRAM,RATIO=1;POLICY=STATIC_RATIO", '"KIND=DRAM"'),
    refused(" " + DRAM + STATIC, '" KIND:DRAM"'),
    refused("KIND:DRAM, RATIO:1" + STATIC, '" RATIO:1"'),
    refused("KIND:DRAM," + DRAM + STATIC, '"KIND:DRAM"'),
    refused(DRAM + ",RATIO:1" + STATIC, '"RATIO:1"'),
    refused("KIND:DRAM,,RATIO:1" + STATIC, '""'),
    refused("," + DRAM + STATIC, '""'),
    refused(DRAM + ",COLOUR:1" + STATIC, '"COLOUR:1"'),
    refused(DRAM + ",PATH:/tmp" + STATIC, f'"{DRAM},PATH:/tmp"'),
    refused(DRAM + ",PMEM_SIZE_LIMIT:1G" + STATIC, ",PMEM_SIZE_LIMIT:1G"),
    refused("KIND:FS_DAX,RATIO:1" + STATIC, '"KIND:FS_DAX,RATIO:1"'),
    refused("KIND:FS_DAX,RATIO:1,PATH:" + STATIC, '"PATH:"'),
    refused("KIND:FS_DAX,RATIO:1,PATH:/nowhere" + STATIC, "PATH:/nowhere refused: No such file"),
    refused(f"{DRAM};{DRAM}{STATIC}", f'"{DRAM}"'),
    refused(f"{KMEM};{KMEM}{STATIC}", f'"{KMEM}"'),
    refused(DRAM + DYNAMIC, '"POLICY:DYNAMIC_THRESHOLD"'),
    refused(KMEM + STATIC, "Allocation to DAX KMEM nodes failed!", nodes=""),
    refused(KMEM + STATIC, "Allocation to DAX KMEM nodes failed!", nodes="999"),
    *(refused(f"KIND:DRAM,RATIO:{ratio}{STATIC}", f'"RATIO:{ratio}"')
      for ratio in ("0", "08", "-1", "4294967296")),
    *(refused(f"{FILES},PMEM_SIZE_LIMIT:{size}{STATIC}", f'"PMEM_SIZE_LIMIT:{size}"')
      for size in ("x", "-1", "16m", "1T", "1GG", "1.5G", " 1G", "0x40000000",
                   "18446744073709551616", "18014398509481984K")),

    # M11
    *(refused(f"KIND:DRAM,RATIO:{ratio}{STATIC}", f'"RATIO:{ratio}"', old=ACCEPTED, why=why)
      for ratio, why in (("1x", GARBAGE), ("1.5", GARBAGE), ("1:2", GARBAGE),
                         (" 1", SIGN), ("+1", SIGN))),
    refused("KIND:DRAM,RATIO:" + STATIC, '"RATIO:"', old=CRASH, why=FAULT),
    refused(DRAM + "," + STATIC, '""', old=ACCEPTED, why="M11: an empty part is ignored"),
    refused(f"{FILES},PMEM_SIZE_LIMIT:1G:{STATIC}", '"PMEM_SIZE_LIMIT:1G:"', old=ACCEPTED,
            why=GARBAGE),
    *(refused(f"{FILES},PMEM_SIZE_LIMIT:{size}{STATIC}", f'"PMEM_SIZE_LIMIT:{size}"',
              old=CRASH, why=FAULT) for size in ("", "1", "1K", "16777215")),
    Row(f"{FILES};" * 60 + STATIC[1:], old=REFUSED, why="M11: a text ends at 1023 characters"),
    Row(f"KIND:FS_DAX,RATIO:1,PATH:{'/' * 2000}tmp{STATIC}", old=REFUSED,
        why="M11: a text ends at 1023 characters"),
    refused(f"{FILES};" * 65 + STATIC[1:], "at most 64 tiers"),

    # Thresholds
    threshold("INIT_VAL:512"),
    threshold("INIT_VAL:1535"),
    threshold("INIT_VAL:1K"),
    threshold("INIT_VAL:64,MIN_VAL:1"),
    threshold("MIN_VAL:600,MAX_VAL:7000,INIT_VAL:650"),
    threshold("MAX_VAL:18446744073709551615"),
    threshold("MIN_VAL:0,INIT_VAL:0,MAX_VAL:0"),
    threshold("INIT_VAL:1024;INIT_VAL:2048", tiers=THREE),
    threshold("INIT_VAL:1024", tiers=THREE),
    threshold("INIT_VAL:1024,MAX_VAL:1536;INIT_VAL:2048", tiers=THREE),
    threshold("INIT_VAL:64", '"INIT_VAL:64"'),
    threshold("INIT_VAL:511", '"INIT_VAL:511"'),
    threshold("INIT_VAL:1536", '"INIT_VAL:1536"'),
    threshold("MIN_VAL:600,MAX_VAL:700", '"MIN_VAL:600,MAX_VAL:700"'),
    threshold("INIT_VAL:1024,MAX_VAL:2000;INIT_VAL:2048", "MAX_VAL", tiers=THREE),
    threshold("", '""'),
    threshold("INIT_VAL:x", '"INIT_VAL:x"'),
    threshold("INIT_VAL:-1", '"INIT_VAL:-1"'),
    threshold("INIT_VAL:1024x", '"INIT_VAL:1024x"'),
    threshold("MAX_VAL:18014398509481984K", '"MAX_VAL:18014398509481984K"'),
    threshold("init_val:1024", '"init_val:1024"'),
    threshold("VAL:1024", '"VAL:1024"'),
    threshold("INIT_VAL:1024,INIT_VAL:1024", '"INIT_VAL:1024"'),
    threshold("INIT_VAL:1024;", '""'),
    threshold(";INIT_VAL:1024", '""'),
    threshold("INIT_VAL:1024;INIT_VAL:2048", '"INIT_VAL:2048"'),
    threshold("INIT_VAL:1024", '"INIT_VAL:1024"', tiers=DRAM + STATIC),
    threshold("", '""', tiers=DRAM + STATIC),
    # M11
    threshold("INIT_VAL:", '"INIT_VAL:"', old=CRASH, why=FAULT),
    threshold("INIT_VAL", '"INIT_VAL"', old=CRASH, why=FAULT),
    threshold("INIT_VAL:1024,", '""', old=ACCEPTED, why="M11: an empty part is ignored"),
    threshold("INIT_VAL:1024:5", '"INIT_VAL:1024:5"', old=ACCEPTED, why=GARBAGE),
    threshold(";INIT_VAL:2048", '""', tiers=THREE, old=CRASH, why=FAULT),
    threshold("INIT_VAL:1024;", '""', tiers=THREE, old=CRASH, why=FAULT),
    # M12
    threshold("INIT_VAL=1024", old=REFUSED, why="M12: the manual has it"),
    threshold("INIT_VAL=64,MIN_VAL:1", old=REFUSED, why="M12: the manual has it"),

    # The level
    *(Row(DRAM + STATIC, level=level) for level in ("", "0", "1", "2")),
    *(refused(DRAM + STATIC, f"Wrong value of MEMKIND_MEM_TIERING_LOG_LEVEL={level}", level=level)
      for level in ("3", "-1", "x", "1x")),
    *(refused(DRAM + STATIC, f"Wrong value of MEMKIND_MEM_TIERING_LOG_LEVEL={level}", level=level,
              old=ACCEPTED, why=SIGN) for level in (" 1", "01", "+1")),
]
