"""Sessions, threads and items for people; absent fields have no line, undocumented ones are JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from math import ceil
from typing import Final, NamedTuple

import chatkit_async
from chatkit_async.cli.output import Line
from chatkit_async.cli.table import Column, TableRow, shortened
from chatkit_async.types._json import JSON, JSONObject


class Row(NamedTuple):
    """A line: its label, the paths of its value in the resource (the first that exists), and the text for the value."""

    label: str
    paths: tuple[str, ...]
    text: Callable[[JSON], str]


def resource_lines(resource: JSONObject, rows: Iterable[Row]) -> list[Line]:
    """The lines for a resource, in the order of the rows; fields without a row come last."""
    rows = tuple(rows)
    known = [(row.label, row.text(value)) for row in rows if (value := _first(resource, row.paths)) is not None]
    heads = {path.partition(".")[0] for row in rows for path in row.paths} | {"object"}
    return known + [(name, plain(value)) for name, value in resource.items() if name not in heads]


def plain(value: JSON) -> str:
    """Text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def utc(unix_s: float) -> str:
    """A time in Unix seconds as `2025-11-20 09:41:00 UTC`."""
    try:
        return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):  # beyond the year 9999
        return f"Unix time {unix_s}"


def find(tree: JSON, path: str) -> JSON:
    """The value at a path of names joined by dots; None if it is absent."""
    for part in path.split("."):
        tree = tree.get(part) if isinstance(tree, dict) else None
    return tree


def _first(tree: JSON, paths: tuple[str, ...]) -> JSON:
    return next((value for path in paths if (value := find(tree, path)) is not None), None)


HIDDEN: Final = "hidden (--show-secret shows it; in --json it is whole)"


def session_lines(session: JSONObject, *, now_s: float, show_secret: bool) -> list[Line]:
    """The lines for a session.

    Args:
        session: the session as the REST API shows it.
        now_s: the time to count its remaining seconds from, in Unix seconds.
        show_secret: whether the client secret is among them.
    """
    return resource_lines(session, _rows(now_s=now_s, show_secret=show_secret))


def _rows(*, now_s: float, show_secret: bool) -> tuple[Row, ...]:
    return (
        Row("session", ("id",), plain),
        Row("status", ("status",), plain),
        Row("client secret", ("client_secret",), plain if show_secret else _hidden),
        Row("expires", ("expires_at",), partial(expiry, now_s=now_s)),
        Row("user", ("user",), plain),
        Row("workflow", ("workflow.id",), plain),
        Row("version", ("workflow.version",), plain),
        Row("state", ("workflow.state_variables",), plain),
        Row("tracing", ("workflow.tracing.enabled",), _switch),
        Row("requests/minute", ("rate_limits.max_requests_per_1_minute", "max_requests_per_1_minute"), plain),
        Row("titling", ("chatkit_configuration.automatic_thread_titling.enabled",), _switch),
        Row("file upload", ("chatkit_configuration.file_upload",), _file_upload),
        Row("history", ("chatkit_configuration.history",), _history),
    )


def expiry(expires_at: JSON, *, now_s: float) -> str:
    """A time in UTC and how far away it is, as in `2025-11-20 09:41:00 UTC, in 300 s`."""
    if not isinstance(expires_at, int):
        return plain(expires_at)
    left_s = ceil(expires_at - now_s)
    away = f"in {left_s} s" if left_s > 0 else f"{-left_s} s ago"
    return f"{utc(expires_at)}, {away}"


def _hidden(value: JSON) -> str:
    return HIDDEN if value else "none"


def _switch(value: JSON) -> str:
    return "on" if value else "off"


def _file_upload(value: JSON) -> str:
    return _with_limits(value, max_files="up to {} files", max_file_size="up to {} MB each")


def _history(value: JSON) -> str:
    return _with_limits(value, recent_threads="the {} most recent threads")


def _with_limits(feature: JSON, **limits: str) -> str:
    """Whether a feature is on, and its limits."""
    if not find(feature, "enabled"):
        return "off"
    found = [text.format(value) for name, text in limits.items() if (value := find(feature, name)) is not None]
    return ", ".join(["on", *found])


THREAD_COLUMNS: Final = (
    Column("ID", "middle", 13),
    Column("CREATED (UTC)", min_width=16),
    Column("STATUS", may_go=True),
    Column("USER", "middle", 11, may_go=True),
    Column("TITLE", min_width=20),
)
ITEM_COLUMNS: Final = (Column("ID", "middle", 13), Column("CREATED (UTC)", min_width=16), Column("ITEM", min_width=20))

ABSENT: Final = "-"
MAX_TEXT_WIDTH: Final = 120  # cells of an item's text in a table; `transcript` and --json print all of it


def thread_row(found: chatkit_async.ChatKitThread) -> TableRow:
    """A thread under THREAD_COLUMNS."""
    thread = found.to_dict()
    created, status = _minute(thread.get("created_at")), find(thread, "status.type")
    return tuple(map(_text, (thread.get("id"), created, status, thread.get("user"), thread.get("title"))))


def item_row(item: chatkit_async.ChatKitThreadItem) -> TableRow:
    """An item under ITEM_COLUMNS: its author and first words, on one line."""
    shown = item.to_dict()
    text = " ".join(chatkit_async.transcript([item]).split())
    return _text(shown.get("id")), _text(_minute(shown.get("created_at"))), shortened(text, MAX_TEXT_WIDTH)


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
    return re.sub(r":\d\d UTC$", "", utc(value)) if isinstance(value, int | float) else value


def _text(value: JSON) -> str:
    return ABSENT if value is None else plain(value)
