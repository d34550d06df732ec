#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The packages: they build, lintian has no error to report, and they replace Debian's of 1.14.

Prints a line a test and, last, "N passed, N failed, N skipped"; the exit code is 0 if none failed.
"""

import argparse
import os
import re
import shlex
import sys
import tempfile
from pathlib import Path

import rpm
from steps import Failure, Results, Skip, need, only, run

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "support"))
import machine_copy

# Package -> what it has, among others: paths below /usr, in which * is any name.
PACKAGES = {
    "libmemkind0": ["lib/*/libmemkind.so.0", "lib/*/libmemtier.so.0"],
    "libmemkind-dev": ["include/memkind.h", "include/autohbw_api.h", "include/memkind_ng.hpp",
                       "lib/*/libmemkind.a", "lib/*/libmemkind.so", "lib/*/libmemtier.so",
                       "lib/*/pkgconfig/memkind.pc", "lib/*/cmake/memkind/memkindConfig.cmake",
                       "share/doc/libmemkind-dev/examples/hot_cold.c"],
    "libmemkind-preload0": ["lib/*/libmemkind-preload.so.0", "lib/*/libautohbw.so.0"],
    "libmemkind-progs": ["bin/memkind", "bin/memtier", "bin/memkind-hbw-nodes",
                         "bin/memkind-auto-dax-kmem-nodes"],
    "python3-memkind": ["lib/python3/dist-packages/memkind/__init__.py",
                        "lib/python3/dist-packages/memkind/_numpy.*.so",
                        "share/doc/python3-memkind/examples/numpy_arrays.py"],
}
OLD_VERSION = "1.14.0-2"
OLD_PACKAGES = ("libmemkind0", "libmemkind-dev", "libmemkind-progs")


def build(folder: Path) -> None:
    need("dh", "debhelper")
    run(TOP / "scripts" / "packages-deb", folder, log=folder / "build.log")


def lintian(folder: Path) -> None:
    """Errors fail; what else it says is shown, so that somebody looks at it."""
    need("lintian", "lintian")
    # That a first upload to Debian closes a bug is no concern of packages from this tree.
    said = run("lintian", "--fail-on", "error", "--allow-root", "--suppress-tags",
               "initial-upload-closes-no-bugs", *sorted(folder.glob("*.deb")))
    print("".join(f"      {line}\n" for line in said.splitlines()), end="")


def paths_in(package: Path) -> list[str]:
    """Files and links, below /."""
    listed = run("dpkg-deb", "-c", package).splitlines()
    return [line.split()[5].removeprefix(".") for line in listed if not line.startswith("d")]


def contents(folder: Path) -> None:
    owners: dict[str, str] = {}
    for package, wanted in PACKAGES.items():
        paths = paths_in(only(folder, f"{package}_*.deb"))
        for pattern in wanted:
            regex = re.compile(re.escape(f"/usr/{pattern}").replace(r"\*", "[^/]*"))
            if not any(regex.fullmatch(re.sub(r"\.gz$", "", path)) for path in paths):
                raise Failure(f"{package} has no {pattern}, but {paths}")
        for path in paths:
            if owners.setdefault(path, package) != package:
                raise Failure(f"{path} is in {package} and in {owners[path]}")


def old_packages(folder: Path) -> list[Path]:
    """Debian's, from its mirror, kept in FOLDER."""
    folder.mkdir(exist_ok=True)
    for package in OLD_PACKAGES:
        if not list(folder.glob(f"{package}_{OLD_VERSION}_*.deb")):
            try:
                run("apt-get", "download", f"{package}={OLD_VERSION}", cwd=folder)
            except Failure as failure:
                raise Skip(f"{package} {OLD_VERSION} can't be had: {failure}") from None
    return [only(folder, f"{package}_*.deb") for package in OLD_PACKAGES]


def replace(folder: Path, results: Results) -> None:
    """Runs inside.py in a copy of the machine's files, and counts the tests that it prints."""
    if os.geteuid() != 0:
        raise Skip("only root can make a copy of the machine's files")
    old = old_packages(folder / "old")
    new = [only(folder, f"{package}_*.deb") for package in PACKAGES]
    inside = Path(__file__).with_name("inside.py")
    command = ["python3", "-B", inside, "--top", TOP, "--old", *old, "--new", *new]
    with tempfile.TemporaryDirectory() as scratch:
        done = machine_copy.run(f"exec {shlex.join(map(str, command))}", {}, Path(scratch),
                                [inside, *new])
    if done.returncode == machine_copy.IMPOSSIBLE:
        raise Skip(f"no copy of the machine's files can be made: {done.stdout.strip()}")
    (folder / "replace.log").write_text(done.stdout)
    for status, name, why in re.findall(r"^(PASS|FAIL|SKIP)  ([\w-]+)(?:  \((.*)\))?$", done.stdout,
                                        re.MULTILINE):
        results.add(status, name, why)
    if done.returncode != 0:
        raise Failure(done.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=TOP / "build" / "deb",
                        help="where the packages are built and kept")
    parser.add_argument("--built", action="store_true", help="the Debian packages are there already")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    results = Results()
    if arguments.built or results.check("deb-build", lambda: build(folder)):
        results.check("deb-lintian", lambda: lintian(folder))
        results.check("deb-contents", lambda: contents(folder))
        results.check("deb-replace", lambda: replace(folder, results))
    for name, test in rpm.tests(TOP, folder.parent / "rpm").items():
        results.check(name, test)
    print(results.summary())
    return 1 if results.count["FAIL"] else 0


if __name__ == "__main__":
    sys.exit(main())
