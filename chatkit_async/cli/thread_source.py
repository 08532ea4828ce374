"""Where `chatkit threads` reads: the API, or with `--archive` a file that `chatkit archive` made."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from itertools import dropwhile, islice, takewhile
from typing import Any, Protocol, TypeVar

import click

import chatkit_async
from chatkit_async.cli.connection import Connection
from chatkit_async.cli.listing import MAX_PAGE_SIZE, Progress, Selection, pages
from chatkit_async.cli.output import require_stdout

T = TypeVar("T", chatkit_async.ChatKitThread, chatkit_async.ChatKitThreadItem)


class ThreadSource(Protocol):
    """Threads and items, page by page."""

    def threads(
        self, user: str | None, selection: Selection, progress: Progress
    ) -> Iterator[Sequence[chatkit_async.ChatKitThread]]: ...

    def items(
        self, thread_id: str, selection: Selection, progress: Progress
    ) -> Iterator[Sequence[chatkit_async.ChatKitThreadItem]]: ...

    def thread(self, thread_id: str) -> chatkit_async.ChatKitThread: ...


class ApiSource:
    """The API."""

    def __init__(self, client: chatkit_async.ChatKit) -> None:
        self._client = client

    def threads(
        self, user: str | None, selection: Selection, progress: Progress
    ) -> Iterator[Sequence[chatkit_async.ChatKitThread]]:
        """The threads of a user, or all."""
        listing = self._client.threads.list(user=user, **selection.query())
        return pages(listing, progress, max_items=selection.max_items)

    def items(
        self, thread_id: str, selection: Selection, progress: Progress
    ) -> Iterator[Sequence[chatkit_async.ChatKitThreadItem]]:
        """The items of a thread."""
        listing = self._client.threads.list_items(thread_id, **selection.query())
        return pages(listing, progress, max_items=selection.max_items)

    def thread(self, thread_id: str) -> chatkit_async.ChatKitThread:
        """One thread."""
        return self._client.threads.retrieve(thread_id)


class ArchiveSource:
    """An archive file; the order, the cursors and the counts mean what they mean to the API."""

    def __init__(self, archive: Any) -> None:
        self._archive = archive

    def threads(
        self, user: str | None, selection: Selection, progress: Progress
    ) -> Iterator[Sequence[chatkit_async.ChatKitThread]]:
        """The threads of a user, or all."""
        return _selected(self._archive.threads(user), selection)

    def items(
        self, thread_id: str, selection: Selection, progress: Progress
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
    rows: Iterator[T] = iter(found) if selection.order == "asc" else reversed(list(found))
    if selection.after is not None:
        rows = islice(dropwhile(lambda row: _id(row) != selection.after, rows), 1, None)
    if selection.before is not None:
        rows = takewhile(lambda row: _id(row) != selection.before, rows)
    rows = islice(rows, selection.max_items)
    while page := tuple(islice(rows, selection.limit or MAX_PAGE_SIZE)):
        yield page


def _id(row: object) -> object:
    return getattr(row, "id", None)


@contextmanager
def source(connection: Connection, archive: str | None) -> Generator[ThreadSource]:
    """The API, or the archive of that name, open while it is entered; an archive needs no key."""
    if archive is None:
        with connection.client() as client:
            yield ApiSource(client)
        return
    from chatkit_async.bulk import Archive  # noqa: PLC0415 - with SQLite, which few commands need

    require_stdout()
    with Archive(archive) as opened:
        yield ArchiveSource(opened)


def archive_option(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command `--archive`, which it receives as `archive`."""

    @wraps(command)
    def with_archive(**options: Any) -> None:
        command(**options)

    return click.option(
        "--archive",
        metavar="FILE",
        type=click.Path(dir_okay=False),
        help="Read this archive (`chatkit archive` makes it) instead of the API; no key is needed.",
    )(with_archive)
