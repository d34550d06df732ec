#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Installs into a scratch folder; a program finds it with pkg-config and CMake, links and runs.

Then all of it is uninstalled. Arguments: build folder, meson's command, C compiler. Exit status 77:
skipped.
"""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAM = r"""
#include <memkind.h>
#include <memkind_ng.h>
#include <string.h>

int main(void)
{
	char *block = memkind_malloc(MEMKIND_REGULAR, 100);

	if (block == NULL || memkind_detect_kind(block) != MEMKIND_REGULAR)
		return 1;
	memset(block, 1, 100);
	memkind_free(NULL, block);
	return memkind_ng_rescan();
}
"""


PROJECT = """
cmake_minimum_required(VERSION 3.18)
project(consumer C)
find_package(memkind 1.14 REQUIRED)
foreach(target memkind memkind-static)
  add_executable(with-${target} ../program.c)
  target_link_libraries(with-${target} memkind::${target})
endforeach()
find_package(memkind 2.0 QUIET)
if(memkind_FOUND OR NOT memkind_CONSIDERED_VERSIONS STREQUAL "1.15.0")
  message(FATAL_ERROR "version 2.0 is ${memkind_CONSIDERED_VERSIONS}")
endif()
"""


def run(*command: str | Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"FAIL: {' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


def only(root: Path, name: str) -> Path:
    found = list(root.rglob(name))
    if len(found) != 1:
        raise SystemExit(f"FAIL: {name} is installed {len(found)} times")
    return found[0]


def check_memtier(launcher: Path) -> None:
    """It finds its library, and that one libmemkind, wherever they are installed."""
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("LD_LIBRARY_PATH", "LD_PRELOAD")}
    maps = run(launcher, "-r", "1:4", "cat", "/proc/self/maps",
               env={**environment, "MEMKIND_DAX_KMEM_NODES": "0"})
    for name in ("libmemtier.so.0", "libmemkind.so.0"):
        if str(only(launcher.parents[1], name).resolve()) not in maps:
            raise SystemExit(f"FAIL: memtier runs a program without {name}:\n{maps}")


def check_pkg_config(root: Path, environment: dict[str, str]) -> list[str]:
    version = run("pkg-config", "--modversion", "memkind", env=environment).strip()
    if version != "1.15.0":
        raise SystemExit(f"FAIL: memkind.pc says version {version}")
    for variable in ("prefix", "exec_prefix", "libdir", "includedir"):
        if run("pkg-config", f"--variable={variable}", "memkind", env=environment).strip() == "":
            raise SystemExit(f"FAIL: memkind.pc has no {variable}")
    flags = run("pkg-config", "--cflags", "--libs", "memkind", env=environment).split()
    if "-lmemkind" not in flags or not any(str(root) in flag for flag in flags):
        raise SystemExit(f"FAIL: memkind.pc gives {flags}")
    return flags


def check_preload(root: Path, tool: Path) -> None:
    """The tool finds its libraries where they were installed, whatever the loader knows."""
    clean = {name: value for name, value in os.environ.items() if name != "LD_LIBRARY_PATH"}
    for options, name in ((["--kind", "default"], "libmemkind-preload.so.0"),
                          (["--tiers", "KIND:DRAM,RATIO:1;POLICY:STATIC_RATIO"],
                           "libmemtier.so.0")):
        library = only(root, name)
        said = run(tool, "run", *options, "--stats", "env", env=clean)
        if f"LD_PRELOAD={library.resolve()}\n" not in said or "\ndefault " not in said:
            raise SystemExit(f"FAIL: memkind run {options} says:\n{said}")


def check_manual(root: Path, build: Path) -> None:
    """Functions lead to their page, and the tools' options complete."""
    if (build / "man/memkind.3").exists():
        for name, page in (("memkind_malloc.3", "memkind.3"), ("hbw_free.3", "hbwmalloc.3")):
            if only(root, name).resolve() != only(root, page):
                raise SystemExit(f"FAIL: {name} does not lead to {page}")
    if (build / "tools/memtier").exists():
        for name in ("completions/memkind", "completions/memtier", "_memkind", "memkind.fish"):
            if not only(root, name).exists():
                raise SystemExit(f"FAIL: {name} leads nowhere")


def check_cmake(folder: Path, root: Path, compiler: list[str]) -> None:
    """The program is FOLDER/program.c; it finds the shared library by the path it was built with."""
    project = folder / "project"
    project.mkdir()
    (project / "CMakeLists.txt").write_text(PROJECT, encoding="ascii")
    where = only(root, "memkindConfig.cmake").parent
    environment = {**os.environ, "CC": " ".join(compiler)}
    run("cmake", "-S", project, "-B", project / "build", f"-Dmemkind_DIR={where}", env=environment)
    run("cmake", "--build", project / "build")
    for name, is_shared in (("with-memkind", True), ("with-memkind-static", False)):
        run(project / "build" / name)
        needs = run("readelf", "-d", project / "build" / name)
        if ("libmemkind.so.0" in needs) != is_shared:
            raise SystemExit(f"FAIL: {name} of CMake needs\n{needs}")


def check_uninstall(build: str, root: Path) -> None:
    run(Path(__file__).parents[2] / "scripts/uninstall", build, root)
    rest = list(root.rglob("*"))
    if rest:
        raise SystemExit(f"FAIL: uninstalling left {rest}")


def main() -> int:
    build, meson, *compiler = sys.argv[1:]
    if shutil.which("pkg-config") is None:
        print("SKIP: pkg-config is not installed")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        run(*meson.split(), "install", "-C", build, "--no-rebuild", "--destdir", root)
        library = only(root, "libmemkind.so.0").parent
        if not (library / "libmemkind.so").is_symlink():
            raise SystemExit("FAIL: libmemkind.so is not installed")
        only(root, "libmemkind.so.0.0.1")
        for header in (Path(__file__).parents[2] / "include").iterdir():
            only(root, header.name)
        for tool in ("memkind-auto-dax-kmem-nodes", "memkind-hbw-nodes"):
            if (Path(build) / "tools" / tool).exists():
                run(only(root, tool), env={**os.environ, "MEMKIND_DAX_KMEM_NODES": "0",
                                           "MEMKIND_HBW_NODES": "0"})
        if list(root.rglob("libmemkind-preload.so.0")) and list(root.rglob("bin/memkind")):
            check_preload(root, only(root, "bin/memkind"))
        if (Path(build) / "tools/memtier").exists():
            check_memtier(only(root, "bin/memtier"))
        check_manual(root, Path(build))
        environment = {**os.environ, "PKG_CONFIG_SYSROOT_DIR": str(root),
                       "PKG_CONFIG_LIBDIR": str(only(root, "memkind.pc").parent)}
        flags = check_pkg_config(root, environment)
        source = Path(folder) / "program.c"
        source.write_text(PROGRAM, encoding="ascii")
        program = Path(folder) / "program"
        run(*compiler, source, "-o", program, *flags)
        run(program, env={**os.environ, "LD_LIBRARY_PATH": str(library)})
        include = f"-I{only(root, 'memkind.h').parent}"
        archive = only(root, "libmemkind.a")
        run(*compiler, include, source, "-o", program, archive, "-lpthread")
        run(program)
        run(*compiler, include, "-static", source, "-o", program, archive, "-lpthread")
        run(program)
        if shutil.which("cmake"):
            check_cmake(Path(folder), root, compiler)
        else:
            print("not installed: cmake")
        check_uninstall(build, root)
    return 0


if __name__ == "__main__":
    sys.exit(main())
