#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""NumPy arrays on far memory: what NumPy allocates within the `with` is of the kind."""

import memkind
import numpy


def main() -> int:
    far = memkind.DAX_KMEM
    if not far.available:
        print(f"no far memory: {far.reason}")
        far = memkind.REGULAR
    weights = numpy.linspace(0, 1, 1000)
    with memkind.numpy(far):
        history = numpy.zeros((1000, 1000))
        history += weights
        # Results are new arrays: of the kind as well, as long as they are made in here.
        doubled = history * 2
    sums = history.sum(axis=1)
    for array, kind in ((history, far), (doubled, far), (weights, None), (sums, None)):
        assert memkind.kind_of(array) is kind, memkind.kind_of(array)
    assert numpy.allclose(sums, 500) and doubled[0, -1] == 2
    used = memkind.stats(far).allocated
    assert used >= history.nbytes + doubled.nbytes
    print(f"{used >> 20} MiB in {'ordinary' if far is memkind.REGULAR else 'far'} memory,",
          f"by node: {far.resident()}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
