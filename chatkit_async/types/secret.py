"""Secret strings, and the masking of texts and JSON that may hold some."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from itertools import islice
from typing import Any, TypeVar, cast

T = TypeVar("T")

MASK = "***"
MAX_NODES = 10_000  # values of a decoded body that are copied, so that masking never holds up an event loop
MAX_SCANNED_CHARACTERS = 100_000  # of a decoded body
MAX_LEVELS = 100  # beyond this, repr and pickle would overflow
REST_CUT = "… (the rest is left out)"

# The value of client_secret, also in broken, escaped or doubly encoded JSON; client secrets, keys and bearer tokens.
_SECRETS = (
    r"""(?i)(client_?secret\\*["']?\s*[:=]\s*\\*["'])(?:[^"'\\]|\\+[^"'\\])+""",
    r"""(?i)(client_?secret\\*["']?\s*[:=]\s*)[^"'\\\s,}&]+""",
    r"(?i)(client_?secret>\s*)[^<\s]+",
    r"(?<![A-Za-z])(ek(?:_|%5[Ff]))(?:[\w\-=+.%]|\\*/)+",
    r"(?<![A-Za-z])(sk-)[\w\-*]{4,}",
    r"(?i)\b(bearer\s+)(?!auth\s|your_key\))[^\s\"',]+",  # the API's text has "Bearer auth" and "Bearer YOUR_KEY)"
)
_SECRET_SIGNS = ("secret", "ek_", "ek%5", "sk-", "bearer")  # each text that a pattern matches holds one, in lower case
_SECRET_FIELDS = frozenset(
    {"client_secret", "authorization", "proxy-authorization", "cookie", "set-cookie", "api_key", "api-key", "x-api-key"}
)
_LONGEST_SECRET_FIELD = max(map(len, _SECRET_FIELDS))


class Secret(str):
    """A string with a masked repr.

    It works wherever a string does (JSON, headers, comparison) and pickles whole; `str()`, f-strings and slices of it
    are plain strings, for you to guard.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"


class MaskedText(Secret):
    """A secret in the body of an error: it shows as `'***'`, is copied whole and pickles as `***`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(MASK)

    def __copy__(self) -> MaskedText:
        return self

    def __deepcopy__(self, memo: object) -> MaskedText:
        return self

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (MASK,)


class Hidden:
    """Takes the place of a refused value whose repr may show a secret; it keeps only the value's type."""

    __slots__ = ("kind",)

    def __init__(self, kind: type[object]) -> None:
        self.kind = kind


def as_secret(value: T) -> T:
    """A string as a `Secret`, a callable or awaitable unchanged, anything else as `Hidden`."""
    kept: Any = value
    if isinstance(kept, str):
        kept = Secret(str.__str__(kept))
    elif not (callable(kept) or hasattr(type(kept), "__await__")):
        kept = without_value(kept)
    return cast("T", kept)


def hidden_keys(value: T) -> T:
    """A list or tuple of strings or bytes as a tuple of `Secret`s; None unchanged; anything else as `Hidden`."""
    kept: Any = value
    if isinstance(kept, (list, tuple)):
        return cast("T", tuple(as_secret(_key_text(key)) for key in kept))
    return without_value(value)


def _key_text(key: object) -> object:
    return Secret(bytes(key).decode("latin-1")) if isinstance(key, (bytes, bytearray)) else key


def without_value(value: T) -> T:
    """Any value as `Hidden`, typed as before; None unchanged."""
    return value if value is None or isinstance(value, Hidden) else cast("T", Hidden(type(value)))


def without_other_values(value: T) -> T:
    """A string unchanged; anything else without its value, for messages that are logged."""
    return value if isinstance(value, str) else without_value(value)


def is_secret_field(name: str) -> bool:
    """Whether a header or JSON field of this name holds a secret."""
    return len(name) <= _LONGEST_SECRET_FIELD and name.lower() in _SECRET_FIELDS


def mask_text(text: str) -> str:
    """The text with client secrets, keys and bearer tokens replaced by `***`, also in broken JSON.

    The work grows with the text: cut it first.
    """
    lower_case = text.lower()
    if any(hint in lower_case for hint in _SECRET_SIGNS):
        for pattern in _patterns():
            text = pattern.sub(rf"\1{MASK}", text)
    return text


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    """The patterns of secrets, compiled at their first use: most programs mask nothing."""
    return tuple(map(re.compile, _SECRETS))


def masked(value: Any) -> Any:
    """A JSON value as a copy that shows no secret in its repr and pickles without them, and still holds them.

    The work is bounded. Outer values come first; beyond `MAX_NODES` values or `MAX_LEVELS` levels the rest is left out,
    and strings beyond `MAX_SCANNED_CHARACTERS` count as secrets.
    """
    return _MaskedCopy().of(value)


class _MaskedCopy:
    """One copy under way, level by level."""

    def __init__(self) -> None:
        self._nodes = MAX_NODES
        self._characters = MAX_SCANNED_CHARACTERS
        self._open: list[tuple[Any, Any, bool]] = []  # originals and copies that are still empty

    def of(self, value: Any) -> Any:
        copied = self._value(value, is_hidden=False)
        for _ in range(MAX_LEVELS):
            level, self._open = self._open, []
            for original, copy, is_hidden in level:
                self._fill(original, copy, is_hidden=is_hidden)
        self._nodes = 0
        for original, copy, is_hidden in self._open:
            self._fill(original, copy, is_hidden=is_hidden)
        return copied

    def _fill(self, original: Any, copy: Any, *, is_hidden: bool) -> None:
        if isinstance(copy, list):
            copy += (self._value(item, is_hidden=is_hidden) for item in original[: self._nodes])
            copy += [REST_CUT] * (len(copy) < len(original))
            return
        for name, item in islice(original.items(), self._nodes):
            text = str(name)
            copy[self._text(text)] = self._value(item, is_hidden=is_hidden or is_secret_field(text))
        if len(copy) < len(original):
            copy["…"] = REST_CUT

    def _value(self, value: Any, *, is_hidden: bool) -> Any:
        self._nodes -= 1
        if isinstance(value, str):
            return MaskedText(value) if is_hidden else self._text(value)
        if not isinstance(value, (Mapping, list, tuple)):
            return value
        copy: Any = {} if isinstance(value, Mapping) else []
        self._open.append((value, copy, is_hidden))
        return copy

    def _text(self, text: str) -> str:
        if len(text) > self._characters:
            return MaskedText(text)
        self._characters -= len(text)
        return text if mask_text(text) == text else MaskedText(text)
