"""Reading raw JSON that may be damaged: a value of the expected form, or `DamagedError`."""

from __future__ import annotations

import json
import math
import re
from typing import NoReturn

from ...types._json import JSON, JSONObject

_SURROGATE = re.compile("[\ud800-\udfff]")


class DamagedError(ValueError):
    """The JSON is not what the API documents."""


def without_surrogates(text: str) -> str:
    """A text that can be written as UTF-8."""
    return _SURROGATE.sub("\ufffd", text)


def cleaned(value: JSON) -> tuple[JSON, set[str]]:
    """The value as it can be written, and the loss if a character had to be replaced."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        raise DamagedError("this is no JSON") from None
    if not _SURROGATE.search(text):
        return value, set()
    clean: JSON = json.loads(without_surrogates(text))
    return clean, {"surrogates"}


def decoded(text: JSON, losses: set[str], loss: str = "") -> JSON:
    """JSON text as its value; other text as it is, which is a loss where `loss` names one."""
    try:
        value: JSON = (
            json.loads(text, parse_constant=_no_constant, parse_float=_finite) if isinstance(text, str) else _NO_JSON
        )
    except (ValueError, RecursionError):
        value = _NO_JSON
    if value is _NO_JSON:
        losses.update({loss} - {""})
        return text
    clean, replaced = cleaned(value)
    losses |= replaced
    return clean


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large")
    return value


_NO_JSON: JSON = {}


def text_of(holder: JSONObject, name: str) -> str:
    """A field that must be a string."""
    value = holder.get(name)
    if not isinstance(value, str):
        raise DamagedError(f"{name} is not a string")
    return value


def text_or_null(holder: JSONObject, name: str) -> str | None:
    """A field that may be null or absent."""
    return None if holder.get(name) is None else text_of(holder, name)


def array_of(holder: JSONObject, name: str, *, required: bool = False) -> list[JSON]:
    """An array; empty where the field is null or absent and not required."""
    value = holder.get(name)
    if value is None and not required:
        return []
    if not isinstance(value, list):
        raise DamagedError(f"{name} is not an array")
    return value


def objects_of(holder: JSONObject, name: str, *, required: bool = False) -> list[JSONObject]:
    """An array that holds only objects."""
    array = array_of(holder, name, required=required)
    objects = [element for element in array if isinstance(element, dict)]
    if len(objects) < len(array):
        raise DamagedError(f"{name} holds something else than objects")
    return objects
