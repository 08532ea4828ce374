"""What the control plane shows of an emulator: JSON without secrets, and without very long strings."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar, cast

import attrs

from ..types._json import JSON, JSONObject
from ..types.secret import MASK, is_secret_field, mask_text
from ._data import session_at
from ._fault_injection import QueuedFault
from ._faults import fault_document, short_name
from ._request_log import LogEntry, RecordedRequest, failure
from ._state import EmulatorState

VIEW_PAGE_SIZE = 100
# The page asks every second: it must not get megabytes of bodies.
MAX_SHOWN_BODY_BYTES = 10_000
MAX_SEARCHED_BYTES = 2_000
MAX_QUERY = 100  # characters in a row
# A state variable alone may have ten megabytes, and the inspector asks every second.
MAX_TEXT = 20_000
MAX_SHORT = 100
# After these words a header has a key; without one the whole value is the key.
AUTHORIZATION_SCHEMES = ("bearer", "basic")

T = TypeVar("T")


def requests(state: EmulatorState, query: JSONObject) -> JSONObject:
    """The log of requests with their responses, oldest first: all of it, or the last `limit`."""
    with state.lock:
        recorded = state.log.recorded(cast("int | None", query.get("limit")))
    return {"requests": [request_document(one) for one in recorded]}


def state(state: EmulatorState, query: JSONObject) -> JSONObject:
    """What the inspector shows: the clock, counts, waiting faults, a page of one view, and its open rows."""
    with state.lock:
        now_s = state.clock.now_s()
        threads = state.data.threads_of(None).oldest_first
        counts = {"requests": len(state.log), "threads": len(threads), "sessions": len(state.data.sessions)}
        faults: list[JSON] = [queued_fault(one) for one in state.faults.queued]
        view = VIEWS[cast("str", query.get("view", "requests"))](state, now_s)
        return {"now": now_s, "counts": {**counts}, "faults": faults, **page_of_view(view, query)}


def queued_fault(queued: QueuedFault) -> JSONObject:
    """A waiting fault: how many more requests it lets pass, and makes fail (null: no limit)."""
    left = None if queued.fault.times == "always" else int(queued.times)
    return {"fault": without_secrets(fault_document(queued.fault)), "skip": queued.skip, "times": left}


@attrs.frozen
class InspectorView:
    """A list of the inspector: resources oldest first, and how to find, summarise and open one."""

    oldest_first: Sequence[Any]
    key: Callable[[Any], str]
    labels: Callable[[Any], Collection[str]]
    text: Callable[[Any], str]
    summary: Callable[[Any], JSONObject]
    details: Callable[[Any], JSONObject]


def page_of_view(view: InspectorView, query: JSONObject) -> JSONObject:
    """The rows that match the search and the filter, newest first, and the details of the open ones."""
    label, search = query.get("filter"), cast("str", query.get("search", "")).lower()
    words = {search, json.dumps(search)[1:-1]}  # bodies have non-ASCII characters escaped
    newest_first = [
        one
        for one in reversed(view.oldest_first)
        if (not label or label in view.labels(one)) and (not search or any(word in view.text(one) for word in words))
    ]
    offset, limit = cast("int", query.get("offset", 0)), cast("int", query.get("limit", VIEW_PAGE_SIZE))
    rows = newest_first[offset : offset + limit]
    opened = cast("list[str]", query.get("open", []))
    return {
        "matching": len(newest_first),
        "offset": offset,
        "rows": [{"key": view.key(one), **view.summary(one)} for one in rows],
        "details": {
            view.key(one): view.details(one) for one in view.oldest_first if opened and view.key(one) in opened
        },
    }


def requests_view(state: EmulatorState, now_s: float) -> InspectorView:
    """The log of requests."""
    return InspectorView([*state.log], number, request_labels, searched_text, request_summary, request_details)


def number(entry: LogEntry) -> str:
    """The key of a request."""
    return str(entry.number)


def request_labels(entry: LogEntry) -> Collection[str]:
    """The filters that a request matches."""
    responded = entry.ended == "responded" and entry.response is not None
    status = entry.response.status if responded and entry.response else 0
    return {
        f"{status // 100}xx" if responded else entry.ended,
        "ok" if 200 <= status < 400 or entry.ended == "pending" else "failed",
        *(("fault",) if entry.fault is not None else ()),
        entry.head[0],
    }


def searched_text(entry: LogEntry) -> str:
    """The text that a search looks through: lower case, without secrets."""
    if entry.searched_text is not None:
        return entry.searched_text
    text = new_searched_text(entry)
    if entry.ended != "pending":
        entry.searched_text = text
    return text


def new_searched_text(entry: LogEntry) -> str:
    """The text that a search looks through, as of now."""
    method, url, _ = entry.head
    made = entry.response
    sent = "" if made is None else f"{made.status} {made.headers.get('x-request-id', '')} {excerpt(made.body)}"
    return mask_text(f"{method} {url.raw_path_qs} {entry.ended} {excerpt(entry.body)} {sent}").lower()


def excerpt(body: bytes) -> str:
    """The beginning of a body."""
    return body[:MAX_SEARCHED_BYTES].decode("utf-8", "replace")


def request_summary(entry: LogEntry) -> JSONObject:
    """The row of a request."""
    recorded = entry.recorded()
    query = "&".join(f"{name}={value}" for name, value in recorded.query.items())
    return {
        "method": recorded.method,
        "path": mask_text(recorded.path),
        "query": mask(query)[:MAX_QUERY],
        "received_at": recorded.received_at,
        "ended": recorded.ended,
        "status": recorded.status,
        "duration_ms": duration_ms(recorded),
        "request_id": request_id(recorded),
        "fault": None if recorded.fault is None else short_name(recorded.fault),
    }


def request_details(entry: LogEntry) -> JSONObject:
    """An open request."""
    return cast("JSONObject", shortened(request_document(entry.recorded(), MAX_SHOWN_BODY_BYTES)))


def threads_view(state: EmulatorState, now_s: float) -> InspectorView:
    """The threads."""

    def details(thread: JSONObject) -> JSONObject:
        items = state.data.conversations[cast("str", thread["id"])].items.oldest_first
        newest = items[max(0, len(items) - VIEW_PAGE_SIZE) :]
        return {"thread": shortened(thread), "items": [shortened(one) for one in newest], "total": len(items)}

    def summary(thread: JSONObject) -> JSONObject:
        count = len(state.data.conversations[cast("str", thread["id"])].items.oldest_first)
        return {"thread": shortened(thread), "items": count}

    return InspectorView(
        state.data.threads_of(None).oldest_first,
        lambda thread: cast("str", thread["id"]),
        lambda thread: (thread["status"]["type"],),
        lambda thread: f"{thread['id']} {thread['title'] or ''} {thread['user']}".lower(),
        summary,
        details,
    )


def sessions_view(state: EmulatorState, now_s: float) -> InspectorView:
    """The sessions."""

    def document(session: JSONObject) -> JSONObject:
        return {"session": shortened(without_secrets(session))}

    return InspectorView(
        [session_at(session, now_s) for session in state.data.sessions.values()],
        lambda session: cast("str", session["id"]),
        lambda session: (session["status"],),
        lambda session: f"{session['id']} {session['user']} {session['workflow']['id']}".lower(),
        document,
        document,
    )


VIEWS: Mapping[str, Callable[[EmulatorState, float], InspectorView]] = {
    "requests": requests_view,
    "threads": threads_view,
    "sessions": sessions_view,
}


def request_document(recorded: RecordedRequest, max_body_bytes: int | None = None) -> JSONObject:
    """A request and its response; bodies are decoded if they are JSON, cut off if too long, null if empty."""
    response = recorded.response
    return {
        "method": recorded.method,
        "path": mask_text(recorded.path),
        "query": without_secrets(dict(recorded.query)),
        "headers": without_secrets(dict(recorded.headers)),
        "body": body_document(recorded.body, max_body_bytes),
        "received_at": recorded.received_at,
        "ended": recorded.ended,
        "status": recorded.status,
        "duration_ms": duration_ms(recorded),
        "request_id": request_id(recorded),
        "response": None
        if response is None
        else {
            "status": response.status,
            "headers": without_secrets(dict(response.headers)),
            "body": body_document(response.body, max_body_bytes),
        },
        "failure": mask_text(failure(recorded) or "") or None,
        "fault": None if recorded.fault is None else without_secrets(fault_document(recorded.fault)),
    }


def duration_ms(recorded: RecordedRequest) -> float | None:
    """How long the request took, in milliseconds."""
    return None if recorded.duration_s is None else round(recorded.duration_s * 1000, 3)


def request_id(recorded: RecordedRequest) -> str | None:
    """The x-request-id of the response."""
    return None if recorded.response is None else recorded.response.request_id


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
