"""What a seed becomes: resources as the API shows them, from what somebody wrote down of them. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import cast

import attrs

from ..errors import ConfigurationError
from ..types._json import JSON, JSONObject
from .checks import Object
from .json_copy import json_copy
from .paging import Line
from .refusal import Refusal
from .resource import Array, Resource
from .resources import ANY_ITEM, ITEM, SESSION, THREAD
from .sessions import LIFETIME_S, REQUESTS_PER_MINUTE, client_secret
from .state import Content, Conversation, created_at

ANYTHING = Resource({})
THREADS = Array(Object({"thread": ANYTHING, "items": Array(ANYTHING)}, required=("thread",)))
SESSIONS = Array(ANYTHING)


@attrs.frozen
class Blanks:
    """What blanks are filled in with: the time, and new ids."""

    now_s: int
    new_token: Callable[[], str]


def completed_seed(threads: Iterable[object], sessions: Iterable[object], blanks: Blanks) -> Content:
    """The seed with its blanks filled in. Raises ConfigurationError that names the path of what is wrong."""
    try:
        given_threads = THREADS(json_copy(listed(threads), "threads"), "threads")
        given_sessions = SESSIONS(json_copy(listed(sessions), "sessions"), "sessions")
        conversations = [conversation(given, path, blanks) for path, given in each(given_threads, "threads")]
        refuse_twins((f"threads[{n}].thread", one.thread) for n, one in enumerate(conversations))
        completed = [session(given, path, blanks) for path, given in each(given_sessions, "sessions")]
        refuse_twins((f"sessions[{n}]", one) for n, one in enumerate(completed))
    except Refusal as refusal:
        where = "" if f"'{refusal.param}'" in refusal.message else f"{refusal.param}: "
        raise ConfigurationError(f"the seed was refused: {where}{refusal.message}") from None
    return Content(conversations, completed)


def conversation(given: JSONObject, path: str, blanks: Blanks) -> Conversation:
    """A thread with its items, oldest first."""
    defaults: JSONObject = {"id": f"cthr_{blanks.new_token()}", "created_at": blanks.now_s}
    thread = THREAD.completed({**defaults, **cast("JSONObject", given["thread"])}, f"{path}.thread")
    given_items = each(given.get("items", []), f"{path}.items")
    items = [item(one, item_path, thread, blanks) for item_path, one in given_items]
    refuse_twins((f"{path}.items[{n}]", one) for n, one in enumerate(items))
    return Conversation(thread, Line(sorted(items, key=created_at)))


def item(given: JSONObject, path: str, thread: JSONObject, blanks: Blanks) -> JSONObject:
    """An item of a thread; one of an unknown kind is as given, but for what every item has."""
    defaults: JSONObject = {
        "id": f"cthi_{blanks.new_token()}",
        "created_at": blanks.now_s,
        "thread_id": thread["id"],
    }
    whole = ITEM({**defaults, **given}, path)
    checked = ANY_ITEM.completed(cast("JSONObject", whole), path)
    if checked["thread_id"] != thread["id"]:
        raise Refusal(400, f"the thread's id is {thread['id']!r}", param=f"{path}.thread_id")
    return checked


def session(given: JSONObject, path: str, blanks: Blanks) -> JSONObject:
    """A session; its rate limit, which the API shows twice, may be given once."""
    expires_at = blanks.now_s + LIFETIME_S
    limits = given.get("rate_limits")
    told = limits.get("max_requests_per_1_minute") if isinstance(limits, dict) else None
    rate_limit = given.get("max_requests_per_1_minute", REQUESTS_PER_MINUTE if told is None else told)
    defaults: JSONObject = {
        "id": f"cksess_{blanks.new_token()}",
        "client_secret": client_secret(blanks.new_token(), expires_at),
        "expires_at": expires_at,
        "max_requests_per_1_minute": rate_limit,
        "rate_limits": {"max_requests_per_1_minute": rate_limit},
    }
    return SESSION.completed({**defaults, **given}, path)


def listed(given: Iterable[object]) -> object:
    """What was given as a list, where it is several things rather than one."""
    return given if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable) else [*given]


def each(array: JSON, path: str) -> list[tuple[str, JSONObject]]:
    """The objects in an array, each with its path."""
    return [(f"{path}[{index}]", one) for index, one in enumerate(cast("list[JSONObject]", array))]


def refuse_twins(resources: Iterable[tuple[str, JSONObject]]) -> None:
    """Refuses an id that was there before; each resource comes with its path."""
    seen: set[JSON] = set()
    for path, resource in resources:
        if resource["id"] in seen:
            raise Refusal(400, f"the id {resource['id']!r} is there already", param=f"{path}.id")
        seen.add(resource["id"])
