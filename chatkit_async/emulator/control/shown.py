"""What the emulator holds, as the control plane shows it: without secrets."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar, cast

from ...types._json import JSON, JSONObject
from ...types.secret import MASK, is_secret_field, mask_text
from ..held import Held
from ..record import RecordedRequest
from ..sessions import shown

# A page that asks every second must not be sent megabytes: a state variable alone may have ten.
MAX_TEXT = 20_000
MAX_BODY_BYTES = 10_000
MAX_SHORT = 100
# What stands before a key; where nothing does, the key itself would be taken for it.
AUTHORIZATION_SCHEMES = ("bearer", "basic")

T = TypeVar("T")


def state(held: Held, limit: int, thread_ids: Iterable[str]) -> JSONObject:
    """The newest sessions, threads and requests, and the last items of those of these threads that are there."""
    with held.lock:
        now_s = held.clock.now_s()
        sessions = [*held.state.sessions.values()]
        threads = held.state.threads_of(None).oldest_first
        opened = [held.state.conversations[one] for one in thread_ids if one in held.state.conversations]
        asked, recorded = len(held.log), held.log.recorded(limit)
    return {
        "now": now_s,
        "sessions": last(sessions, limit, lambda one: shortened(without_secrets(shown(one, now_s)))),
        "threads": last(threads, limit, shortened),
        "requests": {"total": asked, "data": [shortened(request(one, MAX_BODY_BYTES)) for one in recorded]},
        "items": {cast("str", one.thread["id"]): last(one.items.oldest_first, limit, shortened) for one in opened},
    }


def requests(held: Held, limit: int | None) -> JSONObject:
    """What was asked, oldest first: all of it, or the last of it."""
    with held.lock:
        recorded = held.log.recorded(limit)
    return {"requests": [request(one) for one in recorded]}


def last(oldest_first: Sequence[T], limit: int, show: Callable[[T], JSON]) -> JSONObject:
    """How many there are, and the last of them, still the oldest first."""
    return {
        "total": len(oldest_first),
        "data": [show(one) for one in oldest_first[max(0, len(oldest_first) - limit) :]],
    }


def request(recorded: RecordedRequest, max_body_bytes: int | None = None) -> JSONObject:
    """A recorded request; its body decoded where it is JSON, else or where too long as text, null if there is none."""
    return {
        "method": recorded.method,
        "path": mask_text(recorded.path),
        "query": without_secrets(dict(recorded.query)),
        "headers": without_secrets(dict(recorded.headers)),
        "body": body(recorded.body, max_body_bytes),
        "received_at": recorded.received_at,
        "ended": recorded.ended,
        "status": recorded.status,
    }


def body(sent: bytes, max_bytes: int | None) -> JSON:
    """The body without its secrets."""
    if max_bytes is not None and len(sent) > max_bytes:
        return f"{text(sent[:max_bytes])}… ({len(sent):,} bytes)"
    try:
        decoded = without_secrets(json.loads(sent)) if sent else None
        json.dumps(decoded, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return text(sent)
    return decoded


def text(sent: bytes) -> str:
    """What is no JSON, without what looks like a secret."""
    return mask_text(sent.decode("utf-8", "replace"))


def without_secrets(value: JSON) -> JSON:
    """A copy with client secrets, keys and tokens masked, by their looks and by the names of fields."""
    if isinstance(value, dict):
        return {mask(name): masked_field(name, held) for name, held in value.items()}
    if isinstance(value, list):
        return [without_secrets(held) for held in value]
    return mask(value) if isinstance(value, str) else value


def masked_field(name: str, value: JSON) -> JSON:
    """The value of a field; masked whole if the name tells a secret, but for an authorization's scheme."""
    if not is_secret_field(name) or not isinstance(value, str):
        return without_secrets(value)
    scheme = value.partition(" ")[0]
    return f"{scheme} {MASK}" if scheme.lower() in AUTHORIZATION_SCHEMES else MASK


def mask(told: str) -> str:
    """The text without what looks like a secret."""
    return mask_short(told) if len(told) <= MAX_SHORT else mask_text(told)


@functools.lru_cache(maxsize=4096)
def mask_short(told: str) -> str:
    """The same; thousands of requests have the same headers."""
    return mask_text(told)


def shortened(value: JSON) -> JSON:
    """A copy with long texts cut off, and the number of their characters told."""
    if isinstance(value, dict):
        return {name: shortened(held) for name, held in value.items()}
    if isinstance(value, list):
        return [shortened(held) for held in value]
    if isinstance(value, str) and len(value) > MAX_TEXT:
        return f"{value[:MAX_TEXT]}… ({len(value):,} characters)"
    return value
