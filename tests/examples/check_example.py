#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""An example does what it is an example of, with far memory and, as it says then, without.

Arguments: its name, the command that runs it.
"""

import os
import subprocess
import sys
import tempfile

# Those that are the same wherever far memory is.
PLACELESS = {"file_kind": "64 MiB in the file\n", "openmp": "sum 549755289600, "}
ARGUMENTS = {"file_kind", "containers"}  # the examples that want a directory


def main() -> int:
    name, *command = sys.argv[1:]
    failures = 0
    for nodes, expected in (("0", "far memory"), ("none", "ordinary memory")):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([*command, *([folder] if name in ARGUMENTS else [])],
                                  env={**os.environ, "MEMKIND_DAX_KMEM_NODES": nodes},
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  check=False)
            rest = os.listdir(folder)
        expected = PLACELESS.get(name, expected)
        is_good = done.returncode == 0 and expected in done.stdout and not rest
        failures += not is_good
        print(f"{'ok' if is_good else 'FAIL'}: MEMKIND_DAX_KMEM_NODES={nodes}: exit status "
              f"{done.returncode}\n{done.stdout}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
