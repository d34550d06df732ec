# SPDX-License-Identifier: BSD-2-Clause
"""On which node are the pages of NumPy's arrays of a kind, of a block, and of other arrays?

Arguments: kind, node. Prints "NAME {node: bytes}" a line; the exit code is 1 where one is elsewhere.
"""

import sys
import threading

import memkind
import numpy


def main() -> int:
    kind, node = getattr(memkind, sys.argv[1]), int(sys.argv[2])
    with memkind.numpy(kind):
        arrays = [numpy.ones(4 << 20), numpy.arange(1000.0)]
        arrays.append(arrays[0] * 2)
    block = memkind.empty(kind, 8 << 20)
    block[:] = bytes(block.nbytes)
    failures = 0
    for name, data in (*zip(("ones", "range", "product"), arrays), ("block", block)):
        found = memkind.nodes(data)
        print(name, found)
        failures += found != {node: memoryview(data).nbytes} or memkind.kind_of(data) is not kind
    other = memkind.nodes(numpy.ones(1 << 20))
    print("other", other)
    failures += node in other
    thread = threading.Thread(target=arrays.clear)
    thread.start()
    thread.join()
    rest = memkind.stats(kind).allocated
    print("left", rest)
    return 1 if failures or rest > block.nbytes else 0


if __name__ == "__main__":
    sys.exit(main())
