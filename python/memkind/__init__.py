# SPDX-License-Identifier: BSD-2-Clause
"""Memory of several kinds: DRAM, persistent and CXL memory, memory of high bandwidth.

    import memkind, numpy

    with memkind.numpy(memkind.DAX_KMEM):
        cold = numpy.zeros((10_000, 10_000))  # on the far node closest to the CPU

    block = memkind.empty(memkind.DAX_KMEM, 1 << 20)  # a writable memoryview

The kinds are those of memkind.h, which says what each of them is. Memory is freed with the last
object that uses it, in whichever thread that is.
"""

import contextlib
import os
import weakref
from collections.abc import Iterator
from typing import Any, NamedTuple

from . import _memkind


_ERROR_INVALID = -13
_ERROR_NOT_ITS_PAGES = -1001


class UnavailableError(MemoryError):
    """There is no memory of the kind; the text says why."""


class Stats(NamedTuple):
    """What memkind_get_stat() tells, in bytes."""

    resident: int
    """In RAM, in blocks or idle."""
    active: int
    """In pages that have blocks."""
    allocated: int
    """Usable in blocks."""


class Kind:
    """A kind of memory. There is one object for each; compare them with `is`."""

    __slots__ = ("name", "_handle", "__weakref__")

    def __init__(self, name: str, handle: int) -> None:
        self.name = name
        """As in MEMKIND_<name>, the directory of a kind on a file, or a description."""
        self._handle = handle
        _kinds_by_handle[handle] = self

    def __repr__(self) -> str:
        return f"<memkind.Kind {self.name}>"

    @property
    def reason(self) -> str | None:
        """Why there is no memory of this kind; None: there is."""
        return _memkind.reason(self._handle)

    @property
    def available(self) -> bool:
        """Whether memory of this kind can be had."""
        return self.reason is None

    @property
    def capacity(self) -> int | None:
        """Bytes, free or not, of the nodes that serve this thread; None: there is no such number."""
        capacity = _memkind.capacity(self._handle)
        return None if capacity < 0 else capacity

    def resident(self) -> dict[int, int]:
        """The bytes of this kind on each node that has some."""
        return _memkind.resident(self._handle)

    def trim(self) -> bool:
        """Gives idle memory back to the system now; whether there was any."""
        return _memkind.trim(self._handle)


class _OwnKind(Kind):
    """A kind that goes with its object; what is allocated from it holds the object."""

    __slots__ = ("behind",)

    def __init__(self, name: str, handle: int) -> None:
        super().__init__(name, handle)
        self.behind: dict[int, str] = {}
        """The kinds that are asked when it has no memory, handle -> name, but for static ones."""

    def __del__(self) -> None:
        _memkind.destroy(self._handle)


class _PartKind(Kind):
    """A kind behind another one, with which it goes."""

    __slots__ = ("_first",)

    def __init__(self, name: str, handle: int, first: _OwnKind) -> None:
        super().__init__(name, handle)
        self._first = first


_kinds_by_handle: "weakref.WeakValueDictionary[int, Kind]" = weakref.WeakValueDictionary()
_kinds = {name: Kind(name, handle) for name, handle in _memkind.kinds().items()}

DEFAULT = _kinds["DEFAULT"]
REGULAR = _kinds["REGULAR"]
INTERLEAVE = _kinds["INTERLEAVE"]
DAX_KMEM = _kinds["DAX_KMEM"]
DAX_KMEM_ALL = _kinds["DAX_KMEM_ALL"]
DAX_KMEM_PREFERRED = _kinds["DAX_KMEM_PREFERRED"]
DAX_KMEM_INTERLEAVE = _kinds["DAX_KMEM_INTERLEAVE"]
HBW = _kinds["HBW"]
HBW_ALL = _kinds["HBW_ALL"]
HBW_PREFERRED = _kinds["HBW_PREFERRED"]
HBW_INTERLEAVE = _kinds["HBW_INTERLEAVE"]
HUGETLB = _kinds["HUGETLB"]
GBTLB = _kinds["GBTLB"]
HBW_HUGETLB = _kinds["HBW_HUGETLB"]
HBW_ALL_HUGETLB = _kinds["HBW_ALL_HUGETLB"]
HBW_PREFERRED_HUGETLB = _kinds["HBW_PREFERRED_HUGETLB"]
HBW_GBTLB = _kinds["HBW_GBTLB"]
HBW_PREFERRED_GBTLB = _kinds["HBW_PREFERRED_GBTLB"]
HIGHEST_CAPACITY = _kinds["HIGHEST_CAPACITY"]
HIGHEST_CAPACITY_PREFERRED = _kinds["HIGHEST_CAPACITY_PREFERRED"]
HIGHEST_CAPACITY_LOCAL = _kinds["HIGHEST_CAPACITY_LOCAL"]
HIGHEST_CAPACITY_LOCAL_PREFERRED = _kinds["HIGHEST_CAPACITY_LOCAL_PREFERRED"]
LOWEST_LATENCY_LOCAL = _kinds["LOWEST_LATENCY_LOCAL"]
LOWEST_LATENCY_LOCAL_PREFERRED = _kinds["LOWEST_LATENCY_LOCAL_PREFERRED"]
HIGHEST_BANDWIDTH_LOCAL = _kinds["HIGHEST_BANDWIDTH_LOCAL"]
HIGHEST_BANDWIDTH_LOCAL_PREFERRED = _kinds["HIGHEST_BANDWIDTH_LOCAL_PREFERRED"]
NG_DAX_KMEM_FIRST = _kinds["NG_DAX_KMEM_FIRST"]


def kinds() -> list[Kind]:
    """All kinds that need not be made."""
    return list(_kinds.values())


def create(text: str) -> Kind:
    """A kind by name or description, such as "nodes=2;limit=1G;then=default": see memkind-kinds(7).

    One that is described is gone when it and all that was allocated from it is. ValueError: the text
    is refused, and what is allowed.
    """
    handle = _memkind.create(text)
    if handle in _kinds_by_handle:
        return _kinds_by_handle[handle]
    first, *others = text.split(";then=")
    kind = _OwnKind(first, handle)
    for name in others:
        handle = _memkind.then(handle)
        if handle not in _kinds_by_handle:
            kind.behind[handle] = name
    return kind


def pmem(directory: str | os.PathLike[str], max_size: int = 0) -> Kind:
    """A kind whose memory is a file in DIRECTORY, of up to MAX_SIZE bytes (0: what is free there).

    The file has no name. It is gone when the kind and all that was allocated from it is. OSError:
    no file can be made there; ValueError: MAX_SIZE is below 16 MiB.
    """
    return _OwnKind(os.fspath(directory), _memkind.create_pmem(directory, max_size, directory))


def _require(kind: Kind) -> None:
    reason = kind.reason
    if reason is not None:
        raise UnavailableError(f"{kind.name} is not available here: {reason}")


def empty(kind: Kind, nbytes: int) -> memoryview:
    """NBYTES writable bytes of a kind, not cleared: for struct, readinto(), numpy.frombuffer() ...

    UnavailableError; ValueError: NBYTES is below 0; MemoryError: there are not that many.
    """
    _require(kind)
    try:
        return memoryview(_memkind.Buffer(kind, kind._handle, nbytes))
    except MemoryError:
        raise MemoryError(f"{kind.name} has no {nbytes} bytes") from None


@contextlib.contextmanager
def numpy(kind: Kind) -> Iterator[None]:
    """The data of NumPy arrays that are made within the `with` is of a kind.

    It holds for this thread (for this context, see contextvars), and within another such `with`
    until that one ends. Arrays stay of their kind, also when they are resized, unless they are moved.
    NumPy is imported when this is first called. UnavailableError: there is no memory of the kind.
    """
    from . import _numpy  # pylint: disable=import-outside-toplevel

    _require(kind)
    before = _numpy.set(_numpy.make(kind, kind._handle))
    try:
        yield
    finally:
        _numpy.set(before)


def kind_of(data: Any) -> Kind | None:
    """The kind of an object's memory, of an array or anything else with a buffer; None: of none."""
    handle = _memkind.detect(data)
    found = _kinds_by_handle.get(handle)
    if found is not None:
        return found
    for kind in list(_kinds_by_handle.values()):
        if isinstance(kind, _OwnKind) and handle in kind.behind:
            return _PartKind(kind.behind[handle], handle, kind)
    return None


def move(data: Any, kind: Kind) -> None:
    """Moves an object's memory, of an array or what empty() gave, to another kind, where it stands.

    It has to be all of a block of more than 32 KiB, see memkind_ng_move(). An array that is resized is
    of the kind again that it was made of. UnavailableError: there is no memory of the kind;
    ValueError: the memory is of no kind, or too small; OSError: it did not move, or in part, as the
    text says.
    """
    _require(kind)
    code, text = _memkind.move(data, kind._handle)
    if code in (_ERROR_INVALID, _ERROR_NOT_ITS_PAGES):
        raise ValueError(text.removeprefix("<memkind> "))
    if code != 0:
        raise OSError(text.removeprefix("<memkind> "))


def nodes(data: Any) -> dict[int, int]:
    """The bytes of an object's memory on each node; those that nobody has written to are on none."""
    return _memkind.nodes(data)


def stats(kind: Kind | None = None) -> Stats:
    """What there is of a kind now; of all kinds together without one."""
    return Stats(*_memkind.stats(0 if kind is None else kind._handle))
