"""A copy of what somebody wrote down in Python, made of nothing but JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ..types._json import JSON
from .refusal import Refusal

MAX_DEPTH = 100


def json_copy(value: object, path: str, depth: int = 0) -> JSON:
    """A deep copy as JSON values; raises Refusal, naming the path, for what JSON does not have."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, str):
        return text_copy(value, path)
    if depth >= MAX_DEPTH:
        raise not_json_value(path, f"something nested more than {MAX_DEPTH} deep")
    if isinstance(value, Mapping):
        return {key_copy(key, path): json_copy(held, f"{path}.{key}", depth + 1) for key, held in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_copy(held, f"{path}[{index}]", depth + 1) for index, held in enumerate(value)]
    raise not_json_value(path, repr(value) if isinstance(value, float) else f"a {type(value).__name__}")


def key_copy(key: object, path: str) -> str:
    """The key, which must be a string."""
    if not isinstance(key, str):
        raise not_json_value(path, f"a key that is a {type(key).__name__}")
    return text_copy(key, path)


def text_copy(text: str, path: str) -> str:
    """The text, which must be whole characters."""
    try:
        return text.encode().decode()  # of a subclass of str, such as a masked secret, the text itself
    except UnicodeEncodeError:
        raise not_json_value(path, "half of a character") from None


def not_json_value(path: str, what: str) -> Refusal:
    """What is there is no JSON."""
    return Refusal(400, f"Invalid value for '{path}': {what} is no JSON value.", param=path)
