# SPDX-License-Identifier: BSD-2-Clause
"""A copy of the machine's files that is thrown away (overlayfs, in a mount namespace)."""

import shlex
import subprocess
from pathlib import Path

# The exit status where there can be no copy.
IMPOSSIBLE = 77

# Variables: copy, needed.
_MAKE = """
mount -t tmpfs none $copy && mkdir $copy/upper $copy/work $copy/root &&
mount -t overlay -o lowerdir=/,upperdir=$copy/upper,workdir=$copy/work overlay $copy/root || exit 77
for path in proc sys dev; do mount --rbind /$path $copy/root/$path || exit 77; done
for path in $needed; do test -e $copy/root$path || exit 77; done
"""


def _with_values(script: str, values: dict[str, str | Path]) -> str:
    lines = [f"{name}={shlex.quote(str(value))}" for name, value in values.items()]
    return "\n".join([*lines, script])


def run(script: str, values: dict[str, str | Path], folder: Path,
        needed: list[Path]) -> subprocess.CompletedProcess[str]:
    """Runs a shell script as root in a copy, which is mounted below FOLDER.

    VALUES are the script's variables. The paths NEEDED must be in the copy; what is mounted over the
    machine's root may not be.
    """
    copy = folder / "copy"
    copy.mkdir()
    inner = shlex.quote(_with_values(script, values))
    outer = _with_values(f"{_MAKE}\nexec chroot $copy/root sh -c {inner}",
                         {"copy": copy, "needed": " ".join(map(str, needed))})
    return subprocess.run(["unshare", "-m", "sh", "-c", outer], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
