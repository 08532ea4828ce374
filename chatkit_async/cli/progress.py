"""How far a long listing has come: a line on a terminal's stderr that leaves no trace."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import Self

import click

from chatkit_async.cli.output import is_terminal


class Progress:
    """Counts what has come, and shows the count while more is to come.

    Args:
        wanted: False where the terminal shows the things themselves.
    """

    def __init__(self, *, wanted: bool = True) -> None:
        self._is_shown = wanted and is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb"
        self._count = 0
        self._width = 0

    def add(self, count: int, *, more: bool) -> None:
        """So many have come, and whether there are more; a listing of one page shows nothing."""
        self._count += count
        if more:
            self._show(f"{self._count} so far ...")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, error_class: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._show("")

    def _show(self, text: str) -> None:
        if self._is_shown and (text or self._width):
            # Blanks and carriage returns do on every terminal, also where colours are not wanted.
            blank = f"\r{' ' * self._width}\r" if self._width else ""
            click.echo(blank + text, nl=False, err=True)
            self._width = len(text)
