# SPDX-License-Identifier: BSD-2-Clause
"""The package without NumPy: kinds, blocks with the buffer protocol, statistics, errors."""

import gc
import os
import re
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

import memkind

MIB = 1 << 20
TOP = Path(__file__).resolve().parents[2]


def run_without_far(script: str) -> str:
    """What a Python of its own prints where no node is far."""
    return subprocess.run([sys.executable, "-B", "-c", "import memkind\n" + script], text=True,
                          env={**os.environ, "MEMKIND_DAX_KMEM_NODES": "none"},
                          stdout=subprocess.PIPE, check=True).stdout


class KindsTest(unittest.TestCase):
    def test_there_is_a_constant_for_each_row_of_the_table(self) -> None:
        rows = re.findall(r"^MK_KIND\((\w+),", (TOP / "src/kind/kinds.def").read_text(), re.M)
        self.assertGreater(len(rows), 20)
        self.assertEqual([kind.name for kind in memkind.kinds()], rows)
        self.assertEqual([getattr(memkind, name) for name in rows], memkind.kinds())

    def test_available(self) -> None:
        self.assertTrue(memkind.DAX_KMEM.available)
        self.assertIsNone(memkind.DAX_KMEM.reason)
        self.assertGreater(memkind.DAX_KMEM.capacity or 0, 64 * MIB)
        self.assertEqual(repr(memkind.DAX_KMEM), "<memkind.Kind DAX_KMEM>")

    def test_unavailable(self) -> None:
        said = run_without_far(
            "kind = memkind.DAX_KMEM\n"
            "print(kind.available, kind.capacity)\n"
            "try:\n    memkind.empty(kind, 1)\n"
            "except memkind.UnavailableError as error:\n"
            "    print(str(error) == f'DAX_KMEM is not available here: {kind.reason}', kind.reason)\n")
        lines = said.splitlines()
        self.assertEqual(lines[0], "False None")
        self.assertRegex(lines[1], "^True .*MEMKIND_DAX_KMEM_NODES")


class DescribedTest(unittest.TestCase):
    def test_name_is_the_static_kind(self) -> None:
        self.assertIs(memkind.create("dax_kmem"), memkind.DAX_KMEM)

    def test_limit_and_what_comes_then(self) -> None:
        kind = memkind.create("nodes=0;limit=1M;then=nodes=0;limit=2M;then=regular")
        self.assertEqual(repr(kind), "<memkind.Kind nodes=0;limit=1M>")
        self.assertEqual(kind.capacity, MIB)
        blocks = [memkind.empty(kind, MIB) for _ in range(4)]
        self.assertIs(memkind.kind_of(blocks[0]), kind)
        then = memkind.kind_of(blocks[1])
        assert then is not None
        self.assertEqual((then.name, then.capacity), ("nodes=0;limit=2M", 2 * MIB))
        self.assertIs(memkind.kind_of(blocks[2]), then)
        self.assertIs(memkind.kind_of(blocks[3]), memkind.REGULAR)

    def test_it_goes_with_its_blocks(self) -> None:
        before = memkind.stats().allocated
        block = memkind.empty(memkind.create("nodes=0;limit=1M;then=nodes=0"), 8 * MIB)
        block[-1] = 1
        gc.collect()
        self.assertGreaterEqual(memkind.stats().allocated, before + 8 * MIB)
        then = memkind.kind_of(block)
        del block
        assert then is not None
        self.assertTrue(then.available)

    def test_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, '^"limit=x": allowed is '):
            memkind.create("nodes=0;limit=x")
        with self.assertRaisesRegex(ValueError, '^"fast": allowed is .*dax_kmem'):
            memkind.create("fast")
        absent = memkind.create("nodes=1023")
        with self.assertRaisesRegex(memkind.UnavailableError, "nodes=1023 is not available"):
            memkind.empty(absent, 1)


class BlocksTest(unittest.TestCase):
    def test_block_is_writable_and_of_the_kind(self) -> None:
        block = memkind.empty(memkind.DAX_KMEM, 3 * MIB)
        self.assertFalse(block.readonly)
        self.assertEqual((block.nbytes, block.format), (3 * MIB, "B"))
        self.assertIs(memkind.kind_of(block), memkind.DAX_KMEM)
        block[:5] = b"hello"
        block[-1] = 255
        words = block[8:16].cast("Q")
        words[0] = 1 << 63
        self.assertEqual((bytes(block[:5]), block[15], block[-1]), (b"hello", 128, 255))
        self.assertIsNone(memkind.kind_of(bytearray(10)))

    def test_freed_with_the_last_view(self) -> None:
        before = memkind.stats(memkind.DAX_KMEM).allocated
        block = memkind.empty(memkind.DAX_KMEM, 8 * MIB)
        part = block[MIB:]
        del block
        self.assertGreaterEqual(memkind.stats(memkind.DAX_KMEM).allocated, before + 8 * MIB)
        part[0] = 1
        freed = threading.Thread(target=lambda views: views.clear(), args=([part],))
        del part
        freed.start()
        freed.join()
        del freed
        self.assertEqual(memkind.stats(memkind.DAX_KMEM).allocated, before)

    def test_sizes(self) -> None:
        self.assertEqual(memkind.empty(memkind.REGULAR, 0).nbytes, 0)
        with self.assertRaises(ValueError):
            memkind.empty(memkind.REGULAR, -1)
        with self.assertRaises(MemoryError) as caught:
            memkind.empty(memkind.REGULAR, sys.maxsize)
        self.assertEqual(str(caught.exception), f"REGULAR has no {sys.maxsize} bytes")
        self.assertNotIsInstance(caught.exception, memkind.UnavailableError)

    def test_nodes_are_those_of_touched_pages(self) -> None:
        block = memkind.empty(memkind.DAX_KMEM, 8 * MIB)
        block[MIB:3 * MIB] = bytes(2 * MIB)
        self.assertEqual(memkind.nodes(block[MIB:3 * MIB]), {0: 2 * MIB})
        self.assertEqual(memkind.nodes(block[MIB + 5:MIB + 10]), {0: 5})
        self.assertGreaterEqual(memkind.DAX_KMEM.resident()[0], 2 * MIB)

    def test_move(self) -> None:
        block = memkind.empty(memkind.REGULAR, 3 * MIB)
        block[:] = bytes(range(256)) * (3 * MIB // 256)
        memkind.move(block, memkind.DAX_KMEM)
        self.assertIs(memkind.kind_of(block), memkind.DAX_KMEM)
        self.assertEqual(bytes(block[512:768]), bytes(range(256)))
        memkind.move(block, memkind.REGULAR)
        self.assertIs(memkind.kind_of(block), memkind.REGULAR)
        small = memkind.empty(memkind.REGULAR, 100)
        no_block = "an argument is not allowed"
        for data, text in ((block[4096:], no_block), (bytearray(MIB), no_block),
                           (small, r"memkind_realloc\(\)")):
            with self.assertRaisesRegex(ValueError, text):
                memkind.move(data, memkind.DAX_KMEM)
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaises(OSError):
                memkind.move(block, memkind.pmem(folder))

    def test_wrong_types(self) -> None:
        with self.assertRaises(TypeError):
            memkind.kind_of(1)
        with self.assertRaises(TypeError):
            memkind.nodes("text")
        with self.assertRaises(AttributeError):
            memkind.empty("DAX_KMEM", 1)

    def test_trim_and_stats(self) -> None:
        block = memkind.empty(memkind.HIGHEST_CAPACITY, 64 * MIB)
        block[:] = bytes(64 * MIB)
        stats = memkind.stats(memkind.HIGHEST_CAPACITY)
        self.assertGreaterEqual(min(stats), 64 * MIB)
        self.assertGreaterEqual(memkind.stats().allocated, stats.allocated)
        del block
        self.assertTrue(memkind.HIGHEST_CAPACITY.trim())
        self.assertLess(memkind.stats(memkind.HIGHEST_CAPACITY).resident, 4 * MIB)


class FilesTest(unittest.TestCase):
    def test_kind_lives_as_long_as_its_blocks(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            kind = memkind.pmem(Path(folder), 32 * MIB)
            self.assertEqual((kind.name, kind.capacity), (folder, 32 * MIB))
            block = memkind.empty(kind, 20 * MIB)
            with self.assertRaises(MemoryError):
                memkind.empty(kind, 20 * MIB)
            descriptors = len(os.listdir("/proc/self/fd"))
            self.assertIs(memkind.kind_of(block), kind)
            del kind
            gc.collect()
            block[::4096] = bytes(len(block[::4096]))
            self.assertEqual(memkind.kind_of(block).name, folder)
            del block
            self.assertLess(len(os.listdir("/proc/self/fd")), descriptors)

    def test_errors(self) -> None:
        with self.assertRaises(FileNotFoundError) as caught:
            memkind.pmem("/nowhere")
        self.assertEqual(caught.exception.filename, "/nowhere")
        for size in (-1, 1, 16 * MIB - 1):
            with self.assertRaises(ValueError):
                memkind.pmem("/tmp", size)


if __name__ == "__main__":
    unittest.main()
