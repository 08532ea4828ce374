"""The statements of an archive: what a run writes, what it asks, and where listed threads stand."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from ._pages import Element, RawPage, elements_of, page_of, text_field, time_field

ITEMS_A_PAGE = 100  # of pages that are written anew


class Anchor(NamedTuple):
    """The item at which the next run resumes: the last one saved, or the first unfinished tool call; both may change.

    Attributes:
        position: of the item that is read again.
        cursor: the id of the item before; None to read from the start.
        expected_id: the item's own id; None if it is not known.
    """

    position: int = 0
    cursor: str | None = None
    expected_id: str | None = None


START = Anchor()


class ListedThread(NamedTuple):
    """A thread of a listing's page: its JSON as the API sent it, and its place in the listing.

    `user` is the thread's own or the filter's, if either is known; `sort_at` is its `created_at`; without one, that of
    the thread before.
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
        is_new: no run has read its items to their end.
        has_changed: the archive held it with other fields.
        last_listing: the number of the listing that showed it last before; -1 if none has.
        is_read: this run has read it to its end.
        held: how many items are held.
        anchor: where to read on from.
    """

    key: int
    thread_id: str
    is_new: bool
    has_changed: bool
    last_listing: int
    is_read: bool
    held: int
    anchor: Anchor


class Saved(NamedTuple):
    """How many items a step added, and whether any item that was held is other or gone now."""

    added: int
    has_changed: bool


_HELD_WHOLE = "SELECT key, raw, anchor, anchor_cursor, anchor_id, is_complete FROM threads WHERE id = ?"
_PAGES_FROM = """
SELECT position, body FROM item_pages WHERE thread_key = ? AND position + item_count > ? ORDER BY position
"""


class HeldWhole(NamedTuple):
    """A thread as the archive holds it: its row, its JSON, where its last items begin, whether it is whole."""

    key: int
    text: str
    anchor: Anchor
    is_complete: bool


def held_thread(database: sqlite3.Connection, thread_id: str) -> HeldWhole | None:
    """The thread; None if it is not held."""
    row = database.execute(_HELD_WHOLE, (thread_id,)).fetchone()
    return None if row is None else HeldWhole(row[0], row[1], Anchor(*row[2:5]), bool(row[5]))


def held_items(database: sqlite3.Connection, thread: HeldWhole) -> list[Element]:
    """Its items from the anchor on."""
    rows = database.execute(_PAGES_FROM, (thread.key, thread.anchor.position)).fetchall()
    begin = rows[0][0] if rows else 0
    return [element for _, body in rows for element in elements_of(body)][thread.anchor.position - begin :]


def save_pages(  # noqa: PLR0917
    database: sqlite3.Connection,
    run: int,
    thread: HeldThread,
    first: int,
    pages: Sequence[RawPage],
    anchor: Anchor,
    *,
    is_last: bool,
) -> Saved:
    """Replaces the items from position `first` on with those of the pages; the next run resumes at the anchor."""
    count = sum(len(page.ids) for page in pages)
    if first < thread.held:
        saved = _replace(database, run, thread.key, first, [one for page in pages for one in elements_of(page.body)])
    else:
        _insert(database, thread.key, first, pages)
        saved = Saved(count, False)
    database.execute(_READ, (first + count, *anchor, is_last, run if is_last else None, thread.key))
    return saved


_READ = """
UPDATE threads SET item_count = ?, anchor = ?, anchor_cursor = ?, anchor_id = ?, is_complete = ?,
    read_in_run = coalesce(?, read_in_run), gone_at = NULL
WHERE key = ?
"""


def copy_thread(database: sqlite3.Connection, run: int, thread: HeldThread, source: sqlite3.Connection) -> Saved:
    """Copies the items of a listed thread from an archive that holds it whole; marks it as read."""
    key, count, *anchor = source.execute(
        "SELECT key, item_count, anchor, anchor_cursor, anchor_id FROM threads WHERE id = ?", (thread.thread_id,)
    ).fetchone()
    pages = source.execute(
        "SELECT ?, position, item_count, body FROM item_pages WHERE thread_key = ?", (thread.key, key)
    )
    database.executemany("INSERT INTO item_pages VALUES (?, ?, ?, ?)", pages)
    database.execute(_READ, (count, *anchor, True, run, thread.key))
    return Saved(count, False)


def _insert(database: sqlite3.Connection, key: int, position: int, pages: Sequence[RawPage]) -> None:
    for page in pages:
        if page.ids:
            database.execute("INSERT INTO item_pages VALUES (?, ?, ?, ?)", (key, position, len(page.ids), page.body))
            position += len(page.ids)


def _replace(database: sqlite3.Connection, run: int, key: int, first: int, found: Sequence[Element]) -> Saved:
    """Compares the items held from a position on with those found, and writes where they differ."""
    rows = database.execute(_PAGES_FROM, (key, first)).fetchall()
    held = [element for _, body in rows for element in elements_of(body)]
    begin = rows[0][0] if rows else first
    before, tail = held[: first - begin], held[first - begin :]
    known, found_ids = {element.id for element in tail}, {element.id for element in found}
    is_as_found = all(is_same(one.text, other.text) for one, other in zip(tail, found, strict=False))
    has_changed = len(found) < len(tail) or not is_as_found
    if has_changed or len(found) > len(tail):
        database.execute("DELETE FROM item_pages WHERE thread_key = ? AND position >= ?", (key, begin))
        whole = [*before, *found]
        parts = [whole[at : at + ITEMS_A_PAGE] for at in range(0, len(whole), ITEMS_A_PAGE)]
        _insert(database, key, begin, [page_of(part) for part in parts])
        removed = [(key, one.id, one.text, run) for one in tail if one.id is None or one.id not in found_ids]
        database.executemany("INSERT INTO removed_items VALUES (?, ?, ?, ?)", removed if has_changed else [])
    return Saved(sum(one.id is None or one.id not in known for one in found), has_changed)


def is_same(one: str, other: str) -> bool:
    """Whether two JSON texts hold the same value."""
    return one == other or bool(json.loads(one) == json.loads(other))  # White space makes no difference.


_HELD = """
SELECT key, raw, last_listing, read_in_run, item_count, anchor, anchor_cursor, anchor_id
FROM threads WHERE id = ?
"""
_INSERT = """
INSERT INTO threads (id, raw, user, sort_at, position, last_listing) VALUES (?, ?, ?, ?, ?, ?) RETURNING key
"""
_UPDATE = """
UPDATE threads SET raw = ?, user = ?, sort_at = ?, position = ?, last_listing = ?, gone_at = NULL WHERE key = ?
"""


def save_listed(
    database: sqlite3.Connection, run: int, listing: int, listed: Sequence[ListedThread]
) -> list[HeldThread]:
    """Saves a page of threads; what the archive holds of each. Listings are numbered through all runs."""
    return [_save_thread(database, run, listing, one) for one in listed]


def _save_thread(database: sqlite3.Connection, run: int, listing: int, one: ListedThread) -> HeldThread:
    row = database.execute(_HELD, (one.thread_id,)).fetchone()
    if row is None:
        (key,) = database.execute(_INSERT, (one.thread_id, *one[1:], listing)).fetchone()
        return HeldThread(key, one.thread_id, True, False, -1, False, 0, START)
    key, raw, last_listing, read_in_run, held, *anchor = row
    database.execute(_UPDATE, (*one[1:], listing, key))
    is_new, is_read, has_changed = read_in_run is None, read_in_run == run, not is_same(raw, one.text)
    return HeldThread(key, one.thread_id, is_new, has_changed, last_listing, is_read, held, Anchor(*anchor))


def mark_listed(database: sqlite3.Connection, run: int, listing: int, thread_ids: Sequence[str | None]) -> int | None:
    """Marks threads as listed again if this run has read all of them; their greatest `sort_at`, or None if not."""
    ids = json.dumps(thread_ids)
    count, sort_at = database.execute(_COUNT_READ, (ids, run, listing)).fetchone()
    if count < len(thread_ids) or not count:
        return None
    database.execute("UPDATE threads SET last_listing = ? WHERE id IN (SELECT value FROM json_each(?))", (listing, ids))
    return int(sort_at)


_COUNT_READ = """
SELECT count(*), max(threads.sort_at) FROM json_each(?) AS one JOIN threads ON threads.id = one.value
WHERE threads.read_in_run = ? AND threads.last_listing <> ?
"""


def unlisted_threads(database: sqlite3.Connection, run: int, first_listing: int) -> list[HeldThread]:
    """Threads held that no listing since this one showed, and that are not marked as gone."""
    statement = "SELECT key, id, item_count, read_in_run FROM threads WHERE last_listing < ? AND gone_at IS NULL"
    rows = database.execute(statement, (first_listing,))
    return [HeldThread(row[0], row[1], row[3] is None, False, -1, row[3] == run, row[2], START) for row in rows]


def mark_gone(database: sqlite3.Connection, key: int, now_s: int) -> None:
    """Marks a thread as no longer on the API."""
    database.execute("UPDATE threads SET gone_at = ? WHERE key = ?", (now_s, key))


def begin_run(database: sqlite3.Connection, now_s: int, pace: float | None = None) -> tuple[int, int]:
    """The numbers of a new run and of its first listing; a run that a killed process left was interrupted."""
    database.execute("INSERT OR REPLACE INTO settings VALUES ('requests_per_second', ?)", (json.dumps(pace),))
    database.execute("UPDATE runs SET state = 'interrupted' WHERE state = 'running'")
    (run,) = database.execute(
        "INSERT INTO runs (state, started_at, pid, host) VALUES ('running', ?, ?, ?) RETURNING id",
        (now_s, os.getpid(), socket.gethostname()),
    ).fetchone()
    (listing,) = database.execute("SELECT coalesce(max(last_listing), 0) + 1 FROM threads").fetchone()
    return run, listing


def end_run(database: sqlite3.Connection, run: int, state: str, now_s: int, report: str | None) -> None:
    """Notes how a run ended."""
    database.execute("UPDATE runs SET state = ?, ended_at = ?, report = ? WHERE id = ?", (state, now_s, report, run))


class Found:
    """What a round of listings showed that the rounds before had not."""

    def __init__(self, first_listing: int) -> None:
        self._first_listing = first_listing
        self._new_since_known = 0
        self.new = 0
        self.missed = 0

    def add(self, thread: HeldThread) -> None:
        """Counts a thread: the earlier round missed a new one that is listed before a known one; others are younger."""
        if thread.last_listing < self._first_listing:
            self.new += 1
            self._new_since_known += 1
        else:
            self.missed += self._new_since_known
            self._new_since_known = 0


class ThreadPositions:
    """Numbers the threads of one listing."""

    def __init__(self, user: str | None) -> None:
        self._user = user
        self._sort_at = 0
        self.count = 0
        self.without_id: list[int] = []

    def skip(self, count: int, sort_at: int) -> None:
        """Passes over threads that are numbered already."""
        self.count += count
        self._sort_at = max(self._sort_at, sort_at)

    def listed(self, page: RawPage) -> list[ListedThread]:
        """The threads of a page that have an id."""
        found: list[ListedThread] = []
        self.without_id = []
        for element in elements_of(page.body):
            self._sort_at = max(self._sort_at, time_field(element.value, "created_at") or 0)
            if element.id is None:
                self.without_id.append(self.count)
            else:
                user = text_field(element.value, "user") or self._user
                found.append(ListedThread(element.id, element.text, user, self._sort_at, self.count))
            self.count += 1
        return found
