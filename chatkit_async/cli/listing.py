"""What commands that list share: the options that select, and pages from the API or from an archive file."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import wraps
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self, TypeVar

import click

import chatkit_async
from chatkit_async._core.base_url import DEFAULT_BASE_URL
from chatkit_async.cli.connection import Connection
from chatkit_async.cli.output import command_to_paste, is_pipe, is_terminal, print_warning, require_stdout
from chatkit_async.types.thread_operations import MAX_PAGE_SIZE

if TYPE_CHECKING:
    from chatkit_async.bulk import ArchiveInfo

T = TypeVar("T", chatkit_async.ChatKitThread, chatkit_async.ChatKitThreadItem)


class Selection(NamedTuple):
    """What to list, and how much of it."""

    page_size: int | None
    order: str | None
    after: str | None
    before: str | None
    max_items: int | None

    def query(self) -> dict[str, Any]:
        """The arguments of the client's listings; pages as large as they can be, unless that is too much or set."""
        limit = min(MAX_PAGE_SIZE, self.max_items or MAX_PAGE_SIZE) if self.page_size is None else self.page_size
        return {"limit": limit, "order": self.order, "after": self.after, "before": self.before}


def _refuse_limit(ctx: click.Context, param: click.Parameter, number: str | None) -> None:
    if number is not None:
        raise click.UsageError(
            f"--limit could mean two things: --max-items {number} lists at most {number} in all,"
            f" --page-size {number} asks for {number} with each request.",
            ctx,
        )


_LISTING_OPTIONS: Final = (
    click.option(
        "--max-items",
        type=click.IntRange(min=1),
        metavar="N",
        help="List at most so many, over all pages.  [default: all]",
    ),
    click.option(
        "--page-size",
        type=click.IntRange(1, MAX_PAGE_SIZE),
        metavar="N",
        help="How many each request asks for, 1 to 100; pages follow until all are listed."
        "  [default: 100, or --max-items if that is less]",
    ),
    click.option("--limit", metavar="N", hidden=True, expose_value=False, callback=_refuse_limit),
    click.option(
        "--order",
        type=click.Choice(["asc", "desc"]),
        help="By creation: `asc` for the oldest first, `desc` for the newest.  [API's default: desc]",
    ),
    click.option("--after", metavar="ID", help="Begin after this id, in the order of the listing."),
    click.option(
        "--before",
        metavar="ID",
        help="End before this id. Without --after, the page just before it comes first, then the page before that.",
    ),
    click.option(
        "--wide", is_flag=True, help="On a terminal, print all columns and whole texts, as in a file or pipe."
    ),
    click.option(
        "--json",
        "as_json",
        is_flag=True,
        help="Print JSON Lines: one object a line, as the API gave it. Errors are JSON too.",
    ),
)


def listing_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options of a listing: `selection`, `wide` and `as_json`."""

    @wraps(command)
    def with_selection(**options: Any) -> None:
        selection = Selection(**{name: options.pop(name) for name in Selection._fields})
        command(selection=selection, **options)

    decorated: Callable[..., None] = with_selection
    for option in reversed(_LISTING_OPTIONS):
        decorated = option(decorated)
    return decorated


def pages(
    listing: chatkit_async.Listing[T], progress: ListingProgress, *, max_items: int | None = None
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


class ListingProgress:
    """Counts what was listed, and shows the count on the terminal while more is to come.

    Beside a pipe nothing is shown: the program that reads it may write on the same terminal.

    Args:
        wanted: False where the terminal shows the listed objects themselves.
    """

    def __init__(self, *, wanted: bool = True) -> None:
        has_terminal = is_terminal(sys.stderr) and not is_pipe(sys.stdout)
        self._is_shown = wanted and has_terminal and os.environ.get("TERM") != "dumb"
        self._count = 0
        self._width = 0

    def add(self, count: int, *, more: bool) -> None:
        """Adds a page to the count; a listing of one page shows nothing."""
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
            # Spaces and carriage returns work on every terminal and are not colour codes.
            blank = f"\r{' ' * self._width}\r" if self._width else ""
            click.echo(blank + text, nl=False, err=True)
            self._width = len(text)


class ApiSource:
    """The API."""

    def __init__(self, client: chatkit_async.ChatKit) -> None:
        self._client = client

    def threads(
        self, user: str | None, selection: Selection, progress: ListingProgress
    ) -> Iterator[Sequence[chatkit_async.ChatKitThread]]:
        """The threads of a user, or all."""
        listing = self._client.threads.list(user=user, **selection.query())
        return pages(listing, progress, max_items=selection.max_items)

    def items(
        self, thread_id: str, selection: Selection, progress: ListingProgress
    ) -> Iterator[Sequence[chatkit_async.ChatKitThreadItem]]:
        """The items of a thread."""
        listing = self._client.threads.list_items(thread_id, **selection.query())
        return pages(listing, progress, max_items=selection.max_items)

    def thread(self, thread_id: str) -> chatkit_async.ChatKitThread:
        """One thread."""
        return self._client.threads.retrieve(thread_id)


class ArchiveSource:
    """An archive file; order, cursors and counts mean the same as for the API."""

    def __init__(self, archive: Any) -> None:
        self._archive = archive

    def threads(
        self, user: str | None, selection: Selection, progress: ListingProgress
    ) -> Iterator[Sequence[chatkit_async.ChatKitThread]]:
        """The threads of a user, or all."""
        return _selected(self._archive.threads(user), selection)

    def items(
        self, thread_id: str, selection: Selection, progress: ListingProgress
    ) -> Iterator[Sequence[chatkit_async.ChatKitThreadItem]]:
        """The items of a thread."""
        return _selected(self._archive.items(thread_id), selection)

    def thread(self, thread_id: str) -> chatkit_async.ChatKitThread:
        """One thread."""
        for thread in self._archive.threads():
            if "id" not in thread.missing_fields and thread.id == thread_id:
                found: chatkit_async.ChatKitThread = thread
                return found
        raise chatkit_async.ArchiveError(f"the archive holds no thread with the id {thread_id!r}")


def _selected(found: Iterable[T], selection: Selection) -> Iterator[tuple[T, ...]]:
    """The pages that the API would give."""
    rows = iter(found) if selection.order == "asc" else reversed(list(found))
    if selection.after is not None or selection.before is not None:
        rows = iter(_between(list(rows), selection))
    is_backwards = selection.before is not None and selection.after is None
    if is_backwards:
        rows = reversed(list(rows))
    left = selection.max_items
    while page := tuple(islice(rows, selection.query()["limit"])):
        yield (page[::-1] if is_backwards else page)[:left]
        left = None if left is None else left - len(page)
        if left is not None and left <= 0:
            return


def _between(rows: list[T], selection: Selection) -> list[T]:
    """The rows after and before the cursors; like the API, it ignores a cursor that is not in the list."""
    positions: dict[str | None, int] = {row.id: at for at, row in enumerate(rows) if hasattr(row, "id")}
    start, stop = positions.get(selection.after, -1) + 1, positions.get(selection.before, len(rows))
    return rows[start:stop]


@contextmanager
def source(connection: Connection, archive: str | None, *, as_json: bool) -> Generator[ApiSource | ArchiveSource]:
    """The API, or the archive of that name, open until the `with` block ends; an archive needs no key."""
    if archive is None:
        with connection.client() as client:
            yield ApiSource(client)
        return
    from chatkit_async.bulk import Archive  # noqa: PLC0415 - with SQLite, which few commands need

    require_stdout()
    with Archive(archive) as opened:
        if not opened.is_complete:
            print_warning("Incomplete", _continuation(archive, opened.info), as_json=as_json)
        yield ArchiveSource(opened)


_ENDS = {"interrupted": "was interrupted", "incomplete": "could not read all threads", "running": "has not ended"}


def _continuation(path: str, info: ArchiveInfo) -> str:
    """How the last run of an archive ended, and the command that continues it with the settings that the file holds."""
    arguments = ["archive", path, *(word for user in info.users or () for word in ("--user", user))]
    if info.base_url != DEFAULT_BASE_URL:
        arguments += ["--base-url", info.base_url]
    if info.requests_per_second is not None:
        arguments += ["--requests-per-second", f"{info.requests_per_second:g}"]
    began = (
        "" if info.last_run_at is None else f" of {datetime.fromtimestamp(info.last_run_at, UTC):%Y-%m-%d %H:%M} UTC"
    )
    how = _ENDS.get(info.last_run or "", "left threads out")
    project = f"set OPENAI_PROJECT_ID={info.project} and " if info.project else ""
    return f"the archive's last run{began} {how}; {project}continue with: {command_to_paste(arguments)}"


archive_option = click.option(
    "--archive",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Read this archive (`chatkit archive` makes it) instead of the API; no key is needed.",
)
