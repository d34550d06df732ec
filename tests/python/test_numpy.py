# SPDX-License-Identifier: BSD-2-Clause
"""NumPy arrays of a kind: made, resized, viewed and freed in all the ways that NumPy has."""

import asyncio
import concurrent.futures
import contextvars
import gc
import os
import subprocess
import sys
import tempfile
import unittest

import memkind
import numpy

MIB = 1 << 20
FAR = memkind.DAX_KMEM


def allocated(kind: memkind.Kind = FAR) -> int:
    return memkind.stats(kind).allocated


class ArraysTest(unittest.TestCase):
    def setUp(self) -> None:
        # What NumPy keeps of small blocks for reuse is its own affair.
        gc.collect()

    def test_every_way_to_make_one(self) -> None:
        ordinary = numpy.ones(10000)
        with memkind.numpy(FAR):
            arrays = [numpy.empty(1000), numpy.zeros((300, 400)), numpy.arange(50000),
                      numpy.array(range(1000)), ordinary * 2, ordinary.copy(),
                      numpy.concatenate([ordinary, ordinary]), numpy.fromiter(range(500), int)]
        for array in arrays:
            self.assertIs(memkind.kind_of(array), FAR)
        self.assertIsNone(memkind.kind_of(ordinary))
        self.assertIsNone(memkind.kind_of(numpy.empty(1000)))
        self.assertEqual(arrays[1].sum(), 0)
        self.assertTrue((arrays[4] == 2).all())

    def test_move(self) -> None:
        with memkind.numpy(FAR):
            array = numpy.arange(50000)
        memkind.move(array, memkind.REGULAR)
        self.assertIs(memkind.kind_of(array), memkind.REGULAR)
        array.resize(100000, refcheck=False)
        self.assertIs(memkind.kind_of(array), FAR)
        self.assertEqual(int(array[49999]), 49999)

    def test_freed_after_the_with_and_by_other_threads(self) -> None:
        before = allocated()
        with memkind.numpy(FAR):
            arrays = [numpy.zeros(MIB) for _ in range(8)]
        self.assertGreaterEqual(allocated(), before + 64 * MIB)
        view = arrays[0][::2]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: arrays.pop() is None, range(8)))
        self.assertLess(allocated(), before + 16 * MIB)
        self.assertIs(memkind.kind_of(view), FAR)
        view[:] = 1
        del view
        self.assertLessEqual(allocated(), before + 4096)

    def test_resize_keeps_the_kind(self) -> None:
        with memkind.numpy(FAR):
            array = numpy.arange(1000)
        array.resize(MIB, refcheck=False)
        self.assertIs(memkind.kind_of(array), FAR)
        self.assertEqual((array[999], array[1000], array[-1]), (999, 0, 0))
        array.resize(0, refcheck=False)
        array.resize(10, refcheck=False)
        self.assertIs(memkind.kind_of(array), FAR)
        with memkind.numpy(FAR):
            empty = numpy.empty(0)
        empty.resize(1000, refcheck=False)
        self.assertIs(memkind.kind_of(empty), FAR)

    def test_nested(self) -> None:
        with memkind.numpy(FAR):
            with memkind.numpy(memkind.REGULAR):
                inner = numpy.empty(1000)
            outer = numpy.empty(1000)
            with self.assertRaises(KeyError):
                with memkind.numpy(memkind.REGULAR):
                    raise KeyError
            after = numpy.empty(1000)
        self.assertIs(memkind.kind_of(inner), memkind.REGULAR)
        self.assertIs(memkind.kind_of(outer), FAR)
        self.assertIs(memkind.kind_of(after), FAR)
        self.assertIsNone(memkind.kind_of(numpy.empty(1000)))

    def test_decorator(self) -> None:
        make = memkind.numpy(FAR)(lambda: numpy.empty(1000))
        self.assertIs(memkind.kind_of(make()), FAR)
        self.assertIs(memkind.kind_of(make()), FAR)

    def test_other_threads_are_not_concerned(self) -> None:
        def kind() -> memkind.Kind | None:
            return memkind.kind_of(numpy.empty(1000))

        with memkind.numpy(FAR), concurrent.futures.ThreadPoolExecutor(1) as pool:
            self.assertIsNone(pool.submit(kind).result())
            self.assertIs(pool.submit(contextvars.copy_context().run, kind).result(), FAR)

    def test_tasks_have_their_own(self) -> None:
        async def task(kind: memkind.Kind) -> bool:
            with memkind.numpy(kind):
                await asyncio.sleep(0)
                return memkind.kind_of(numpy.empty(1000)) is kind

        async def both() -> list[bool]:
            return await asyncio.gather(*[task(kind) for kind in (FAR, memkind.REGULAR) * 4])

        self.assertEqual(asyncio.run(both()), [True] * 8)

    def test_many_threads(self) -> None:
        def work(number: int) -> bool:
            kind = (FAR, memkind.REGULAR)[number % 2]
            with memkind.numpy(kind):
                arrays = [numpy.full(size, number) for size in range(1, 3000, 7)]
            return all(memkind.kind_of(array) is kind and array[-1] == number for array in arrays)

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            self.assertTrue(all(pool.map(work, range(32))))

    def test_empty_holds_an_array(self) -> None:
        array = numpy.frombuffer(memkind.empty(FAR, 8000), dtype=float)
        array[:] = 3
        self.assertIs(memkind.kind_of(array), FAR)
        self.assertEqual(array.sum(), 3000)

    def test_arrays_in_a_file(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            descriptors = len(os.listdir("/proc/self/fd"))
            with memkind.numpy(memkind.pmem(folder, 64 * MIB)):
                array = numpy.ones(4 * MIB)
                with self.assertRaises(MemoryError):
                    numpy.ones(8 * MIB)
            self.assertEqual(memkind.kind_of(array).name, folder)
            self.assertEqual(array.sum(), 4 * MIB)
            del array
            gc.collect()
            self.assertEqual(len(os.listdir("/proc/self/fd")), descriptors)

    def test_unavailable(self) -> None:
        said = subprocess.run(
            [sys.executable, "-B", "-c", "import memkind\nwith memkind.numpy(memkind.DAX_KMEM): pass"],
            env={**os.environ, "MEMKIND_DAX_KMEM_NODES": "none"}, stderr=subprocess.PIPE, text=True,
            check=False)
        self.assertEqual(said.returncode, 1)
        self.assertRegex(said.stderr, "memkind.UnavailableError: DAX_KMEM is not available here: .")


if __name__ == "__main__":
    unittest.main()
