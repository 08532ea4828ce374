"""Tables for people: on a terminal cut to its width, one line a row; elsewhere whole and page by page."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import accumulate, compress, dropwhile
from typing import Literal, NamedTuple
from unicodedata import category, east_asian_width

import click

from chatkit_async.cli.output import colour, columns_of, is_terminal, printable

TableRow = tuple[str, ...]

GAP = 2
ELLIPSIS = "…"
LEAST_WIDTH = 8  # of a column on a terminal too narrow for the columns' own least widths


class Column(NamedTuple):
    """A column: its heading, and what a narrow terminal does to it.

    Attributes:
        heading: of the column.
        cut: where its texts are cut; ids in the middle.
        min_width: in cells.
        may_go: if all rows have the same text, the column is left out, and the text is printed below the table.
    """

    heading: str
    cut: Literal["middle", "end"] = "end"
    min_width: int = 8
    may_go: bool = False


class Table:
    """A table whose rows come page by page; leaving its `with` block prints the rows held back, also after a failure.

    On a terminal the rows are printed together at the end, cut so that each takes one line. Elsewhere, or with `wide`,
    they are printed whole, as they come.

    Args:
        columns: in their order; `fitted_widths` says which are cut first.
        wide: print all texts whole on a terminal too.

    Attributes:
        count: rows added so far.
    """

    def __init__(self, columns: Sequence[Column], *, wide: bool = False) -> None:
        self._columns = columns
        self._is_fitted = is_terminal(sys.stdout) and not wide
        self._held: list[TableRow] = []
        self._widths = [0] * len(columns)
        self.count = 0

    def add(self, rows: Sequence[TableRow]) -> None:
        """Prints these rows, or holds them back for the end."""
        shown = [tuple(map(printable, row)) for row in rows]
        if self._is_fitted:
            self._held += shown
        elif shown:
            self._print(shown, with_head=not self.count)
        self.count += len(shown)

    def __enter__(self) -> Table:
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._held:
            print_fitted(self._columns, self._held)

    def _print(self, rows: Sequence[TableRow], *, with_head: bool) -> None:
        heads = [tuple(column.heading for column in self._columns)] if with_head else []
        texts = list(zip(*heads, *rows, strict=True))
        # A column never gets narrower again: most pages then line up with those before.
        self._widths = [max(width, *map(cells, column)) for width, column in zip(self._widths, texts, strict=True)]
        click.echo("\n".join(aligned(row, self._widths) for row in [*heads, *rows]))


def print_fitted(columns: Sequence[Column], rows: Sequence[TableRow]) -> None:
    """Prints a table no wider than the terminal; a line never breaks."""
    available = columns_of(sys.stdout)
    if _total_width(natural_widths(columns, rows)) > available:
        columns, rows, left_out = without_repetition(columns, rows)
    else:
        left_out = ""
    natural = natural_widths(columns, rows)
    widths = fitted_widths(columns, natural, available)
    heading, *lines = (
        shortened(aligned(shortened_row(columns, row, widths), widths), available)
        for row in [tuple(column.heading for column in columns), *rows]
    )
    click.echo(click.style(heading, bold=True), color=colour())
    click.echo("\n".join([*lines, *([shortened(left_out, available)] if left_out else [])]))
    if any(
        column.cut == "middle" and width < whole for column, width, whole in zip(columns, widths, natural, strict=True)
    ):
        click.echo(
            click.style("Ids are shortened to fit; --wide prints them whole.", dim=True), err=True, color=colour()
        )


def without_repetition(
    columns: Sequence[Column], rows: Sequence[TableRow]
) -> tuple[Sequence[Column], Sequence[TableRow], str]:
    """The table without the columns that have one text in all of several rows, and a line that names these texts."""
    kept = [not column.may_go or len({row[place] for row in rows}) > 1 for place, column in enumerate(columns)]
    if len(rows) < 2 or all(kept):
        return columns, rows, ""
    names = ", ".join(f"{it.heading.lower()} {rows[0][place]}" for place, it in enumerate(columns) if not kept[place])
    return [*compress(columns, kept)], [tuple(compress(row, kept)) for row in rows], f"In all rows: {names}"


def natural_widths(columns: Sequence[Column], rows: Sequence[TableRow]) -> list[int]:
    """The widths that would show all texts whole."""
    heads = tuple(column.heading for column in columns)
    return [max(map(cells, column)) for column in zip(heads, *rows, strict=True)]


def fitted_widths(columns: Sequence[Column], natural: Sequence[int], available: int) -> list[int]:
    """The widths that fit the terminal: ids shrink first, then the last column, then the one before it.

    Args:
        columns: with the least width of each.
        natural: the width of each that would show all texts whole.
        available: the width of the terminal.
    """
    widths = list(natural)
    excess = _total_width(natural) - available
    ids = [place for place, column in enumerate(columns) if column.cut == "middle"]
    others = [place for place, column in enumerate(columns) if column.cut == "end"]
    for least_widths in ([column.min_width for column in columns], [LEAST_WIDTH] * len(columns)):
        for place in [*ids, *reversed(others)]:
            given = min(max(excess, 0), max(widths[place] - least_widths[place], 0))
            widths[place] -= given
            excess -= given
    return widths


def _total_width(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def shortened_row(columns: Sequence[Column], row: TableRow, widths: Sequence[int]) -> TableRow:
    """The row with texts cut to the widths of their columns."""
    return tuple(shortened(text, width, column.cut) for column, text, width in zip(columns, row, widths, strict=True))


def shortened(text: str, width: int, cut: Literal["middle", "end"] = "end") -> str:
    """The text, cut to that many cells, with an ellipsis at the cut."""
    if cells(text) <= width:
        return text
    tail_width = (width - 1) // 2 if cut == "middle" else 0
    tail = _head(text[::-1], tail_width)[::-1] if tail_width else ""
    tail = "".join(dropwhile(is_zero_width, tail))  # an accent whose letter was cut off
    return f"{_head(text, width - 1 - cells(tail))}{ELLIPSIS}{tail}"


def _head(text: str, width: int) -> str:
    """As much of the text's beginning as fits."""
    taken = sum(total <= width for total in accumulate(map(cells, text)))
    return text[:taken]


def aligned(row: TableRow, widths: Sequence[int]) -> str:
    """The row as a line; each text except the last is padded to the width of its column."""
    *texts, last = row
    filled = [text + " " * (width - cells(text) + GAP) for text, width in zip(texts, widths, strict=False)]
    return ("".join(filled) + last).rstrip()


def cells(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return sum(0 if is_zero_width(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def is_zero_width(char: str) -> bool:
    """Whether a character is drawn upon another, as accents and Thai vowels are, or joins two."""
    return not char.isascii() and category(char) in ("Mn", "Me", "Cf")
