"""The operations on threads, and pages: functions of the data and of one call, without I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from ..types._json import JSONObject
from ._behaviour import Behaviour, OperationCall
from ._data import ApiData, Conversation, ResourceList
from ._refusals import thread_not_found
from ._schema import LIST_ITEMS_QUERY, LIST_THREADS_QUERY

PAGE_SIZE = 20


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
    limit = cast("int", query.get("limit", PAGE_SIZE))
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


def missing_cursor(listed: ResourceList, query: JSONObject) -> tuple[str, str] | None:
    """The name and value of a cursor of the query that is not in the list; None if there is none."""
    for name in ("after", "before"):
        cursor = query.get(name)
        if isinstance(cursor, str) and cursor not in listed.index_by_id:
            return name, cursor
    return None


# The documented examples: spellings and missing fields are theirs.
EXAMPLE_ITEMS: JSONObject = {
    "data": [
        {
            "id": "cthi_user_001",
            "object": "chatkit.thread_item",
            "type": "user_message",
            "content": [{"type": "input_text", "text": "I need help debugging an onboarding issue."}],
            "attachments": [],
        },
        {
            "id": "cthi_assistant_002",
            "object": "chatkit.thread_item",
            "type": "assistant_message",
            "content": [
                {"type": "output_text", "text": "Let's start by confirming the workflow version you deployed."}
            ],
        },
    ],
    "has_more": False,
}


def example_thread(thread_id: str, title: str) -> JSONObject:
    """A thread without created_at, status and user."""
    return {"id": thread_id, "object": "chatkit.thread", "title": title}


def example_list(data: ApiData, call: OperationCall) -> JSONObject:
    """Two threads, and no cursors."""
    threads = [example_thread("cthr_abc123", "Customer escalation"), example_thread("cthr_def456", "Demo feedback")]
    return {"data": [*threads], "has_more": False, "object": "list"}


def example_retrieve(data: ApiData, call: OperationCall) -> JSONObject:
    """A thread with the id of the path and its items inside."""
    return {**example_thread(call.path_params["thread_id"], "Customer escalation"), "items": EXAMPLE_ITEMS}


def example_delete(data: ApiData, call: OperationCall) -> JSONObject:
    """The id of the path, deleted."""
    return deleted(call.path_params["thread_id"])


def example_list_items(data: ApiData, call: OperationCall) -> JSONObject:
    """Two items, and no cursors."""
    return {**EXAMPLE_ITEMS, "object": "list"}


THREAD_BEHAVIOURS: Mapping[str, Behaviour] = {
    "threads.list": Behaviour(list_threads, example_list, query=LIST_THREADS_QUERY, listed=listed_threads),
    "threads.retrieve": Behaviour(retrieve_thread, example_retrieve),
    "threads.delete": Behaviour(delete_thread, example_delete),
    "threads.list_items": Behaviour(list_items, example_list_items, query=LIST_ITEMS_QUERY, listed=listed_items),
}
"""By the operation's name."""
