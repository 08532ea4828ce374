"""What the emulator does for each operation: functions of the data and of one call, without I/O."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import cast

import attrs

from ..types._json import JSONObject
from ._checks import Object
from ._data import ApiData, Conversation, ResourceList, client_secret, session_at
from ._refusals import session_not_found, thread_not_found
from ._schema import (
    CREATE_SESSION_BODY,
    LIFETIME_S,
    LIST_ITEMS_QUERY,
    LIST_THREADS_QUERY,
    REQUESTS_PER_MINUTE,
    UPLOAD_FILES,
    UPLOAD_MEGABYTES,
)

DEFAULT_PAGE_SIZE = 20


@attrs.frozen
class OperationCall:
    """One call of an operation: path parameters, checked query and body, and the time by the emulator's clock."""

    path_params: Mapping[str, str]
    query: JSONObject
    body: JSONObject
    now_s: int


@attrs.frozen
class Behaviour:
    """What the emulator does for an operation.

    Attributes:
        run: does the work and returns the result, as the API does; raises RequestRefused.
        example: returns the example of the API's documentation, and changes nothing.
        query: the query parameters it accepts; None: any.
        body: the body it accepts; None: any.
        listed: for a listing, the whole list that it pages through; raises RequestRefused.
    """

    run: Callable[[ApiData, OperationCall], JSONObject]
    example: Callable[[ApiData, OperationCall], JSONObject]
    query: Object | None = None
    body: Object | None = None
    listed: Callable[[ApiData, OperationCall], ResourceList] | None = None


def create_session(data: ApiData, call: OperationCall) -> JSONObject:
    """Creates a session."""
    body = call.body
    rate_limit = part(body, "rate_limits").get("max_requests_per_1_minute", REQUESTS_PER_MINUTE)
    expires_at = call.now_s + lifetime_s(body)
    session: JSONObject = {
        "id": f"cksess_{data.new_token()}",
        "object": "chatkit.session",
        "client_secret": client_secret(data.new_token(), expires_at),
        "expires_at": expires_at,
        "user": body["user"],
        "status": "active",
        "max_requests_per_1_minute": rate_limit,
        "rate_limits": {"max_requests_per_1_minute": rate_limit},
        "workflow": resolved_workflow(part(body, "workflow")),
        "chatkit_configuration": resolved_configuration(part(body, "chatkit_configuration")),
    }
    data.add_session(session)
    return session


def cancel_session(data: ApiData, call: OperationCall) -> JSONObject:
    """Cancels a session; one that is not active stays as it is."""
    session_id = call.path_params["session_id"]
    session = data.sessions.get(session_id)
    if session is None:
        raise session_not_found(session_id)
    if session_at(session, call.now_s)["status"] == "active":
        session = {**session, "status": "cancelled"}
        data.add_session(session)
    return session_at(session, call.now_s)


def lifetime_s(body: JSONObject) -> int:
    """The lifetime of the session to create."""
    return cast("int", part(body, "expires_after").get("seconds", LIFETIME_S))


def resolved_workflow(given: JSONObject) -> JSONObject:
    """The workflow with the API's defaults."""
    return {
        "id": given["id"],
        "version": given.get("version"),
        "state_variables": given.get("state_variables"),
        "tracing": {"enabled": part(given, "tracing").get("enabled", True)},
    }


def resolved_configuration(given: JSONObject) -> JSONObject:
    """The configuration with the API's defaults."""
    titling, upload, history = (part(given, name) for name in ("automatic_thread_titling", "file_upload", "history"))
    return {
        "automatic_thread_titling": {"enabled": titling.get("enabled", True)},
        "file_upload": {
            "enabled": upload.get("enabled", False),
            "max_file_size": upload.get("max_file_size", UPLOAD_MEGABYTES),
            "max_files": upload.get("max_files", UPLOAD_FILES),
        },
        "history": {"enabled": history.get("enabled", True), "recent_threads": history.get("recent_threads")},
    }


def part(document: JSONObject, name: str) -> JSONObject:
    """The object under this name; empty if it was left out."""
    return cast("JSONObject", document.get(name) or {})


def list_threads(data: ApiData, call: OperationCall) -> JSONObject:
    """A page of all threads, or of those of one user."""
    return page(listed_threads(data, call), call.query)


def listed_threads(data: ApiData, call: OperationCall) -> ResourceList:
    """All threads, or those of one user."""
    return data.threads_of(cast("str | None", call.query.get("user")))


def retrieve_thread(data: ApiData, call: OperationCall) -> JSONObject:
    """One thread."""
    return conversation(data, call).thread


def delete_thread(data: ApiData, call: OperationCall) -> JSONObject:
    """Deletes a thread and its items."""
    thread_id = call.path_params["thread_id"]
    if thread_id not in data.conversations:
        raise thread_not_found(thread_id)
    data.remove_conversation(thread_id)
    return deleted(thread_id)


def list_items(data: ApiData, call: OperationCall) -> JSONObject:
    """A page of a thread's items."""
    return page(listed_items(data, call), call.query)


def listed_items(data: ApiData, call: OperationCall) -> ResourceList:
    """All items of a thread."""
    return conversation(data, call).items


def conversation(data: ApiData, call: OperationCall) -> Conversation:
    """The thread of the path, with its items; raises RequestRefused (404)."""
    thread_id = call.path_params["thread_id"]
    found = data.conversations.get(thread_id)
    if found is None:
        raise thread_not_found(thread_id)
    return found


def deleted(thread_id: str) -> JSONObject:
    """The result of deleting a thread."""
    return {"id": thread_id, "object": "chatkit.thread.deleted", "deleted": True}


def page(listed: ResourceList, query: JSONObject) -> JSONObject:
    """A page of a list, as the API returns it.

    A cursor is a position in the list as ordered. `after` alone, or no cursor, takes what follows it; `before` alone
    what precedes it; both what follows `after` up to `before`. A cursor that is not in the list is ignored. `has_more`
    says whether more follows in that direction.

    Args:
        listed: the whole list.
        query: limit (default 20), order (default desc), after, before; checked.
    """
    descending = query.get("order") != "asc"
    limit = cast("int", query.get("limit", DEFAULT_PAGE_SIZE))
    after = listed.position(query.get("after"), descending=descending)
    before = listed.position(query.get("before"), descending=descending)
    start = 0 if after is None else after + 1
    stop = max(start, len(listed.oldest_first) if before is None else before)
    has_more = stop - start > limit
    if has_more and "before" in query and "after" not in query:
        start = stop - limit
    elif has_more:
        stop = start + limit
    return page_of(listed.slice(start, stop, descending=descending), has_more=has_more)


def page_of(resources: Sequence[JSONObject], *, has_more: bool) -> JSONObject:
    """The list resource with these resources."""
    return {
        "object": "list",
        "data": [*resources],
        "first_id": resources[0]["id"] if resources else None,
        "last_id": resources[-1]["id"] if resources else None,
        "has_more": has_more,
    }


# By the operation's name, without what depends on the request.
EXAMPLES: Mapping[str, JSONObject] = json.loads((Path(__file__).parent / "documented_examples.json").read_text("utf-8"))


def example_create(data: ApiData, call: OperationCall) -> JSONObject:
    """The documented example: no id, no user, no configuration."""
    expires_at = call.now_s + lifetime_s(call.body)
    secret = client_secret(data.new_token(), expires_at)
    example = EXAMPLES["sessions.create"]
    workflow = {**part(example, "workflow"), **part(call.body, "workflow")}
    named = {name: workflow[name] for name in ("id", "version")}
    return {**example, "client_secret": secret, "expires_at": expires_at, "workflow": named}


def example_cancel(data: ApiData, call: OperationCall) -> JSONObject:
    """The documented example, with the id of the path: no secret, no expiry."""
    return {**EXAMPLES["sessions.cancel"], "id": call.path_params["session_id"], "cancelled_at": call.now_s}


def example_list(data: ApiData, call: OperationCall) -> JSONObject:
    """Two threads, and no cursors."""
    return EXAMPLES["threads.list"]


def example_retrieve(data: ApiData, call: OperationCall) -> JSONObject:
    """A thread with the id of the path and its items inside; without created_at, status and user."""
    return {**EXAMPLES["threads.retrieve"], "id": call.path_params["thread_id"]}


def example_delete(data: ApiData, call: OperationCall) -> JSONObject:
    """The id of the path, deleted."""
    return deleted(call.path_params["thread_id"])


def example_list_items(data: ApiData, call: OperationCall) -> JSONObject:
    """The two items of the thread above, and no cursors."""
    return {**part(EXAMPLES["threads.retrieve"], "items"), "object": "list"}


BEHAVIOURS: Mapping[str, Behaviour] = {
    "sessions.create": Behaviour(create_session, example_create, body=CREATE_SESSION_BODY),
    "sessions.cancel": Behaviour(cancel_session, example_cancel),
    "threads.list": Behaviour(list_threads, example_list, query=LIST_THREADS_QUERY, listed=listed_threads),
    "threads.retrieve": Behaviour(retrieve_thread, example_retrieve),
    "threads.delete": Behaviour(delete_thread, example_delete),
    "threads.list_items": Behaviour(list_items, example_list_items, query=LIST_ITEMS_QUERY, listed=listed_items),
}
"""By the operation's name."""
