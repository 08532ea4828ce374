"""Threads and items for people: rows of a table, and the lines of one thread."""

from __future__ import annotations

from typing import Final

import chatkit_async
from chatkit_async.cli.output import Line
from chatkit_async.cli.table import Column, TableRow, shortened
from chatkit_async.cli.view import Row, find, plain, resource_lines, utc
from chatkit_async.types._json import JSON, JSONObject

THREAD_COLUMNS: Final = (
    Column("ID", "middle", 17),
    Column("CREATED (UTC)", min_width=16),
    Column("STATUS"),
    Column("USER", "middle", 10),
    Column("TITLE", min_width=16),
)
ITEM_COLUMNS: Final = (Column("ID", "middle", 17), Column("CREATED (UTC)", min_width=16), Column("ITEM", min_width=20))

ABSENT: Final = "-"
MAX_NAME_WIDTH: Final = 40  # cells of a status or user, which a server may make as long as it likes
MAX_TEXT_WIDTH: Final = 120  # cells of a title or item; `transcript` and --json have the whole


def thread_row(found: chatkit_async.ChatKitThread) -> TableRow:
    """A thread under THREAD_COLUMNS."""
    thread = found.to_dict()
    names = (thread.get("id"), _minute(thread.get("created_at")), find(thread, "status.type"), thread.get("user"))
    thread_id, created, status, user = map(_text, names)
    title = shortened(_text(thread.get("title")), MAX_TEXT_WIDTH)
    return thread_id, created, shortened(status, MAX_NAME_WIDTH), shortened(user, MAX_NAME_WIDTH), title


def item_row(item: chatkit_async.ChatKitThreadItem) -> TableRow:
    """An item under ITEM_COLUMNS: who, and what, on one line."""
    shown = item.to_dict()
    said = " ".join(chatkit_async.transcript([item]).split())
    return _text(shown.get("id")), _text(_minute(shown.get("created_at"))), shortened(said, MAX_TEXT_WIDTH)


def thread_lines(thread: JSONObject) -> list[Line]:
    """The lines for a thread, as the REST API shows it."""
    return resource_lines(
        thread,
        (
            Row("thread", ("id",), plain),
            Row("status", ("status",), _status),
            Row("created", ("created_at",), lambda value: plain(_created(value))),
            Row("user", ("user",), plain),
            Row("title", ("title",), plain),
        ),
    )


def _status(value: JSON) -> str:
    kind, reason = find(value, "type"), find(value, "reason")
    if kind is None:
        return plain(value)
    return plain(kind) if reason is None else f"{plain(kind)}: {plain(reason)}"


def _created(value: JSON) -> JSON:
    return utc(value) if isinstance(value, int | float) else value


def _minute(value: JSON) -> JSON:
    """A time without its seconds and zone, which the heading names."""
    return utc(value).removesuffix(" UTC")[:16] if isinstance(value, int | float) else value


def _text(value: JSON) -> str:
    return ABSENT if value is None else plain(value)
