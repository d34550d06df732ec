# SPDX-License-Identifier: BSD-2-Clause
"""The terminal: lines that stay, and below them a block that is redrawn in place.

When output is no terminal (or TERM=dumb, or NO_COLOR is set) everything is a plain log of lines.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from collections.abc import Callable
from typing import TextIO

STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34",
          "magenta": "35", "cyan": "36"}
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
EIGHTHS = " ▏▎▍▌▋▊▉"
REDRAW_SECONDS = 0.1


def is_live(stream: TextIO) -> bool:
    """May we move the cursor and use colour on this stream?"""
    return (stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
            and not os.environ.get("NO_COLOR"))


def style(text: str, *names: str) -> str:
    codes = ";".join(STYLES[n] for n in names)
    return f"\x1b[{codes}m{text}\x1b[0m" if codes else text


def plain(text: str) -> str:
    return ESCAPE.sub("", text)


def clip(text: str, width: int) -> str:
    """At most `width` columns of a styled line; the styles are closed."""
    if len(plain(text)) <= width:
        return text
    taken, columns = [], 0
    for part in re.split(f"({ESCAPE.pattern})", text):
        if ESCAPE.fullmatch(part):
            taken.append(part)
            continue
        taken.append(part[:max(0, width - 1 - columns)])
        columns += len(part)
    return "".join(taken) + "…\x1b[0m"


def bar(value: int, size: int, width: int) -> str:
    """`width` columns, filled by value/size to an eighth of a column."""
    if width <= 0:
        return ""
    eighths = round(8 * width * min(1.0, max(0.0, value / size))) if size > 0 else 0
    full, rest = divmod(eighths, 8)
    text = "█" * full + (EIGHTHS[rest] if rest else "")
    return text.ljust(width)


class Screen:
    """Owns the stream: `line` for what stays, `block` for what is redrawn, `task` for progress.

    All methods may be called from any thread; a painter thread keeps the block moving while
    nothing is reported, so that the viewer always sees that something happens.
    """

    def __init__(self, stream: TextIO, live: bool | None = None) -> None:
        self.stream = stream
        self.live = is_live(stream) if live is None else live
        self._lock = threading.RLock()
        self._drawn: list[int] = []
        self._block: Callable[[int], list[str]] | None = None
        self._task = ""
        self._detail = ""
        self._task_began = 0.0
        self._stop = threading.Event()
        self._painter: threading.Thread | None = None

    def __enter__(self) -> Screen:
        if self.live:
            self._write("\x1b[?25l")
            self._painter = threading.Thread(target=self._paint_on, daemon=True)
            self._painter.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._painter:
            self._painter.join()
            self._erase()
            self._write("\x1b[?25h")

    @property
    def width(self) -> int:
        return max(20, shutil.get_terminal_size((80, 24)).columns)

    def styled(self, text: str, *names: str) -> str:
        return style(text, *names) if self.live else text

    def line(self, text: str = "") -> None:
        """A line that stays."""
        with self._lock:
            self._erase()
            self._write((text if self.live else plain(text)) + "\n")
            self._draw()

    def task(self, text: str) -> None:
        """What is being done now; the one before is over and its time is printed."""
        with self._lock:
            self._close_task()
            self._task, self._detail, self._task_began = text, "", time.monotonic()
            if text and not self.live:
                self._write(f"... {text}\n")
            self._redraw()

    def detail(self, text: str) -> None:
        """The last word of the task, beside its name; a plain log leaves it out."""
        with self._lock:
            self._detail = text

    def block(self, draw: Callable[[int], list[str]] | None) -> None:
        """The lines to redraw, as a function of the width; None takes them away."""
        with self._lock:
            self._block = draw
            self._redraw()

    def _close_task(self) -> None:
        if not self._task:
            return
        seconds = f"{time.monotonic() - self._task_began:.1f} s"
        text = f"{style('✓', 'green')} {self._task} {style(seconds, 'dim')}"
        self._task = ""
        self.line(text)

    def _paint_on(self) -> None:
        while not self._stop.wait(REDRAW_SECONDS):
            with self._lock:
                self._redraw()

    def _lines(self) -> list[str]:
        lines = list(self._block(self.width - 1)) if self._block else []
        if self._task:
            seconds = time.monotonic() - self._task_began
            turn = SPINNER[int(seconds / REDRAW_SECONDS) % len(SPINNER)]
            lines.append(f"{style(turn, 'cyan')} {self._task} {style(f'{seconds:.0f} s', 'dim')}"
                         f"  {style(self._detail, 'dim')}")
        return lines

    def _redraw(self) -> None:
        """In one write, line over line: nothing flickers."""
        if self.live:
            up = self._up()
            self._draw(up)

    def _up(self) -> str:
        """Back to the first row of what was drawn: a narrower terminal has broken the lines."""
        rows = sum(max(1, -(-columns // self.width)) for columns in self._drawn)
        self._drawn = []
        return f"\x1b[{rows}F" if rows else ""

    def _erase(self) -> None:
        if self._drawn:
            self._write(f"{self._up()}\x1b[J")

    def _draw(self, before: str = "") -> None:
        if not self.live:
            return
        height = max(2, shutil.get_terminal_size((80, 24)).lines)
        # What scrolls off cannot be reached again: the last lines must do.
        lines = [clip(text, self.width - 1) for text in self._lines()][1 - height:]
        self._drawn = [len(plain(text)) for text in lines]
        self._write(before + "".join(f"{text}\x1b[K\n" for text in lines) + "\x1b[J")

    def _write(self, text: str) -> None:
        try:
            self.stream.write(text)
            self.stream.flush()
        except UnicodeEncodeError:
            encoding = self.stream.encoding or "ascii"
            self.stream.write(text.encode(encoding, "replace").decode(encoding))
