# SPDX-License-Identifier: BSD-2-Clause
"""The programs: how to make the input of each, and what to run.

What a run returns must be the same under every preload: all that a deterministic program prints
and makes, and what is always true of the others.
"""

import dataclasses
import os
import random
import re
from pathlib import Path
from typing import Callable

import servers
from measure import Failure, Run, client

_HERE = Path(__file__).resolve().parent
_PROJECT = _HERE.parent.parent
_INPUTS = _HERE / "inputs"


def _nothing(_: Path) -> None:
    """For programs that need no input."""


@dataclasses.dataclass(frozen=True)
class Program:
    name: str
    package: str  # Debian's, in which the command is
    command: str  # a name looked for in the path, or a path that may have a wildcard
    run: Callable[[Run], str]
    prepare: Callable[[Path], None] = _nothing  # makes the input in a folder, once
    rounds: int = 3
    user: str = ""  # who runs it where root may not


def _shell(*lines: str) -> Callable[[Run], str]:
    """Shell commands; the input's folder is $1."""
    script = "\n".join(("set -euo pipefail", *lines))
    return lambda run: run.call("bash", "-c", script, "bash", run.inputs)


def _words(generator: random.Random, count: int) -> str:
    return " ".join(f"w{generator.randrange(3000)}" for _ in range(count))


def _make_texts(folder: Path) -> None:
    """Files below three levels of folders, of 0 to some ten thousand bytes."""
    generator = random.Random(1)
    for i in range(1500):
        place = folder / f"a{i % 7}" / f"b{i % 11}" / f"c{i % 3}"
        place.mkdir(parents=True, exist_ok=True)
        lines = (_words(generator, 12) for _ in range(i % 60))
        path = place / f"file{i}.{('txt', 'log', 'c')[i % 3]}"
        path.write_text("".join(f"{line}\n" for line in lines))
        os.utime(path, (i * 86400, i * 86400))


def _make_repository(folder: Path) -> None:
    """A repository of 150 commits on two branches, the same on every machine."""
    generator = random.Random(2)
    stream = []
    for i in range(150):
        branch = "side" if i % 5 == 4 else "main"
        stream.append(f"commit refs/heads/{branch}\nmark :{i + 1}\n"
                      f"committer A U Thor <author@example.org> {1700000000 + i * 60} +0000\n"
                      f"data 9\ncommit{i:3}\n")
        if i == 4:
            stream.append("from :4\n")
        for _ in range(6):
            text = "\n".join(_words(generator, 10) for _ in range(generator.randrange(1, 80)))
            stream.append(f"M 100644 inline d{generator.randrange(9)}/f{generator.randrange(40)}\n"
                          f"data {len(text)}\n{text}\n")
    client("git", "init", "--quiet", "--bare", "--initial-branch=main", folder / "origin",
           home=folder)
    client("git", "-C", folder / "origin", "fast-import", "--quiet", text="".join(stream),
           home=folder)


def _make_bytes(folder: Path) -> None:
    generator = random.Random(3)
    (folder / "data").write_text("\n".join(_words(generator, 20) for _ in range(25000)))


def _make_classes(folder: Path) -> None:
    client("javac", "-d", folder, _INPUTS / "Allocate.java", home=folder)


def _python(run: Run) -> str:
    """The objects are on the heap of malloc, too, not in arenas of Python's own."""
    tests = ("test_list", "test_dict", "test_threading", "test_json")
    text = run.call("env", "PYTHONMALLOC=malloc", "python3", "-m", "test", "-j2", *tests)
    if "Tests result: SUCCESS" not in text or f"All {len(tests)} tests OK." not in text:
        raise Failure(text)
    return "success"


def _openssl_speed(run: Run) -> str:
    """It works for a time, not for an amount: what it did in it is its work."""
    text = run.call("openssl", "speed", "-mr", "-seconds", "1", "-bytes", "8192", "-evp",
                    "aes-256-gcm")
    text += run.call("openssl", "speed", "-mr", "-seconds", "1", "ecdsap256")
    rates = re.findall(r"^\+F\d*:\d+:[^:\n]+:([\d.]+)", text, re.MULTILINE)
    if len(rates) != 2 or not all(float(rate) > 0 for rate in rates):
        raise Failure(text)
    run.usage.work = sum(float(rate) for rate in rates)
    return "success"


PROGRAMS = (
    Program("bash", "bash", "bash", _shell(f"bash {_INPUTS}/shell.sh")),
    Program("grep", "grep", "grep", _shell(
        'cd "$1"',
        "grep -r -c 'w1.*w2' . | cksum",
        "grep -r -n -i -E '(w12|W99)[0-9]+ w1' a1 a2 | cksum",
        r"grep -r -o -h -P '\bw(\d)\d*\1\b(?= w7)' . | sort | uniq -c",
        "grep -r -l -w -F -e w77 -e w2999 -e w0 --include=*.c . | cksum",
        "grep -r -v -x -A2 -B1 '.*w5.*' a3 | cksum"), _make_texts),
    Program("find", "findutils", "find", _shell(
        'cd "$1"',
        r"find . -printf '%p %s %m %y %d %TY-%Tm-%Td\n' | cksum",
        "find . -name '*7*.txt' -size +1k -newer a1/b1/c1/file1.log 2>/dev/null | cksum",
        r"find . -regextype posix-extended -regex '.*/file[0-9]{2,3}\.(c|log)' -empty -print",
        "find a1 a2 a3 -depth -type f -size -3k -exec wc -c {} + | tail -n 1",
        "find . -type f -name '*1.c' -print0 | xargs -0 -n 40 cksum | cksum"), _make_texts),
    Program("git", "git", "git", _shell(
        'git clone --quiet --no-local "$1/origin" copy',
        "cd copy",
        "git fsck --full --strict",
        "git rev-parse HEAD origin/side",
        "git log --stat --patch origin/main origin/side | cksum",
        "git merge-base HEAD origin/side",
        "git grep -n -e w77 --and -e w12 HEAD | cksum",
        "git blame d1/f1 | cksum",
        "git repack --quiet -a -d -f --window=10 --depth=10",
        "git fsck --full --strict",
        "git cat-file --batch-check --batch-all-objects | cksum"), _make_repository),
    Program("gcc", "gcc", "gcc", _shell(
        f"cd {_PROJECT}/src",
        'for file in heap/heap.c kind/choice.c topology/classify.c; do',
        '    gcc -std=gnu17 -D_GNU_SOURCE -O2 -g -I. -I../include -c "$file" -o "$OLDPWD/object.o"',
        '    sha256sum <"$OLDPWD/object.o"',
        "done")),
    Program("python3", "libpython3.11-testsuite", "/usr/lib/python3.11/test/test_list.py", _python,
            rounds=1),
    Program("perl", "perl", "perl", _shell(f"perl {_INPUTS}/tables.pl")),
    Program("sqlite3", "sqlite3", "sqlite3", _shell(
        f"sqlite3 -bail data.db <{_INPUTS}/speed.sql",
        "sha256sum <data.db")),
    Program("redis", "redis-server", "redis-server", servers.redis, rounds=2),
    Program("nginx", "nginx", "nginx", servers.nginx, servers.make_site, rounds=2),
    Program("postgres", "postgresql-15", servers.POSTGRES, servers.postgres, rounds=2,
            user="postgres"),
    Program("node", "nodejs", "node", _shell(f"node {_INPUTS}/allocate.js"), rounds=2),
    Program("java", "openjdk-17-jdk-headless", "javac", _shell(
        'java -Xmx128m -cp "$1" Allocate'), _make_classes, rounds=2),
    Program("openssl", "openssl", "openssl", _openssl_speed, rounds=1),
    Program("xz", "xz-utils", "xz", _shell(
        'xz -3 -T1 -c "$1/data" >one.xz',
        'xz -2 -T2 --block-size=1MiB -c "$1/data" >two.xz',
        "sha256sum <one.xz",
        "sha256sum <two.xz",
        'xz -d -c one.xz | cmp - "$1/data"',
        'xz -d -T2 -c two.xz | cmp - "$1/data"'), _make_bytes, rounds=2),
)
