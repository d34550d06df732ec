#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""bash, zsh and fish complete every command and option of the tools, and nothing else.

Arguments: a shell, the folder of the completions, and the tools memkind and memtier. Exit status 77:
skipped.
"""

import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import helptext

SHELL, FOLDER = sys.argv[1], Path(sys.argv[2]).resolve()
MEMKIND, MEMTIER = Path(sys.argv[3]), Path(sys.argv[4])
SCRATCH = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with

_BASH_COMPLETION = Path("/usr/share/bash-completion/bash_completion")
# Presses the key on a line, as a user would, and prints the words that bash was given.
_BASH = r"""
. {package}
. {folder}/memkind.bash
COMP_LINE={line}
COMP_POINT=${{#COMP_LINE}}
COMP_TYPE=9 COMP_KEY=9
# bash cuts a line at these characters, and keeps them.
mapfile -t COMP_WORDS < <(python3 -c '
import re, sys
for word in sys.argv[1].split(" "):
    print("\n".join(re.findall("[=:]+|[^=:]+", word) or [""]))' "$COMP_LINE")
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
compopt() {{ :; }}
_${{COMP_WORDS[0]}} 2>&1
printf '%s\n' "${{COMPREPLY[@]}}"
"""
# An editor of lines on a terminal that writes down what it is offered, instead of showing it.
_ZSH = r"""
fpath=({folder} $fpath)
autoload -Uz compinit
compinit -u
compadd() {{
	local -a hits
	# Those with one of these options fill an array, and offer nothing.
	if [[ ${{@[1,(i)(-|--)]}} != *-(O|A|D)\ * ]]; then
		builtin compadd -O hits "$@"
		((#hits)) && print -rl -- $hits >>{output}
	fi
	builtin compadd "$@"
}}
finish() {{ zle complete-word; exit; }}
zle -N finish
bindkey '^I' finish
"""


def quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def in_bash(line: str) -> list[str]:
    script = _BASH.format(package=_BASH_COMPLETION, folder=FOLDER, line=quote(line))
    return subprocess.run(["bash", "--norc", "--noprofile", "-c", script], capture_output=True,
                          text=True, check=True).stdout.splitlines()


def in_fish(line: str) -> list[str]:
    script = f"source {FOLDER}/{line.split()[0]}.fish; complete -C{quote(line)}"
    shown = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, text=True,
                           check=True).stdout
    return [row.split("\t")[0] for row in shown.splitlines()]


def in_zsh(line: str) -> list[str]:
    # What zsh finds out about all completions it keeps there for the next line.
    home = Path(SCRATCH.name)
    output = home / "output"
    output.unlink(missing_ok=True)
    (home / ".zshrc").write_text(_ZSH.format(folder=FOLDER, output=output))
    terminal, end = pty.openpty()
    with subprocess.Popen(["zsh", "-d", "-i"], stdin=end, stdout=end, stderr=end, cwd=home,
                          env={**os.environ, "ZDOTDIR": str(home), "TERM": "dumb", "PS1": ""},
                          start_new_session=True) as shell:
        os.close(end)
        os.write(terminal, f"{line}\t".encode())
        try:
            while os.read(terminal, 4096):
                pass
        except OSError:  # the shell has ended
            pass
        shell.wait()
    os.close(terminal)
    return output.read_text().splitlines() if output.exists() else []


_SHELLS = {"bash": in_bash, "fish": in_fish, "zsh": in_zsh}


def candidates(line: str) -> set[str]:
    return {re.sub(r"[= ]$", "", word) for word in _SHELLS[SHELL](line)}


class CompletionTest(unittest.TestCase):
    """What is offered behind a line."""

    def assert_offered(self, line: str, wanted: set[str]) -> None:
        self.assertEqual(candidates(line), wanted, f"after \"{line}\"")

    def test_commands(self) -> None:
        offered = candidates("memkind ")
        commands = set(helptext.commands(MEMKIND))
        self.assertEqual({word for word in offered if not word.startswith("-")}, commands)

    def test_options_of_memkind(self) -> None:
        self.assert_offered("memkind -", helptext.options(MEMKIND) | {"--version"})

    def test_options_of_commands(self) -> None:
        for command in helptext.commands(MEMKIND):
            with self.subTest(command=command):
                self.assert_offered(f"memkind {command} -", helptext.options(MEMKIND, command))

    def test_options_of_memtier(self) -> None:
        self.assert_offered("memtier -", helptext.options(MEMTIER))

    def test_kinds(self) -> None:
        self.assert_offered("memkind run --kind ", helptext.kinds(MEMKIND))

    def test_kind_behind_equals_sign(self) -> None:
        offered = {word.removeprefix("--kind=") for word in candidates("memkind run --kind=low")}
        self.assertEqual(offered, {"lowest_latency_local", "lowest_latency_local_preferred"})

    def test_programs(self) -> None:
        for line in ("memkind run --kind dax_kmem --stats sleep", "memkind run -- sleep",
                     "memkind run --size 64K: --kind=hbw sleep", "memtier -r 1:4 sleep"):
            with self.subTest(line=line):
                self.assertIn("sleep", candidates(line))

    def test_options_of_a_program_are_its_own(self) -> None:
        self.assertNotIn("--kind", candidates("memkind run --stats sleep --"))


def missing() -> str:
    if shutil.which(SHELL) is None:
        return SHELL
    if SHELL == "bash" and not _BASH_COMPLETION.exists():
        return "bash-completion"
    return ""


if __name__ == "__main__":
    if missing():
        print(f"SKIP: {missing()} is not installed")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1])
