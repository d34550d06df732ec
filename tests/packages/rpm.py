# SPDX-License-Identifier: BSD-2-Clause
"""The RPM packages, as far as a Debian machine can build them: without what they depend on."""

import functools
from pathlib import Path
from typing import Callable

from steps import Failure, need, only, run

# Package -> what it has, among others.
PACKAGES = {
    "memkind": ["/libmemkind.so.0", "/libmemkind-preload.so.0", "/libmemtier.so.0",
                "/libautohbw.so.0", "/bin/memkind", "/bin/memtier"],
    "memkind-devel": ["/include/memkind.h", "/libmemkind.so", "/pkgconfig/memkind.pc",
                      "/cmake/memkind/memkindConfig.cmake", "/hot_cold.c"],
    "memkind-static": ["/libmemkind.a"],
    "python3-memkind": ["/memkind/__init__.py", "/numpy_arrays.py"],
}


def parse(spec: Path) -> None:
    need("rpmspec", "rpm")
    found = set(run("rpmspec", "-q", "--qf", "%{name} %{version}\n", spec).splitlines())
    expected = {f"{name} 1.15.0" for name in PACKAGES}
    if not expected <= found:
        raise Failure(f"the packages are {found}")


def lint(spec: Path) -> None:
    need("rpmlint", "rpmlint")
    run("rpmlint", spec)


def build(top: Path, spec: Path, folder: Path) -> None:
    need("rpmbuild", "rpm")
    need("chrpath", "chrpath")
    run(top / "scripts" / "source-archive", folder / "SOURCES")
    run("rpmbuild", "-bb", "--nodeps", "--without", "tests", "-D", f"_topdir {folder}",
        "-D", "debug_package %{nil}", "-D", "_build_id_links none", spec, log=folder / "build.log")
    owners: dict[str, str] = {}
    for package, wanted in PACKAGES.items():
        paths = run("rpm", "-qlp", only(folder, f"RPMS/*/{package}-1*.rpm")).splitlines()
        for ending in wanted:
            if not any(path.endswith(ending) for path in paths):
                raise Failure(f"{package} has no {ending}, but {paths}")
        for path in paths:
            if owners.setdefault(path, package) != package:
                raise Failure(f"{path} is in {package} and in {owners[path]}")


def tests(top: Path, folder: Path) -> dict[str, Callable[[], None]]:
    """Name -> test."""
    spec = top / "rpm" / "memkind.spec"
    return {"rpm-parse": functools.partial(parse, spec), "rpm-lint": functools.partial(lint, spec),
            "rpm-build": functools.partial(build, top, spec, folder)}
