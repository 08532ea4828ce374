"""Strings that must not be shown, and the masking of texts that may hold some."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, TypeVar, cast

T = TypeVar("T")

MASK = "***"

# A client secret's value even in broken, escaped or doubly encoded JSON; what looks like a secret, key or bearer token.
_SECRETS = (
    re.compile(r"""(?i)(client_?secret\\*["']?\s*[:=]\s*\\*["'])(?:[^"'\\]|\\+[^"'\\])+"""),
    re.compile(r"""(?i)(client_?secret\\*["']?\s*[:=]\s*)[^"'\\\s,}&]+"""),
    re.compile(r"(?i)(client_?secret>\s*)[^<\s]+"),
    re.compile(r"(?<![A-Za-z])(ek(?:_|%5[Ff]))(?:[\w\-=+.%]|\\*/)+"),
    re.compile(r"(?<![A-Za-z])(sk-)[\w\-*]{4,}"),
    re.compile(r"(?i)\b(bearer\s+)[^\s\"',]+"),
)
_SECRET_FIELDS = frozenset(
    {"client_secret", "authorization", "proxy-authorization", "cookie", "set-cookie", "api_key", "api-key", "x-api-key"}
)


class Secret(str):
    """A string whose repr shows nothing of it.

    It works wherever a string does (JSON, headers, comparison) and pickles whole; `str()`, f-strings and slices of it
    are plain strings, and yours to guard.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"


class MaskedDict(dict[str, Any]):
    """A decoded JSON object whose secrets are `Secret` values; copied with them, pickled without."""

    __slots__ = ()

    def __copy__(self) -> MaskedDict:
        return MaskedDict(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> MaskedDict:
        return MaskedDict({name: deepcopy(value, memo) for name, value in self.items()})

    def __reduce__(self) -> tuple[type[MaskedDict], tuple[dict[str, Any]]]:
        return MaskedDict, (without_secrets(dict(self)),)


class Hidden:
    """Stands for a value that is refused and whose repr may show a secret; it keeps the value's type alone."""

    __slots__ = ("kind",)

    def __init__(self, kind: type[object]) -> None:
        self.kind = kind


def as_secret(value: T) -> T:
    """A string as a `Secret`, whatever its own `__str__` says; what is none, nor may give one, as `Hidden`."""
    kept: Any = value
    if isinstance(kept, str):
        kept = Secret(str.__str__(kept))
    elif not (callable(kept) or hasattr(type(kept), "__await__")):
        kept = without_value(kept)
    return cast("T", kept)


def hidden_keys(value: T) -> T:
    """A list or tuple of strings or bytes as a tuple of `Secret` texts; anything else as `Hidden`; None as it is."""
    kept: Any = value
    if isinstance(kept, (list, tuple)):
        return cast("T", tuple(as_secret(_key_text(key)) for key in kept))
    return without_value(value)


def _key_text(key: object) -> object:
    return Secret(bytes(key).decode("latin-1")) if isinstance(key, (bytes, bytearray)) else key


def without_value(value: T) -> T:
    """Whatever is given as `Hidden`, typed as it was; None as it is."""
    return value if value is None or isinstance(value, Hidden) else cast("T", Hidden(type(value)))


def is_secret_field(name: str) -> bool:
    """Whether a header or JSON field of this name holds something to hide."""
    return name.lower() in _SECRET_FIELDS


def mask_text(text: str) -> str:
    """The text with client secrets, keys and bearer tokens replaced by `***`, also in broken JSON."""
    for pattern in _SECRETS:
        text = pattern.sub(rf"\1{MASK}", text)
    return text


def masked(value: Any) -> Any:
    """A JSON value as a copy that shows no secret in its repr, and still holds them."""
    if isinstance(value, Mapping):
        return MaskedDict({str(name): _masked_field(str(name), item) for name, item in value.items()})
    if isinstance(value, (list, tuple)):
        return [masked(item) for item in value]
    return Secret(value) if isinstance(value, str) and value != mask_text(value) else value


def _masked_field(name: str, value: Any) -> Any:
    return _hidden(value) if is_secret_field(name) else masked(value)


def _hidden(value: Any) -> Any:
    if isinstance(value, Mapping):
        return MaskedDict({str(name): _hidden(item) for name, item in value.items()})
    if isinstance(value, (list, tuple)):
        return [_hidden(item) for item in value]
    return Secret(value) if isinstance(value, str) else value


def without_secrets(value: Any) -> Any:
    """A masked JSON value as plain dicts and lists, `***` for each secret."""
    if isinstance(value, dict):
        return {name: without_secrets(item) for name, item in value.items()}
    if isinstance(value, list):
        return [without_secrets(item) for item in value]
    return MASK if isinstance(value, Secret) else value
