"""A session as lines for people: what the API left out has no line, what it added has its JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from math import ceil
from typing import Final, NamedTuple

from chatkit_async.cli.output import Line
from chatkit_async.types._json import JSON, JSONObject

HIDDEN: Final = "hidden (--show-secret shows it; in --json it is whole)"


class Row(NamedTuple):
    """A line: its label, where its value stands in the session (or its copy does), and how that reads."""

    label: str
    paths: tuple[str, ...]
    text: Callable[[JSON], str]


def session_lines(session: JSONObject, *, now_s: float, show_secret: bool) -> list[Line]:
    """The lines for a session.

    Args:
        session: the session as the REST API shows it.
        now_s: the time to count its remaining seconds from, in Unix seconds.
        show_secret: whether the client secret is among them.
    """
    rows = _rows(now_s=now_s, show_secret=show_secret)
    known = [(row.label, row.text(value)) for row in rows if (value := _first(session, row.paths)) is not None]
    heads = {path.partition(".")[0] for row in rows for path in row.paths} | {"object"}
    unknown = [(name, _plain(value)) for name, value in session.items() if name not in heads]
    return known + unknown


def _rows(*, now_s: float, show_secret: bool) -> tuple[Row, ...]:
    return (
        Row("session", ("id",), _plain),
        Row("status", ("status",), _plain),
        Row("client secret", ("client_secret",), _plain if show_secret else _hidden),
        Row("expires", ("expires_at",), partial(expiry, now_s=now_s)),
        Row("user", ("user",), _plain),
        Row("workflow", ("workflow.id",), _plain),
        Row("version", ("workflow.version",), _plain),
        Row("state", ("workflow.state_variables",), _plain),
        Row("tracing", ("workflow.tracing.enabled",), _switch),
        Row("requests/minute", ("rate_limits.max_requests_per_1_minute", "max_requests_per_1_minute"), _plain),
        Row("titling", ("chatkit_configuration.automatic_thread_titling.enabled",), _switch),
        Row("file upload", ("chatkit_configuration.file_upload",), _file_upload),
        Row("history", ("chatkit_configuration.history",), _history),
    )


def expiry(expires_at: JSON, *, now_s: float) -> str:
    """A time in UTC and how far away it is, as in `2025-11-20 09:41:00 UTC, in 300 s`."""
    if not isinstance(expires_at, int):
        return _plain(expires_at)
    left_s = ceil(expires_at - now_s)
    away = f"in {left_s} s" if left_s > 0 else f"{-left_s} s ago"
    return f"{_utc(expires_at)}, {away}"


def _utc(unix_s: int) -> str:
    try:
        return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):  # beyond the year 9999
        return f"Unix time {unix_s}"


def _first(tree: JSON, paths: tuple[str, ...]) -> JSON:
    return next((value for path in paths if (value := _find(tree, path)) is not None), None)


def _find(tree: JSON, path: str) -> JSON:
    for part in path.split("."):
        tree = tree.get(part) if isinstance(tree, dict) else None
    return tree


def _plain(value: JSON) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _hidden(value: JSON) -> str:
    return HIDDEN if value else "none"


def _switch(value: JSON) -> str:
    return "on" if value else "off"


def _file_upload(value: JSON) -> str:
    return _with_limits(value, max_files="up to {} files", max_file_size="up to {} MB each")


def _history(value: JSON) -> str:
    return _with_limits(value, recent_threads="the {} most recent threads")


def _with_limits(feature: JSON, **limits: str) -> str:
    """Whether a feature is on, and the limits it then has."""
    if not _find(feature, "enabled"):
        return "off"
    found = [text.format(value) for name, text in limits.items() if (value := _find(feature, name)) is not None]
    return ", ".join(["on", *found])
