"""JSON values to bytes and back, by orjson where it is installed (extra `speed`), else by the standard library."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from ..types._json import JSON

orjson: Any
try:
    import orjson
except ImportError:
    orjson = None


def dumps(document: Any) -> bytes:
    """A JSON value as compact UTF-8.

    Raises:
        TypeError, ValueError: it holds what JSON cannot.
    """
    if orjson is not None:
        written: bytes = orjson.dumps(document)
        return written
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def loads(body: bytes) -> JSON:
    """The JSON value that bytes hold.

    Raises:
        ValueError, RecursionError: they hold none, or one too deep.
    """
    if orjson is not None:
        document: JSON = orjson.loads(body)
        return document
    found: JSON = json.loads(body, parse_constant=_refuse_constant)
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
