"""Tables for people: fitted to a terminal, or aligned text, page by page, where the output goes elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from shutil import get_terminal_size
from unicodedata import combining, east_asian_width

import click

from chatkit_async.cli.output import coloured, is_terminal, printable

TableRow = tuple[str, ...]

GAP = 2
NARROWEST_LAST = 20  # characters that the last column, the one that folds, keeps on a narrow terminal


class Table:
    """A table whose rows come little by little; `with` prints what is held back, also after a failure.

    On a terminal the rows are printed together, so that their columns fit; elsewhere as they come.

    Args:
        headings: of the columns; the last one is folded where a terminal is too narrow.

    Attributes:
        count: rows added so far.
    """

    def __init__(self, headings: TableRow) -> None:
        self._headings = headings
        self._is_fitted = is_terminal(sys.stdout)
        self._held: list[TableRow] = []
        self._widths = [0] * len(headings)
        self.count = 0

    def add(self, rows: Sequence[TableRow]) -> None:
        """Prints these rows, or holds them back for the end."""
        shown = [tuple(map(printable, row)) for row in rows]
        if self._is_fitted:
            self._held += shown
        elif shown:
            self._print(shown if self.count else [self._headings, *shown])
        self.count += len(shown)

    def __enter__(self) -> Table:
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._held:
            print_fitted(self._headings, self._held)

    def _print(self, rows: Sequence[TableRow]) -> None:
        # A column gets no narrower again: most pages then line up with those before.
        self._widths = [
            max(width, *map(cells, column)) for width, column in zip(self._widths, zip(*rows, strict=True), strict=True)
        ]
        click.echo("\n".join(aligned(row, self._widths) for row in rows))


def aligned(row: TableRow, widths: Sequence[int]) -> str:
    """The row as a line, each text but the last filled up to its column's width."""
    *texts, last = row
    filled = [text + " " * (width - cells(text) + GAP) for text, width in zip(texts, widths, strict=False)]
    return ("".join(filled) + last).rstrip()


def cells(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def print_fitted(headings: TableRow, rows: Sequence[TableRow]) -> None:
    """Prints a table as wide as the terminal; ids are never cut, but wrapped by the terminal itself."""
    # Only for a terminal: these imports take longer than many a listing.
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table as RichTable  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    fixed = sum(max(map(cells, column)) + GAP for column in list(zip(headings, *rows, strict=True))[:-1])
    width = max(get_terminal_size().columns, fixed + NARROWEST_LAST)
    # With a height beside it, rich keeps to the width on dumb terminals too.
    console = Console(color_system="auto" if coloured() else None, width=width, height=1)
    table = RichTable(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for heading in headings[:-1]:
        table.add_column(heading, no_wrap=True)
    table.add_column(headings[-1], overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))  # Text: what a server sends is no markup
    console.print(table)
