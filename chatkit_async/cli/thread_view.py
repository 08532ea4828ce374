"""Threads and items for people: rows of a table, and the lines of one thread."""

from __future__ import annotations

from typing import Final

import chatkit_async
from chatkit_async.cli.output import Line
from chatkit_async.cli.table import TableRow
from chatkit_async.cli.view import Row, find, plain, resource_lines, utc
from chatkit_async.types._json import JSON, JSONObject

THREAD_HEADINGS: Final = ("ID", "CREATED", "STATUS", "USER", "TITLE")
ITEM_HEADINGS: Final = ("ID", "CREATED", "ITEM")

ABSENT: Final = "-"
LONGEST_NAME: Final = 40  # characters of a status or user, which a server may make as long as it likes
LONGEST_TEXT: Final = 120  # characters of a title or item; `transcript` and --json have the whole


def thread_row(thread: JSONObject) -> TableRow:
    """A thread, as the REST API shows it, under THREAD_HEADINGS."""
    names = (thread.get("id"), _created(thread.get("created_at")), find(thread, "status.type"), thread.get("user"))
    thread_id, created, status, user = map(_text, names)
    title = shortened(_text(thread.get("title")), LONGEST_TEXT)
    return thread_id, created, shortened(status, LONGEST_NAME), shortened(user, LONGEST_NAME), title


def item_row(item: chatkit_async.ChatKitThreadItem) -> TableRow:
    """An item under ITEM_HEADINGS: who, and what, on one line."""
    shown = item.to_dict()
    said = " ".join(chatkit_async.transcript([item]).split())
    return _text(shown.get("id")), _text(_created(shown.get("created_at"))), shortened(said, LONGEST_TEXT)


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


def shortened(text: str, longest: int) -> str:
    """The text, cut where it is longer, and then with dots that say so."""
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def _status(value: JSON) -> str:
    kind, reason = find(value, "type"), find(value, "reason")
    if kind is None:
        return plain(value)
    return plain(kind) if reason is None else f"{plain(kind)}: {plain(reason)}"


def _created(value: JSON) -> JSON:
    return utc(value) if isinstance(value, int | float) else value


def _text(value: JSON) -> str:
    return ABSENT if value is None else plain(value)
