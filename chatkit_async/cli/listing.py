"""What commands that list share: the options that select, the walk over the pages, and a count meanwhile."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator
from functools import wraps
from types import TracebackType
from typing import Any, Final, NamedTuple, Self, TypeVar

import click

import chatkit_async
from chatkit_async.cli.output import is_terminal

MAX_PAGE_SIZE: Final = 100

T = TypeVar("T")


class Selection(NamedTuple):
    """What to list, and how much of it."""

    limit: int | None
    order: str | None
    after: str | None
    before: str | None
    max_items: int | None

    def query(self) -> dict[str, Any]:
        """The arguments of the client's listings; pages as large as they can be, unless that is too much or set."""
        limit = min(MAX_PAGE_SIZE, self.max_items or MAX_PAGE_SIZE) if self.limit is None else self.limit
        return {"limit": limit, "order": self.order, "after": self.after, "before": self.before}


_OPTIONS: Final = (
    click.option(
        "--limit",
        type=int,
        metavar="N",
        help="The size of a page, as the API names it: how many each request asks for, 1 to 100. All pages are"
        " listed; see --max-items.  [default: 100, or --max-items if that is less]",
    ),
    click.option(
        "--max-items",
        type=click.IntRange(min=1),
        metavar="N",
        help="How many to list in all.  [default: all there are]",
    ),
    click.option(
        "--order",
        type=click.Choice(["asc", "desc"]),
        help="By creation: `asc` the oldest first, `desc` the newest.  [API's default: desc]",
    ),
    click.option("--after", metavar="ID", help="Begin after this one, in the order of the listing."),
    click.option(
        "--before",
        metavar="ID",
        help="End before this one. Without --after, the page just before it comes first, then the page before that.",
    ),
    click.option(
        "--wide", is_flag=True, help="Print ids and titles whole on a terminal too. In a pipe they always are."
    ),
    click.option(
        "--json",
        "as_json",
        is_flag=True,
        help="Print JSON Lines: one object a line, as the API gave it, page by page. Errors are JSON too.",
    ),
)


def listing_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options of a listing: `selection`, `wide` and `as_json`."""

    @wraps(command)
    def with_selection(**options: Any) -> None:
        selection = Selection(**{name: options.pop(name) for name in Selection._fields})
        command(selection=selection, **options)

    decorated: Callable[..., None] = with_selection
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


def pages(
    listing: chatkit_async.Listing[T], progress: Progress, *, max_items: int | None = None
) -> Generator[tuple[T, ...]]:
    """The items of a listing, page by page, at most so many in all, and counted."""
    left = max_items
    for page in listing.pages():
        items = page.data[:left]
        yield items
        left = None if left is None else left - len(items)
        if left == 0:
            return
        progress.add(len(items), more=page.next_cursor is not None)


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
