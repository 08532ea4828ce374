"""`Archive`: reads an archive file without the API."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import attrs

from ..errors import ArchiveError
from ..types._json import JSONObject
from ..types.items import ChatKitThreadItem
from ..types.misuse import answering_methods
from ..types.thread import ChatKitThread
from ._file import SCHEMA_VERSION, database_path, explained, opened_for_reading, stored_settings
from ._pages import elements_of, item_of, object_of, thread_of
from ._reports import ConversionReport, VerifyReport, as_json

_INCOMPLETE = "SELECT id FROM threads WHERE NOT is_complete AND gone_at IS NULL ORDER BY sort_at, position"
_LAST_STATE = "SELECT state FROM runs ORDER BY id DESC LIMIT 1"
_COUNTS = """SELECT
    (SELECT json_extract(value, '$') FROM settings WHERE name = 'created_at') AS created_at,
    (SELECT max(ended_at) FROM runs WHERE state = 'complete') AS completed_at,
    (SELECT count(*) FROM runs) AS runs,
    (SELECT state FROM runs ORDER BY id DESC LIMIT 1) AS last_run,
    (SELECT started_at FROM runs ORDER BY id DESC LIMIT 1) AS last_run_at,
    (SELECT json_extract(value, '$') FROM settings WHERE name = 'requests_per_second') AS requests_per_second,
    (SELECT count(*) FROM threads) AS threads,
    (SELECT coalesce(sum(item_count), 0) FROM item_pages) AS items,
    (SELECT count(gone_at) FROM threads) AS gone_threads,
    (SELECT count(*) FROM removed_items) AS removed_items
"""
_RAW_THREADS = "SELECT raw FROM threads WHERE ? IS NULL OR user = ? ORDER BY sort_at, position"
_RAW_PAGES = """
SELECT item_pages.body FROM item_pages JOIN threads ON threads.key = item_pages.thread_key
WHERE threads.id = ? ORDER BY item_pages.position
"""


@attrs.frozen(kw_only=True)
class ArchiveInfo:
    """What an archive is and holds.

    Attributes:
        path: the file.
        schema_version: of its tables.
        base_url: of the API it was made from.
        project: the `OpenAI-Project` it was made with; None if none was sent.
        users: the user filter; None for all users.
        created_at: when it was begun, Unix seconds, UTC.
        completed_at: when the last complete run ended, Unix seconds, UTC; None if none has.
        runs: how many jobs wrote to it.
        last_run: the state of the last: "running", "complete", "incomplete" or "interrupted" (Ctrl-C, an error). A
            killed process leaves "running" behind.
        last_run_at: when the last job began, Unix seconds, UTC; None if there was none.
        requests_per_second: the limit that the last job was given; None without one.
        threads: threads held, gone ones included.
        items: items held.
        gone_threads: how many of the threads are no longer on the API.
        removed_items: items that are no longer on the API while their thread is; kept apart, not among `items`.
        incomplete_threads: ids of threads whose items were not read to the end; run `archive` again.
        is_complete: whether the last run was complete and no thread is incomplete.
    """

    path: str
    schema_version: int
    base_url: str
    project: str | None
    users: tuple[str, ...] | None
    created_at: int
    completed_at: int | None
    runs: int
    last_run: str | None
    last_run_at: int | None
    requests_per_second: float | None
    threads: int
    items: int
    gone_threads: int
    removed_items: int
    incomplete_threads: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether the last run was complete and no thread is incomplete."""
        return self.last_run == "complete" and not self.incomplete_threads

    def to_dict(self) -> JSONObject:
        """All of it as JSON."""
        return as_json(self, is_complete=self.is_complete)


@answering_methods
class Archive:
    """An archive file, read without the API; also while a job writes to it.

    Threads and items are the objects that the client returns. What its decoder refuses is never an error here: a
    damaged item is an `UnknownThreadItem`, and the damaged fields of a thread are in its `extra`; `verify` names both.
    What is left of a file that was cut short is read into memory.

    Example:
        with Archive("threads.chatkit") as archive:
            for thread in archive.threads(user="user_123"):
                print(transcript(archive.items(thread.id)))

    Args:
        path: the file that `archive(client, path)` made.

    Raises:
        ArchiveError: the file is missing, foreign, damaged, or of a newer schema version.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = database_path(path)
        try:
            self._database: sqlite3.Connection | None = opened_for_reading(self._path)
        except ArchiveError as error:
            from ._whole_archive import opened_remainder  # noqa: PLC0415 - few files are damaged

            self._database = opened_remainder(self._path, error)

    def threads(self, user: str | None = None) -> Iterator[ChatKitThread]:
        """The threads, oldest first, in the API's order; gone ones included.

        Args:
            user: only threads of this user; default: all.
        """
        return map(thread_of, self.raw_threads(user))

    def items(self, thread_id: str) -> Iterator[ChatKitThreadItem]:
        """The items of a thread, oldest first, in the API's order.

        Args:
            thread_id: the thread's id.

        Raises:
            ArchiveError: the archive holds no such thread.
        """
        return map(item_of, self.raw_items(thread_id))

    def raw_threads(self, user: str | None = None) -> Iterator[JSONObject]:
        """The JSON of the threads as the API sent it, in the order of `threads`.

        Args:
            user: only threads of this user; default: all.
        """
        return map(object_of, self.thread_texts(user))

    def raw_items(self, thread_id: str) -> Iterator[JSONObject]:
        """The JSON of a thread's items as the API sent it; what was no object comes as `{"damaged": ...}`.

        Args:
            thread_id: the thread's id.

        Raises:
            ArchiveError: the archive holds no such thread.
        """
        return map(object_of, self.item_texts(thread_id))

    def thread_texts(self, user: str | None = None) -> Iterator[str]:
        """The JSON texts of the threads, character by character as the API sent them.

        Args:
            user: only threads of this user; default: all.
        """
        return self._column(_RAW_THREADS, user, user)

    def item_texts(self, thread_id: str) -> Iterator[str]:
        """The JSON texts of a thread's items, character by character as the API sent them.

        Args:
            thread_id: the thread's id.

        Raises:
            ArchiveError: the archive holds no such thread.
        """
        if not self._rows("SELECT 1 FROM threads WHERE id = ?", thread_id):
            raise ArchiveError(f"the archive {self._path} holds no thread with the id {thread_id!r}")
        return (text for body in self._column(_RAW_PAGES, thread_id) for text in self._texts_of(body, thread_id))

    @property
    def info(self) -> ArchiveInfo:
        """What the archive is and holds, as it is now."""
        settings = stored_settings(self._open(), self._path)
        with explained(self._path):
            rows = self._open().execute(_COUNTS)
            counts = dict(zip((column[0] for column in rows.description), rows.fetchone(), strict=True))
        return ArchiveInfo(
            path=str(self._path),
            schema_version=SCHEMA_VERSION,
            base_url=settings.base_url,
            project=settings.project,
            users=settings.users,
            incomplete_threads=tuple(row[0] for row in self._rows(_INCOMPLETE)),
            **counts,
        )

    @property
    def is_complete(self) -> bool:
        """Whether the last run was complete and no thread is incomplete; if not, run `archive` again.

        It is `info.is_complete` without the counts, so it costs next to nothing.
        """
        return self._rows(_LAST_STATE) == [("complete",)] and not self._rows(f"{_INCOMPLETE} LIMIT 1")

    def verify(self) -> VerifyReport:
        """Recounts and re-parses everything that the file holds.

        Returns:
            A report: what is wrong with the file, and which threads and items the client's decoder refuses.
        """
        from ._whole_archive import verify  # noqa: PLC0415 - most readers only read

        with explained(self._path):
            return verify(self._open(), self._path)

    def write_jsonl(self, path: str | os.PathLike[str], *, user: str | None = None) -> ConversionReport:
        """Writes JSON Lines: `{"thread": {...}, "items": [...]}` a line, the JSON as the API sent it.

        It is the form that the emulator's `seed(threads=...)` takes. Written under a temporary name and renamed, mode
        0600; an earlier file is replaced.

        Args:
            path: the file to write; a name that ends in `.gz` is compressed.
            user: only threads of this user; default: all.

        Returns:
            A report with counts, and the threads that are incomplete in the archive.

        Raises:
            ArchiveError: the file cannot be written, or is an archive.
        """
        from ._whole_archive import write_jsonl  # noqa: PLC0415 - as above

        return write_jsonl(self, path, user)

    def write_markdown(self, path: str | os.PathLike[str], *, user: str | None = None) -> ConversionReport:
        """Writes a Markdown document for reading: a heading a thread, then its transcript.

        What users and models wrote cannot become markup.

        Args:
            path: the file to write; a name that ends in `.gz` is compressed.
            user: only threads of this user; default: all.

        Returns:
            A report, as for `write_jsonl`.

        Raises:
            ArchiveError: the file cannot be written, or is an archive.
        """
        from ._whole_archive import write_markdown  # noqa: PLC0415 - as above

        return write_markdown(self, path, user)

    def close(self) -> None:
        """Closes the file; iterators that are not at their end raise `ArchiveError`."""
        database, self._database = self._database, None
        if database is not None:
            database.close()

    def __enter__(self) -> Self:
        """The archive itself."""
        return self

    def __exit__(
        self, error_class: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(getattr(self, '_path', ''))!r})"

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            raise ArchiveError(f"this Archive of {self._path} is closed: open it again")
        return self._database

    def _rows(self, statement: str, *values: object) -> list[Any]:
        with explained(self._path):
            return self._open().execute(statement, values).fetchall()

    def _texts_of(self, body: str, thread_id: str) -> list[str]:
        try:
            return [element.text for element in elements_of(body)]
        except (ValueError, RecursionError) as error:
            raise ArchiveError(
                f"the archive {self._path} is damaged in thread {thread_id!r}: {error};"
                " Archive.verify() tells what else is"
            ) from error

    def _column(self, statement: str, *values: object) -> Iterator[str]:
        with explained(self._path):
            for (value,) in self._open().execute(statement, values):
                yield value
                self._open()
