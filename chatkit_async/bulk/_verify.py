"""Recounts and re-parses an archive."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from .._core.codec import Mismatch
from ..types.items import ChatKitThreadItem
from ..types.thread import ChatKitThread
from ..types.unknown import UnknownThreadItem
from ._decoding import decoded
from ._pages import elements_of
from ._reports import ArchiveProblem, VerifyReport

_THREADS = """
SELECT key, id, raw, item_count, is_complete OR gone_at IS NOT NULL FROM threads ORDER BY sort_at, position
"""
_PAGES = "SELECT position, item_count, body FROM item_pages WHERE thread_key = ? ORDER BY position"
_STRAY = "SELECT count(*) FROM item_pages WHERE thread_key NOT IN (SELECT key FROM threads)"


def verify(database: sqlite3.Connection, path: Path) -> VerifyReport:
    """Reads all of it once, thread by thread."""
    check = _Check(database)
    check.all()
    return VerifyReport(
        path=str(path),
        threads=check.threads,
        items=check.items,
        problems=tuple(check.problems),
        damaged=tuple(check.damaged),
        unknown=check.unknown,
    )


class _Check:
    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self.threads = self.items = self.unknown = 0
        self.problems: list[ArchiveProblem] = []
        self.damaged: list[ArchiveProblem] = []

    def all(self) -> None:
        try:
            self._file()
            for row in self._database.execute(_THREADS):
                self._thread(row)
        except sqlite3.DatabaseError as error:
            self._problem(None, f"SQLite cannot read on: {error}")

    def _file(self) -> None:
        for (message,) in self._database.execute("PRAGMA integrity_check"):
            if message != "ok":
                self._problem(None, f"SQLite says: {message}")
        (stray,) = self._database.execute(_STRAY).fetchone()
        if stray:
            self._problem(None, f"{stray} pages of items belong to no thread")
        last = self._database.execute("SELECT state FROM runs ORDER BY id DESC LIMIT 1").fetchone()
        if last is None or last[0] != "complete":
            self._problem(None, f"the last run is {last[0] if last else 'missing'}, not complete: run archive again")

    def _thread(self, row: tuple[int, str, str, int, int]) -> None:
        key, thread_id, raw, item_count, is_finished = row
        self.threads += 1
        value = self._parsed(raw, thread_id)
        if isinstance(value, dict) and value.get("id") != thread_id:
            self._problem(thread_id, f"its JSON has the id {value.get('id')!r}")
        self._decoded(value, ChatKitThread, thread_id)
        found = 0
        for position, count, body in self._database.execute(_PAGES, (key,)):
            if position != found:
                self._problem(thread_id, f"the item at {position} should be at {found}", position)
            found += self._page(thread_id, position, count, body)
        if found != item_count:
            self._problem(thread_id, f"{found} items are held, {item_count} were saved")
        if not is_finished:
            self._problem(thread_id, "its items were not read to the end: run archive again")

    def _page(self, thread_id: str, position: int, item_count: int, body: str) -> int:
        try:
            elements = elements_of(body)
        except (ValueError, RecursionError) as error:
            self._problem(thread_id, f"the items from here on are not JSON: {error}", position)
            return 0
        if len(elements) != item_count:
            self._problem(thread_id, f"{len(elements)} items are here, {item_count} were saved", position)
        for place, element in enumerate(elements, position):
            item = self._decoded(element.value, ChatKitThreadItem, thread_id, place, element.id)
            self.unknown += isinstance(item, UnknownThreadItem)
        self.items += len(elements)
        return len(elements)

    def _parsed(self, raw: str, *place: Any) -> Any:
        try:
            return json.loads(raw)
        except (ValueError, RecursionError) as error:
            self._problem(place[0], f"its text is not JSON: {error}", *place[1:])
            return {}

    def _decoded(self, value: Any, cls: Any, *place: Any) -> Any:
        found = decoded(value, cls)
        if isinstance(found, Mismatch):
            self.damaged.append(_problem(place[0], f"{found.path or 'it'} {found.message}", *place[1:]))
        return found

    def _problem(self, thread_id: str | None, message: str, *place: Any) -> None:
        self.problems.append(_problem(thread_id, message, *place))


def _problem(
    thread_id: str | None, message: str, position: int | None = None, item_id: str | None = None
) -> ArchiveProblem:
    return ArchiveProblem(thread_id=thread_id, message=message, position=position, item_id=item_id)
