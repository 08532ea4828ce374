"""Seeds: checked, and completed to resources as the API shows them; read from a file; a sample. No I/O but the file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypedDict, cast

import attrs

from ..errors import ConfigurationError
from ..types._json import JSON, JSONObject
from ._checks import Array, Object, Resource, json_copy
from ._data import Content, Conversation, ResourceList, client_secret, created_at, random_token
from ._refusals import RequestRefused, wrong_type
from ._schema import ANY_ITEM, ITEM, LIFETIME_S, REQUESTS_PER_MINUTE, SESSION, THREAD

ANY_OBJECT = Resource({})
CONVERSATION = Object({"thread": ANY_OBJECT, "items": Array(ANY_OBJECT)}, required=("thread",), names_allowed=True)
THREADS = Array(CONVERSATION)
SESSIONS = Array(ANY_OBJECT)
SEED_FILE = Object({"threads": THREADS, "sessions": SESSIONS}, names_allowed=True)


class Seed(TypedDict, total=False):
    """The arguments of `Emulator.seed`, as a seed file has them."""

    threads: list[Mapping[str, object]]
    sessions: list[Mapping[str, object]]


@attrs.frozen
class Blanks:
    """The values of missing fields: the time, and new ids."""

    now_s: int
    new_token: Callable[[], str]


def completed_seed(threads: Iterable[object], sessions: Iterable[object], blanks: Blanks) -> Content:
    """The seed with missing fields filled in.

    Raises:
        ConfigurationError: a value is one that no client could read; the message names its path.
    """
    try:
        given_threads = THREADS(json_copy(as_list(threads), "threads"), "threads")
        given_sessions = SESSIONS(json_copy(as_list(sessions), "sessions"), "sessions")
        conversations = [conversation(given, path, blanks) for path, given in each(given_threads, "threads")]
        refuse_duplicates((f"threads[{n}].thread", one.thread) for n, one in enumerate(conversations))
        completed = [session(given, path, blanks) for path, given in each(given_sessions, "sessions")]
        refuse_duplicates((f"sessions[{n}]", one) for n, one in enumerate(completed))
    except RequestRefused as refused:
        path = "" if f"'{refused.param}'" in refused.message else f"{refused.param}: "
        raise ConfigurationError(f"the seed was refused: {path}{refused.message}") from None
    return Content(conversations, completed)


def conversation(given: JSONObject, path: str, blanks: Blanks) -> Conversation:
    """A thread and its items."""
    defaults: JSONObject = {"id": f"cthr_{blanks.new_token()}", "created_at": blanks.now_s}
    thread = THREAD.completed(cast("JSONObject", given["thread"]), f"{path}.thread", defaults)
    given_items = each(given.get("items", []), f"{path}.items")
    items = [item(one, item_path, thread, blanks) for item_path, one in given_items]
    refuse_duplicates((f"{path}.items[{n}]", one) for n, one in enumerate(items))
    return Conversation(thread, ResourceList(sorted(items, key=created_at)))


def item(given: JSONObject, path: str, thread: JSONObject, blanks: Blanks) -> JSONObject:
    """An item of a thread; one of an unknown kind is completed only by the fields that every item has."""
    defaults: JSONObject = {
        "id": f"cthi_{blanks.new_token()}",
        "created_at": blanks.now_s,
        "thread_id": thread["id"],
    }
    known = ITEM.completed(given, path, defaults)
    # Filled in before the check of names: in an unknown kind no name can be told to be misspelt.
    completed = ANY_ITEM.completed({**ANY_ITEM.defaults, **defaults, **known}, path)
    if completed["thread_id"] != thread["id"]:
        raise RequestRefused(
            400, f"it must be its thread's id, {thread['id']!r}, or left out", param=f"{path}.thread_id"
        )
    return completed


def session(given: JSONObject, path: str, blanks: Blanks) -> JSONObject:
    """A session; the rate limit, which the API shows twice, may be given once."""
    expires_at = blanks.now_s + LIFETIME_S
    limits = given.get("rate_limits")
    nested = limits.get("max_requests_per_1_minute") if isinstance(limits, dict) else None
    rate_limit = given.get("max_requests_per_1_minute", REQUESTS_PER_MINUTE if nested is None else nested)
    defaults: JSONObject = {
        "id": f"cksess_{blanks.new_token()}",
        "client_secret": client_secret(blanks.new_token(), expires_at),
        "expires_at": expires_at,
        "max_requests_per_1_minute": rate_limit,
        "rate_limits": {"max_requests_per_1_minute": rate_limit},
    }
    return SESSION.completed(given, path, defaults)


def as_list(given: Iterable[object]) -> object:
    """An iterable as a list; a string or a mapping unchanged, for the check to refuse it."""
    return given if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable) else [*given]


def each(array: JSON, path: str) -> list[tuple[str, JSONObject]]:
    """The objects of an array, each with its path."""
    return [(f"{path}[{index}]", one) for index, one in enumerate(cast("list[JSONObject]", array))]


def refuse_duplicates(resources: Iterable[tuple[str, JSONObject]]) -> None:
    """Refuses an id that occurs twice; each resource comes with its path."""
    seen: set[JSON] = set()
    for path, resource in resources:
        if resource["id"] in seen:
            raise RequestRefused(400, f"the id {resource['id']!r} occurs twice: give each its own", param=f"{path}.id")
        seen.add(resource["id"])


def load_seed(path: str | os.PathLike[str]) -> Seed:
    """Reads a seed file and checks all of it: `emulator.seed(**load_seed("seed.json"))`.

    Args:
        path: a JSON file in UTF-8, an object with the keys "threads" and "sessions"; `sample_seed` shows one.

    Returns:
        The seed as written; the emulator fills in missing fields when it takes it.

    Raises:
        ConfigurationError: the file cannot be read, is not JSON, or is not a seed; the message names the file, the path
            of the value, and the allowed values.
    """
    document = json_file(Path(path))
    try:
        if not isinstance(document, dict):
            raise wrong_type("seed", "an object", document)
        seed = cast("Seed", SEED_FILE(document, ""))
        completed_seed(seed.get("threads", []), seed.get("sessions", []), Blanks(0, random_token))
    except RequestRefused as refused:
        raise ConfigurationError(f"{path}: the seed was refused: {refused.message}") from None
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from None
    return seed


def json_file(path: Path) -> JSON:
    """The JSON of a file; raises ConfigurationError."""
    try:
        document: JSON = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: the seed file cannot be read: {error.strerror}") from error
    except json.JSONDecodeError as error:
        reason = f"line {error.lineno}, column {error.colno}: {error.msg}"
        raise ConfigurationError(f"{path}: the seed file is not JSON: {reason}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path}: the seed file is not JSON: {error}") from error
    return document


def sample_seed() -> str:
    """The text of a seed file to start from, as JSON: two threads with every kind of item, and two sessions."""
    return (Path(__file__).parent / "sample_seed.json").read_text("utf-8")
