"""A session as lines for people."""

from __future__ import annotations

from functools import partial
from math import ceil
from typing import Final

from chatkit_async.cli.output import Line
from chatkit_async.cli.view import Row, find, plain, resource_lines, utc
from chatkit_async.types._json import JSON, JSONObject

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
    """Whether a feature is on, and the limits it then has."""
    if not find(feature, "enabled"):
        return "off"
    found = [text.format(value) for name, text in limits.items() if (value := find(feature, name)) is not None]
    return ", ".join(["on", *found])
