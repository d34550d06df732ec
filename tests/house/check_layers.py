#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Rules of the house that no compiler checks: layers, sizes, names, calls the library may not make.

Argument: the top of the tree. Prints "file:line: rule: what" a finding; the exit code is 1 then.
"""
import bisect
import re
import sys
from pathlib import Path
from typing import Iterator, NamedTuple

LAYERS = {"base": 0, "os": 1, "topology": 2, "heap": 2, "kind": 3, "api": 4, "tier": 5,
          "preload": 6}
# From here up the codes and types of the public headers are spoken.
PUBLIC_LAYER = LAYERS["kind"]
FILE_LINES = 600
FUNCTION_LINES = 70
PARAMETERS = 6
NESTING = 3

EXPORTED = re.compile(r"(mk|MK|memkind|MEMKIND|hbw|memtier|libmemkind|pmem|fixed)_")

BANNED = {
    "the library never calls libc's allocator":
        "malloc calloc realloc reallocarray free strdup strndup asprintf vasprintf getline "
        "aligned_alloc posix_memalign memalign valloc pvalloc alloca qsort realpath strerror "
        "open_memstream setenv putenv",
    "the library uses no stdio streams":
        "printf vprintf fprintf vfprintf dprintf puts fputs putchar fputc putc perror fopen fdopen "
        "fclose fread fwrite fgets fscanf scanf fflush opendir readdir closedir scandir nftw",
    "the library never exits": "exit _exit _Exit quick_exit abort raise assert",
    "the library starts no programs": "system popen fork vfork posix_spawn execv execve execvp",
    "unbounded": "sprintf vsprintf strcpy strcat stpcpy gets strtok",
    "options are read in base/options.c": "getenv secure_getenv",
    "the library does not wait": "sleep usleep nanosleep clock_nanosleep",
}
SYSTEM_CALLS = (
    "mmap mmap64 munmap mremap mprotect madvise mincore mlock munlock mbind get_mempolicy "
    "set_mempolicy set_mempolicy_home_node move_pages migrate_pages numa_alloc memfd_create "
    "open open64 openat openat2 creat read pread readv write pwrite writev close lseek "
    "readlink readlinkat stat fstat lstat fstatat statx access faccessat unlink unlinkat rename "
    "mkstemp syscall ioctl fcntl flock fallocate posix_fallocate ftruncate fsync fdatasync "
    "getdents64 sched_getaffinity sched_setaffinity sched_getcpu getcpu getpid gettid "
    "clock_gettime gettimeofday time sysconf getpagesize prctl getrlimit getauxval "
    "pthread_key_create pthread_key_delete pthread_getspecific pthread_setspecific "
    "pthread_getaffinity_np"
).split()
ALLOWED_CALLS = {("base/log.c", "abort"), ("base/log.c", "write"),
                 ("base/options.c", "secure_getenv"), ("preload/refuse.c", "_exit")}

CALL_REASONS = {name: reason for reason, names in BANNED.items() for name in names.split()}
CALL_REASONS.update({name: "system calls are made in src/os" for name in SYSTEM_CALLS})
CALL = re.compile(r"(?<![\w.])(?<!->)(" + "|".join(map(re.escape, CALL_REASONS)) + r")\s*\(")

HIDDEN = re.compile(r"""/\*.*?\*/ | //[^\n]* | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'""",
                    re.DOTALL | re.VERBOSE)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)
CONDITION = re.compile(r"^[ \t]*#[ \t]*if", re.MULTILINE)
# What has parentheses in a declaration without being its parameters.
WRAPPER = re.compile(r"\b(?:__attribute__|_Atomic|_Alignas|_Static_assert|static_assert|typeof|"
                     r"__typeof__|__asm__|asm)\s*\(")
WORD = re.compile(r"[A-Za-z_]\w*")


class Finding(NamedTuple):
    path: str
    line: int
    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.text}"


class Item(NamedTuple):
    """A declaration or definition outside every function; offsets count from the file's start."""

    head: str
    start: int
    end: int
    body: str  # with its braces; empty: there is none


def blank(text: str) -> str:
    """As long as before, and with the same lines."""
    return re.sub(r"[^\n]", " ", text)


def hide(text: str) -> str:
    """Without what comments and literals say; the quotes stay, so that the code stays code."""
    def replace(match: re.Match[str]) -> str:
        found = match.group()
        return blank(found) if found[0] == "/" else found[0] + blank(found[1:-1]) + found[-1]
    return HIDDEN.sub(replace, text)


def hide_directives(code: str) -> str:
    return DIRECTIVE.sub(lambda match: blank(match.group()), code)


def closing(code: str, start: int, pair: str) -> int:
    """The offset behind what closes the brace or parenthesis at START."""
    depth = 0
    for match in re.compile("[" + re.escape(pair) + "]").finditer(code, start):
        depth += 1 if match.group() == pair[0] else -1
        if depth == 0:
            return match.end()
    return len(code)


def unwrap(head: str) -> str:
    """A head without attributes and the like."""
    while match := WRAPPER.search(head):
        end = closing(head, match.end() - 1, "()")
        head = head[:match.start()] + " " * (end - match.start()) + head[end:]
    return head


def is_function(head: str) -> bool:
    return "=" not in head and unwrap(head).rstrip().endswith(")")


def split_items(code: str) -> Iterator[Item]:
    """The items of a file without comments, literals and directives."""
    start = at = 0
    body = ""
    head_end = -1
    while match := re.compile(r"[;{]").search(code, at):
        at = match.end()
        if match.group() == "{":
            at = closing(code, match.start(), "{}")
            if head_end < 0:
                head_end = match.start()
                body = code[match.start():at]
            if not is_function(code[start:head_end]):
                continue
        else:
            head_end = match.start() if head_end < 0 else head_end
        begin = start + len(code[start:]) - len(code[start:].lstrip())
        yield Item(code[begin:head_end], begin, at, body)
        start, head_end, body = at, -1, ""


def declared_name(head: str) -> tuple[str, int]:
    """The name that a head declares, and the offset of its parameters (-1: not a function)."""
    head = unwrap(head).split("=")[0]
    open_at = head.find("(")
    if open_at >= 0 and not head[open_at + 1:].lstrip().startswith("*"):
        words = WORD.findall(head[:open_at])
        return (words[-1] if words else "", open_at)
    if open_at >= 0:  # a pointer to a function
        words = WORD.findall(head[open_at:head.find(")")])
        words = [word for word in words if word not in ("const", "volatile")]
        return (words[0] if words else "", -1)
    words = WORD.findall(head.split("[")[0].split(":")[0])
    return (words[-1] if words else "", -1)


def parameter_count(text: str) -> int:
    """TEXT is what stands between the parentheses."""
    while "(" in text:
        start = text.index("(")
        text = text[:start] + text[closing(text, start, "()"):]
    return 0 if text.strip() in ("", "void") else text.count(",") + 1


def depth_of(body: str) -> tuple[int, int]:
    """The deepest nesting of a function's blocks, and the offset where it begins."""
    depth = deepest = where = 0
    for match in re.finditer(r"[{}]", body):
        depth += 1 if match.group() == "{" else -1
        if depth - 1 > deepest:
            deepest, where = depth - 1, match.start()
    return deepest, where


class File:
    """A C file and what it breaks."""

    def __init__(self, top: Path, path: Path) -> None:
        self.name = path.relative_to(top).as_posix()
        self.text = path.read_text(encoding="utf-8", errors="replace")
        self.hidden = hide(self.text)
        self.code = hide_directives(self.hidden)
        self.line_starts = [0] + [m.end() for m in re.finditer("\n", self.text)]
        self.items = list(split_items(self.code))

    def line(self, offset: int) -> int:
        return bisect.bisect_right(self.line_starts, offset)

    def finding(self, offset: int, rule: str, text: str) -> Finding:
        return Finding(self.name, self.line(offset), rule, text)

    def functions(self) -> Iterator[Item]:
        return (item for item in self.items if item.body and is_function(item.head))

    def check_size(self) -> Iterator[Finding]:
        for item in self.functions():
            lines = self.line(item.end - 1) - self.line(item.start) + 1
            if lines > FUNCTION_LINES:
                yield self.finding(item.start, "function-size",
                                   f"{declared_name(item.head)[0]} has {lines} lines, "
                                   f"allowed are {FUNCTION_LINES}")

    def check_shape(self) -> Iterator[Finding]:
        for item in self.items:
            name, open_at = declared_name(item.head)
            if open_at >= 0 and "=" not in item.head:
                head = unwrap(item.head)
                count = parameter_count(head[open_at + 1:closing(head, open_at, "()") - 1])
                if count > PARAMETERS:
                    yield self.finding(item.start, "parameters", f"{name} has {count}")
        for item in self.functions():
            name = declared_name(item.head)[0]
            body_at = item.end - len(item.body)
            depth, where = depth_of(item.body)
            if depth > NESTING:
                yield self.finding(body_at + where, "nesting", f"{name} has {depth} levels")
            for match in CONDITION.finditer(self.hidden, body_at, item.end):
                yield self.finding(match.start(), "condition", f"#if inside {name}")

    def check_includes(self, layer: str) -> Iterator[Finding]:
        for match in INCLUDE.finditer(self.text):
            quote, target = match.groups()
            folder = target.split("/")[0]
            if quote == "<":
                if target.startswith(("memkind", "hbwmalloc")) and LAYERS[layer] < PUBLIC_LAYER:
                    yield self.finding(match.start(), "layer", f"{layer} includes <{target}>")
            elif "/" not in target or folder not in LAYERS:
                yield self.finding(match.start(), "layer", f'"{target}" names no layer')
            elif folder != layer and LAYERS[folder] >= LAYERS[layer]:
                yield self.finding(match.start(), "layer", f'{layer} includes "{target}"')

    def check_calls(self, layer: str) -> Iterator[Finding]:
        in_src = self.name.removeprefix("src/")
        for match in CALL.finditer(self.hidden):
            call = match.group(1)
            if (in_src, call) in ALLOWED_CALLS or (layer == "os" and call in SYSTEM_CALLS):
                continue
            yield self.finding(match.start(), "call", f"{call}(): {CALL_REASONS[call]}")

    def check_names(self) -> Iterator[Finding]:
        for item in self.items:
            words = set(WORD.findall(unwrap(item.head)))
            if not words or words & {"static", "MK_INLINE", "extern", "typedef"}:
                continue
            name, open_at = declared_name(item.head)
            is_type = {"struct", "enum", "union"} & words and open_at < 0 and (
                (item.body and "=" not in item.head) or len(words) == 2)
            if not is_type and not EXPORTED.match(name):
                yield self.finding(item.start, "name", f"{name} is not static and not mk_...")


def check_source(top: Path, path: Path) -> Iterator[Finding]:
    file = File(top, path)
    layer = path.relative_to(top / "src").parts[0]
    if layer not in LAYERS:
        yield Finding(file.name, 1, "layer", f"src/{layer} is no layer")
        return
    yield from file.check_includes(layer)
    yield from file.check_calls(layer)
    yield from file.check_names()
    yield from file.check_size()
    yield from file.check_shape()


def check_file(top: Path, path: Path) -> Iterator[Finding]:
    """What holds for every file of every language."""
    name = path.relative_to(top).as_posix()
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    if len(lines) > FILE_LINES:
        yield Finding(name, len(lines), "file-size", f"{len(lines)} lines, at most {FILE_LINES}")
    if not any("SPDX-License-Identifier: BSD-2-Clause" in line for line in lines[:2]):
        yield Finding(name, 1, "licence", "no SPDX line at the top")


def files_below(folder: Path, *endings: str) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in endings and path.is_file())


def check_tree(top: Path) -> list[Finding]:
    findings: list[Finding] = []
    for folder in ("src", "include", "tools", "tests", "examples", "bench"):
        for path in files_below(top / folder, ".c", ".h", ".cpp", ".hpp", ".py", ".sh"):
            findings += check_file(top, path)
    for path in files_below(top / "src", ".c", ".h"):
        findings += check_source(top, path)
    for path in files_below(top / "tools", ".c", ".h"):
        findings += File(top, path).check_size()
    return findings


def main() -> int:
    top = Path(sys.argv[1]).resolve()
    if not (top / "src").is_dir():
        print(f"{top} has no folder src", file=sys.stderr)
        return 2
    findings = check_tree(top)
    for finding in findings:
        print(finding)
    print(f"{len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
