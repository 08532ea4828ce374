"""What the operations on threads do: functions of the state and of one call, without I/O."""

from __future__ import annotations

from typing import cast

from ..types._json import JSONObject
from .call import Call
from .paging import Line, page
from .refusal import thread_not_found
from .state import Conversation, State


def list_threads(state: State, call: Call) -> JSONObject:
    """A page of all threads, or of those of one user."""
    return page(threads_line(state, call), call.query)


def threads_line(state: State, call: Call) -> Line:
    """All threads, or those of one user."""
    return state.threads_of(cast("str | None", call.query.get("user")))


def retrieve_thread(state: State, call: Call) -> JSONObject:
    """One thread."""
    return conversation(state, call).thread


def delete_thread(state: State, call: Call) -> JSONObject:
    """Forgets a thread and its items."""
    thread_id = call.path_params["thread_id"]
    if thread_id not in state.conversations:
        raise thread_not_found(thread_id)
    state.drop_conversation(thread_id)
    return {"id": thread_id, "object": "chatkit.thread.deleted", "deleted": True}


def list_items(state: State, call: Call) -> JSONObject:
    """A page of a thread's items."""
    return page(items_line(state, call), call.query)


def items_line(state: State, call: Call) -> Line:
    """A thread's items; raises Refusal (404)."""
    return conversation(state, call).items


def conversation(state: State, call: Call) -> Conversation:
    """The thread that the call's path names, with its items; raises Refusal (404)."""
    thread_id = call.path_params["thread_id"]
    found = state.conversations.get(thread_id)
    if found is None:
        raise thread_not_found(thread_id)
    return found
