"""Writes to an archive: every step is one transaction, off the event loop, several steps in one hand-over."""

from __future__ import annotations

import os
import socket
import sqlite3
import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import anyio
from anyio import to_thread

from ._file import transaction
from ._pages import Element

T = TypeVar("T")


class ListedThread(NamedTuple):
    """A thread of a listing's page.

    Attributes:
        thread_id: its id.
        text: its JSON as the API sent it.
        user: whose it is, as it says itself or as was asked for; None if neither is known.
        sort_at: its `created_at`, or that of the thread before where it has none.
        position: its place in the listing.
    """

    thread_id: str
    text: str
    user: str | None
    sort_at: int
    position: int


class HeldThread(NamedTuple):
    """What the archive holds of a listed thread, and from where to read on.

    Attributes:
        key: its row.
        thread_id: its id.
        is_new: the archive did not hold it before this run.
        has_changed: the archive held it with other fields.
        listed_in_walk: the walk over the listing that listed it last before; -1 if none has.
        is_read: this run has read it to its end.
        held: how many items are held.
        first: the position to read from; the item there is read again, as it may have changed.
        cursor: the id of the item before; None to read from the start.
        expected_id: the id of the item at `first`; None if it is not known.
    """

    key: int
    thread_id: str
    is_new: bool
    has_changed: bool
    listed_in_walk: int
    is_read: bool
    held: int
    first: int = 0
    cursor: str | None = None
    expected_id: str | None = None


class Saved(NamedTuple):
    """How many items a step added, and whether any item that was held is other or gone now."""

    added: int
    has_changed: bool


class Writer:
    """The one connection of a job. Steps that wait for it at the same time share one worker thread's turn."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._turn = anyio.Lock()
        self._waiting: list[_Step] = []
        self._in_use = threading.Lock()  # a cancelled hand-over leaves its worker thread running

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What the work returns, done in one transaction; its error, if it raises one."""
        step = _Step(work)
        self._waiting.append(step)
        async with self._turn:
            steps, self._waiting = self._waiting, []
            if steps:
                await to_thread.run_sync(self._work_on, steps)
        if step.error is not None:
            raise step.error
        result: T = step.result
        return result

    def wait_until_idle(self) -> None:
        """Waits for the step that a cancelled job left running."""
        with self._in_use:
            pass

    def run_now(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """The same at once, in the calling thread."""
        with self._in_use, transaction(self._database):
            return work(self._database)

    def _work_on(self, steps: Sequence[_Step]) -> None:
        for step in steps:
            try:
                step.result = self.run_now(step.work)
            except Exception as error:
                step.error = error


class _Step:
    def __init__(self, work: Callable[[sqlite3.Connection], Any]) -> None:
        self.work = work
        self.result: Any = None
        self.error: Exception | None = None


def save_items(
    database: sqlite3.Connection, run: int, thread: HeldThread, elements: Sequence[Element], *, is_last: bool
) -> Saved:
    """Makes the items from `thread.first` on what the API lists, and marks the thread as read if they are the last."""
    found = [(element.id, element.text) for element in elements]
    held = database.execute(
        "SELECT id, raw FROM items WHERE thread_key = ? AND position >= ? ORDER BY position", (thread.key, thread.first)
    ).fetchall()
    same = _common_length(held, found)
    if same < len(held):
        _take_out(database, run, thread, first=thread.first + same)
    rows = [
        (thread.key, position, element.id, element.is_open, element.text)
        for position, element in enumerate(elements[same:], thread.first + same)
    ]
    database.executemany("INSERT INTO items VALUES (?, ?, ?, ?, ?)", rows)
    if same < len(held):
        database.execute(
            "DELETE FROM removed_items WHERE thread_key = ?1 AND removed_in_run = ?2"
            " AND id IN (SELECT id FROM items WHERE thread_key = ?1)",
            (thread.key, run),
        )
    known = {item_id for item_id, _ in held}
    database.execute(
        "UPDATE threads SET item_count = ?, is_complete = ?, read_in_run = ?, gone_at = NULL WHERE key = ?",
        (thread.first + len(found), is_last, run if is_last else None, thread.key),
    )
    return Saved(sum(row[2] is None or row[2] not in known for row in rows), same < len(held))


def _take_out(database: sqlite3.Connection, run: int, thread: HeldThread, *, first: int) -> None:
    """Moves the items from a position on to `removed_items`: what the API still has comes back, nothing is lost."""
    where = "WHERE thread_key = ? AND position >= ?"
    database.execute(
        f"INSERT INTO removed_items SELECT thread_key, id, raw, ? FROM items {where}",  # noqa: S608 - no values in it
        (run, thread.key, first),
    )
    database.execute(f"DELETE FROM items {where}", (thread.key, first))  # noqa: S608 - as above


def _common_length(held: Sequence[object], found: Sequence[object]) -> int:
    pairs = zip(held, found, strict=False)
    return next((index for index, (one, other) in enumerate(pairs) if one != other), min(len(held), len(found)))


_HELD = "SELECT key, raw, listed_in_walk, read_in_run, item_count FROM threads WHERE id = ?"
_INSERT = """
INSERT INTO threads (id, raw, user, sort_at, position, listed_in_walk) VALUES (?, ?, ?, ?, ?, ?) RETURNING key
"""
_UPDATE = """
UPDATE threads SET raw = ?, user = ?, sort_at = ?, position = ?, listed_in_walk = ?, gone_at = NULL WHERE key = ?
"""


def save_listed(database: sqlite3.Connection, run: int, walk: int, listed: Sequence[ListedThread]) -> list[HeldThread]:
    """Saves a page of threads; what the archive holds of each.

    Args:
        database: the archive.
        run: the run's number.
        walk: the number of this walk over the listing, over all runs.
        listed: the threads.
    """
    return [_save_thread(database, run, walk, one) for one in listed]


def _save_thread(database: sqlite3.Connection, run: int, walk: int, one: ListedThread) -> HeldThread:
    row = database.execute(_HELD, (one.thread_id,)).fetchone()
    if row is None:
        (key,) = database.execute(_INSERT, (one.thread_id, *one[1:], walk)).fetchone()
        return HeldThread(key, one.thread_id, True, False, -1, False, 0)
    key, raw, listed_in_walk, read_in_run, held = row
    database.execute(_UPDATE, (*one[1:], walk, key))
    thread = HeldThread(key, one.thread_id, False, raw != one.text, listed_in_walk, read_in_run == run, held)
    return thread if thread.is_read or not held else _from_anchor(database, thread)


def _from_anchor(database: sqlite3.Connection, thread: HeldThread) -> HeldThread:
    """Reads on from the last item held, or from the first that was still open."""
    open_items = "SELECT min(position) FROM items WHERE thread_key = ? AND is_open"
    (first_open,) = database.execute(open_items, (thread.key,)).fetchone()
    first = thread.held - 1 if first_open is None else first_open
    around = "SELECT id FROM items WHERE thread_key = ? AND position BETWEEN ? AND ? ORDER BY position"
    ids = [row[0] for row in database.execute(around, (thread.key, first - 1, first))]
    if len(ids) < 2 or ids[0] is None:
        return thread
    return thread._replace(first=first, cursor=ids[0], expected_id=ids[1])


def unlisted_threads(database: sqlite3.Connection, run: int, first_walk: int) -> list[HeldThread]:
    """Threads held that no walk since this one listed, and that are not marked as gone."""
    rows = database.execute(
        "SELECT key, id, item_count, read_in_run FROM threads WHERE listed_in_walk < ? AND gone_at IS NULL",
        (first_walk,),
    ).fetchall()
    return [
        HeldThread(key, thread_id, False, False, -1, read_in == run, held) for key, thread_id, held, read_in in rows
    ]


def mark_gone(database: sqlite3.Connection, key: int, now_s: int) -> None:
    """Marks a thread as no longer on the API."""
    database.execute("UPDATE threads SET gone_at = ? WHERE key = ?", (now_s, key))


def begin_run(database: sqlite3.Connection, now_s: int) -> tuple[int, int]:
    """The numbers of a new run and of its first walk over the listing; what a killed process left was interrupted."""
    database.execute("UPDATE runs SET state = 'interrupted' WHERE state = 'running'")
    (run,) = database.execute(
        "INSERT INTO runs (state, started_at, pid, host) VALUES ('running', ?, ?, ?) RETURNING id",
        (now_s, os.getpid(), socket.gethostname()),
    ).fetchone()
    (walk,) = database.execute("SELECT coalesce(max(listed_in_walk), 0) + 1 FROM threads").fetchone()
    return run, walk


def end_run(database: sqlite3.Connection, run: int, state: str, now_s: int, report: str | None) -> None:
    """Notes how a run ended."""
    database.execute("UPDATE runs SET state = ?, ended_at = ?, report = ? WHERE id = ?", (state, now_s, report, run))
