"""Two stores as a self-hoster writes them: one in memory, one in a SQLite file."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from chatkit.store import NotFoundError, Store
from chatkit.types import Attachment, Page, ThreadItem, ThreadMetadata
from pydantic import TypeAdapter

Context = str | None
"""The user, as both stores expect it."""

_ITEM: TypeAdapter[Any] = TypeAdapter(ThreadItem)
_ATTACHMENT: TypeAdapter[Any] = TypeAdapter(Attachment)


class MemoryStore(Store[Context]):
    """Keeps copies of the objects; each user sees their own threads. `writes` counts what changes something."""

    def __init__(self) -> None:
        self.threads: dict[Context, dict[str, ThreadMetadata]] = {}
        self.items: dict[str, dict[str, Any]] = {}
        self.attachments: dict[str, Any] = {}
        self.writes: list[str] = []

    def threads_of(self, context: Context) -> dict[str, ThreadMetadata]:
        return self.threads.setdefault(context, {})

    def items_of(self, thread_id: str, context: Context) -> dict[str, Any]:
        if thread_id not in self.threads_of(context):
            raise NotFoundError(f"no thread {thread_id}")
        return self.items.setdefault(thread_id, {})

    async def load_thread(self, thread_id: str, context: Context) -> ThreadMetadata:
        if thread_id not in self.threads_of(context):
            raise NotFoundError(f"no thread {thread_id}")
        return self.threads_of(context)[thread_id].model_copy(deep=True)

    async def save_thread(self, thread: ThreadMetadata, context: Context) -> None:
        self.writes.append(f"save_thread {thread.id}")
        self.threads_of(context)[thread.id] = thread.model_copy(deep=True)

    async def load_threads(self, limit: int, after: str | None, order: str, context: Context) -> Page[ThreadMetadata]:
        return page_of(list(self.threads_of(context).values()), limit, after, order)

    async def load_thread_items(
        self, thread_id: str, after: str | None, limit: int, order: str, context: Context
    ) -> Page[ThreadItem]:
        return page_of(list(self.items_of(thread_id, context).values()), limit, after, order)

    async def add_thread_item(self, thread_id: str, item: ThreadItem, context: Context) -> None:
        self.writes.append(f"add_thread_item {item.id}")
        self.items_of(thread_id, context)[item.id] = item.model_copy(deep=True)

    async def save_item(self, thread_id: str, item: ThreadItem, context: Context) -> None:
        self.writes.append(f"save_item {item.id}")
        self.items_of(thread_id, context)[item.id] = item.model_copy(deep=True)

    async def load_item(self, thread_id: str, item_id: str, context: Context) -> ThreadItem:
        if item_id not in self.items_of(thread_id, context):
            raise NotFoundError(f"no item {item_id}")
        return self.items_of(thread_id, context)[item_id].model_copy(deep=True)

    async def delete_thread(self, thread_id: str, context: Context) -> None:
        self.threads_of(context).pop(thread_id, None)
        self.items.pop(thread_id, None)

    async def delete_thread_item(self, thread_id: str, item_id: str, context: Context) -> None:
        self.items_of(thread_id, context).pop(item_id, None)

    async def save_attachment(self, attachment: Attachment, context: Context) -> None:
        self.writes.append(f"save_attachment {attachment.id}")
        self.attachments[attachment.id] = attachment.model_copy(deep=True)

    async def load_attachment(self, attachment_id: str, context: Context) -> Attachment:
        if attachment_id not in self.attachments:
            raise NotFoundError(f"no attachment {attachment_id}")
        return self.attachments[attachment_id].model_copy(deep=True)

    async def delete_attachment(self, attachment_id: str, context: Context) -> None:
        self.attachments.pop(attachment_id, None)


def page_of(elements: list[Any], limit: int, after: str | None, order: str) -> Page[Any]:
    """A page by created_at, where the id of the last element is the cursor."""
    ordered = sorted(elements, key=lambda element: (element.created_at, element.id), reverse=order == "desc")
    start = [element.id for element in ordered].index(after) + 1 if after else 0
    data = [element.model_copy(deep=True) for element in ordered[start : start + limit]]
    has_more = start + limit < len(ordered)
    return Page(data=data, has_more=has_more, after=data[-1].id if has_more else None)


class SQLiteStore(Store[Context]):
    """Keeps JSON in a file and pages by time, as the examples of the field do; `add_thread_item` is a plain INSERT."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self.connected() as connection:
            connection.executescript(
                """
                CREATE TABLE IF NOT EXISTS threads (id TEXT PRIMARY KEY, user TEXT, created_at TEXT, data TEXT);
                CREATE TABLE IF NOT EXISTS items (id TEXT PRIMARY KEY, thread_id TEXT, created_at TEXT, data TEXT);
                CREATE TABLE IF NOT EXISTS attachments (id TEXT PRIMARY KEY, data TEXT);
                """
            )
        connection.close()

    def connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path)
        connection.execute("PRAGMA synchronous = off")
        return connection

    def run(self, statement: str, *values: object) -> list[Any]:
        connection = self.connected()
        try:
            with connection:
                return connection.execute(statement, values).fetchall()
        finally:
            connection.close()

    def one(self, statement: str, *values: object) -> str:
        rows = self.run(statement, *values)
        if not rows:
            raise NotFoundError(f"nothing for {values}")
        return str(rows[0][0])

    def page(self, table: str, where: str, value: object, limit: int, after: str | None, order: str) -> list[Any]:
        sign, direction = ("<", "DESC") if order == "desc" else (">", "ASC")
        cursor = self.run(f"SELECT created_at FROM {table} WHERE id = ?", after)
        place = f"AND created_at {sign} '{cursor[0][0]}'" if cursor else ""
        query = f"SELECT data FROM {table} WHERE {where} IS ? {place} ORDER BY created_at {direction} LIMIT ?"
        return [row[0] for row in self.run(query, value, limit + 1)]

    async def load_thread(self, thread_id: str, context: Context) -> ThreadMetadata:
        data = self.one("SELECT data FROM threads WHERE id = ? AND user IS ?", thread_id, context)
        return ThreadMetadata.model_validate_json(data)

    async def save_thread(self, thread: ThreadMetadata, context: Context) -> None:
        self.run(
            "INSERT INTO threads VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET data = excluded.data",
            *(thread.id, context, thread.created_at.isoformat(timespec="microseconds"), thread.model_dump_json()),
        )

    async def load_threads(self, limit: int, after: str | None, order: str, context: Context) -> Page[ThreadMetadata]:
        found = self.page("threads", "user", context, limit, after, order)
        data = [ThreadMetadata.model_validate_json(row) for row in found[:limit]]
        return Page(data=data, has_more=len(found) > limit, after=data[-1].id if len(found) > limit else None)

    async def load_thread_items(
        self, thread_id: str, after: str | None, limit: int, order: str, context: Context
    ) -> Page[ThreadItem]:
        found = self.page("items", "thread_id", thread_id, limit, after, order)
        data = [_ITEM.validate_json(row) for row in found[:limit]]
        return Page(data=data, has_more=len(found) > limit, after=data[-1].id if len(found) > limit else None)

    async def add_thread_item(self, thread_id: str, item: ThreadItem, context: Context) -> None:
        created_at = item.created_at.isoformat(timespec="microseconds")
        self.run("INSERT INTO items VALUES (?, ?, ?, ?)", item.id, thread_id, created_at, item.model_dump_json())

    async def save_item(self, thread_id: str, item: ThreadItem, context: Context) -> None:
        self.run("UPDATE items SET data = ? WHERE id = ? AND thread_id = ?", item.model_dump_json(), item.id, thread_id)

    async def load_item(self, thread_id: str, item_id: str, context: Context) -> ThreadItem:
        found = self.one("SELECT data FROM items WHERE id = ? AND thread_id = ?", item_id, thread_id)
        return _ITEM.validate_json(found)

    async def delete_thread(self, thread_id: str, context: Context) -> None:
        self.run("DELETE FROM threads WHERE id = ?", thread_id)
        self.run("DELETE FROM items WHERE thread_id = ?", thread_id)

    async def delete_thread_item(self, thread_id: str, item_id: str, context: Context) -> None:
        self.run("DELETE FROM items WHERE id = ? AND thread_id = ?", item_id, thread_id)

    async def save_attachment(self, attachment: Attachment, context: Context) -> None:
        self.run("INSERT OR REPLACE INTO attachments VALUES (?, ?)", attachment.id, attachment.model_dump_json())

    async def load_attachment(self, attachment_id: str, context: Context) -> Attachment:
        return _ATTACHMENT.validate_json(self.one("SELECT data FROM attachments WHERE id = ?", attachment_id))

    async def delete_attachment(self, attachment_id: str, context: Context) -> None:
        self.run("DELETE FROM attachments WHERE id = ?", attachment_id)
