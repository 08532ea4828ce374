"""How errors and tracebacks show refused values and half-made objects: short, plain and without secrets."""

from __future__ import annotations

import math

from .secret import MASK, Hidden, Secret, mask_text

MAX_LENGTH = 80  # characters of a text, bits of an integer


def redacted(value: object) -> object:
    """A value as an error carries it: None, a boolean, a short number or a short text."""
    try:
        return _plain(value)
    except Exception:  # a caller's own __repr__ may raise anything
        return kind_of(value)


def quoted(value: object) -> str:
    """A value as a part of a sentence; strings in quotes."""
    short = redacted(value)
    return repr(short) if isinstance(value, str) else str(short)


def described(value: object) -> str:
    """A value as a part of a sentence, with its type: `'300' (a string)`; null and objects that hide theirs without."""
    kind = kind_of(value)
    return kind if value is None or isinstance(value, Hidden) else f"{quoted(value)} ({kind})"


def kind_of(value: object) -> str:
    """The type of a value, in the words of JSON where it has any."""
    names: dict[type[object], str] = {
        bool: "a boolean",
        int: "an integer",
        float: "a number",
        str: "a string",
        dict: "an object",
        list: "an array",
        type(None): "null",
        bytes: "bytes",
    }
    kind = value.kind if isinstance(value, Hidden) else type(value)
    # Not before u: UUID, UserDict.
    article = "an" if kind.__name__[0] in "AEIOaeio" else "a"
    return names.get(kind, f"{article} {kind.__name__}")


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Secret):
        return MASK
    if isinstance(value, Hidden):
        return kind_of(value)
    if isinstance(value, int):
        bits = value.bit_length()
        return int(value) if bits <= MAX_LENGTH else f"an integer of {bits:,} bits"
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    return _short(str.__str__(value) if isinstance(value, str) else repr(value))


def _short(text: str) -> str:
    start = mask_text(text[: 4 * MAX_LENGTH])  # longer than the result: a secret may begin inside it and end outside
    start = (start if start.isprintable() else ascii(start)[1:-1])[:MAX_LENGTH]
    return start if len(text) <= MAX_LENGTH else f"{start}… ({len(text):,} characters)"
