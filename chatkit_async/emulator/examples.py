"""What the operations answer in the documentation's examples, which differ from its schema.

Source: ChatKit REST API reference (WIRE.md, contradictions 1, 2, 7, 8, 9). Ids are those asked for, and times are the
clock's; nothing is held.
"""

from __future__ import annotations

from ..types._json import JSONObject
from .call import Call
from .sessions import client_secret, lifetime_s, part
from .state import State

USER_MESSAGE: JSONObject = {
    "id": "cthi_user_001",
    "object": "chatkit.thread_item",
    "type": "user_message",
    "content": [{"type": "input_text", "text": "I need help debugging an onboarding issue."}],
    "attachments": [],
}
ASSISTANT_MESSAGE: JSONObject = {
    "id": "cthi_assistant_002",
    "object": "chatkit.thread_item",
    "type": "assistant_message",
    "content": [{"type": "output_text", "text": "Let's start by confirming the workflow version you deployed."}],
}
ITEMS: JSONObject = {"data": [USER_MESSAGE, ASSISTANT_MESSAGE], "has_more": False}


def create_session(state: State, call: Call) -> JSONObject:
    """A session without an id, a user, and what it was made with."""
    expires_at = call.now_s + lifetime_s(call.body)
    workflow = part(call.body, "workflow")
    return {
        "client_secret": client_secret(state.new_token(), expires_at),
        "expires_at": expires_at,
        "workflow": {"id": workflow["id"], "version": workflow.get("version", "2024-10-01")},
        "scope": {"project": "alpha", "environment": "staging"},
        "max_requests_per_1_minute": 60,
        "max_requests_per_session": 500,
        "status": "active",
    }


def cancel_session(state: State, call: Call) -> JSONObject:
    """A cancelled session of the id asked for, without a secret and an expiry."""
    return {
        "id": call.path_params["session_id"],
        "object": "chatkit.session",
        "workflow": {"id": "workflow_alpha", "version": "1"},
        "scope": {"customer_id": "cust_456"},
        "max_requests_per_1_minute": 30,
        "ttl_seconds": 900,
        "status": "cancelled",
        "cancelled_at": call.now_s,
    }


def list_threads(state: State, call: Call) -> JSONObject:
    """Two threads, and no cursors."""
    data = [thread("cthr_abc123", "Customer escalation"), thread("cthr_def456", "Demo feedback")]
    return {"data": [*data], "has_more": False, "object": "list"}


def retrieve_thread(state: State, call: Call) -> JSONObject:
    """A thread of the id asked for, with its items in it."""
    return {**thread(call.path_params["thread_id"], "Customer escalation"), "items": ITEMS}


def delete_thread(state: State, call: Call) -> JSONObject:
    """The id asked for, deleted."""
    return {"id": call.path_params["thread_id"], "object": "chatkit.thread.deleted", "deleted": True}


def list_items(state: State, call: Call) -> JSONObject:
    """Two items, and no cursors."""
    return {**ITEMS, "object": "list"}


def thread(thread_id: str, title: str) -> JSONObject:
    """A thread as the examples show it: nothing of its time, status or user."""
    return {"id": thread_id, "object": "chatkit.thread", "title": title}
