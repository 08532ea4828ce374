"""Copies of JSON and bodies without secrets, and without very long strings, for the control plane."""

from __future__ import annotations

import functools
import json

from ..types._json import JSON
from ..types.secret import MASK, is_secret_field, mask_text

# A state variable alone may have ten megabytes, and the inspector asks every second.
MAX_TEXT = 20_000
MAX_SHORT = 100
# After these words a header has a key; without one the whole value is the key.
AUTHORIZATION_SCHEMES = ("bearer", "basic")


def body_document(body: bytes, max_bytes: int | None) -> JSON:
    """A body without its secrets."""
    if max_bytes is not None and len(body) > max_bytes:
        return f"{masked_excerpt(body[:max_bytes])}… ({len(body):,} bytes)"
    try:
        decoded = without_secrets(json.loads(body)) if body else None
        json.dumps(decoded, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return masked_excerpt(body)
    return decoded


def masked_excerpt(body: bytes) -> str:
    """What is not JSON, with anything like a secret masked."""
    return mask_text(body.decode("utf-8", "replace"))


def without_secrets(value: JSON) -> JSON:
    """A copy with client secrets, keys and tokens masked: by their form, and by the names of fields."""
    if isinstance(value, dict):
        return {mask(name): masked_field(name, one) for name, one in value.items()}
    if isinstance(value, list):
        return [without_secrets(one) for one in value]
    return mask(value) if isinstance(value, str) else value


def masked_field(name: str, value: JSON) -> JSON:
    """The value of a field; masked if the name says that it is a secret, except for an authorization's scheme."""
    if not is_secret_field(name) or not isinstance(value, str):
        return without_secrets(value)
    scheme = value.partition(" ")[0]
    return f"{scheme} {MASK}" if scheme.lower() in AUTHORIZATION_SCHEMES else MASK


def mask(text: str) -> str:
    """The text with anything like a secret masked."""
    return mask_short(text) if len(text) <= MAX_SHORT else mask_text(text)


@functools.lru_cache(maxsize=4096)
def mask_short(text: str) -> str:
    """The same, remembered: thousands of requests have the same headers."""
    return mask_text(text)


def shortened(value: JSON) -> JSON:
    """A copy with long strings cut off; their length is in the cut string."""
    if isinstance(value, dict):
        return {name: shortened(one) for name, one in value.items()}
    if isinstance(value, list):
        return [shortened(one) for one in value]
    if isinstance(value, str) and len(value) > MAX_TEXT:
        return f"{value[:MAX_TEXT]}… ({len(value):,} characters)"
    return value
