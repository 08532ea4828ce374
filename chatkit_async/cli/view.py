"""A resource as lines for people: what the API left out has no line, what it added has its JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from chatkit_async.cli.output import Line
from chatkit_async.types._json import JSON, JSONObject


class Row(NamedTuple):
    """A line: its label, where its value stands in the resource (or its copy does), and how that reads."""

    label: str
    paths: tuple[str, ...]
    text: Callable[[JSON], str]


def resource_lines(resource: JSONObject, rows: Iterable[Row]) -> list[Line]:
    """The lines for a resource as the REST API shows it, in the order of the rows; what no row knows comes last."""
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
    """What stands at a path of names joined by dots; None if nothing does."""
    for part in path.split("."):
        tree = tree.get(part) if isinstance(tree, dict) else None
    return tree


def _first(tree: JSON, paths: tuple[str, ...]) -> JSON:
    return next((value for path in paths if (value := find(tree, path)) is not None), None)
