"""The operations on sessions: functions of the data and of one call, without I/O."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import cast

from ..types._json import JSONObject
from ._behaviour import Behaviour, OperationCall
from ._data import ApiData
from ._refusals import session_not_found
from ._schema import CREATE_SESSION_BODY, LIFETIME_S, REQUESTS_PER_MINUTE, UPLOAD_FILES, UPLOAD_MEGABYTES


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


def example_create(data: ApiData, call: OperationCall) -> JSONObject:
    """The documented example: no id, no user, no configuration."""
    expires_at = call.now_s + lifetime_s(call.body)
    workflow = part(call.body, "workflow")
    return {
        "client_secret": client_secret(data.new_token(), expires_at),
        "expires_at": expires_at,
        "workflow": {"id": workflow["id"], "version": workflow.get("version", "2024-10-01")},
        "scope": {"project": "alpha", "environment": "staging"},
        "max_requests_per_1_minute": 60,
        "max_requests_per_session": 500,
        "status": "active",
    }


def example_cancel(data: ApiData, call: OperationCall) -> JSONObject:
    """The documented example, with the id of the path: no secret, no expiry."""
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


SESSION_BEHAVIOURS: Mapping[str, Behaviour] = {
    "sessions.create": Behaviour(create_session, example_create, body=CREATE_SESSION_BODY),
    "sessions.cancel": Behaviour(cancel_session, example_cancel),
}
"""By the operation's name."""


def lifetime_s(body: JSONObject) -> int:
    """The lifetime of the session to create."""
    return cast("int", part(body, "expires_after").get("seconds", LIFETIME_S))


def session_at(session: JSONObject, now_s: float) -> JSONObject:
    """The session as the API shows it at this time: an active one expires by the clock alone."""
    if session["status"] == "active" and now_s >= cast("int", session["expires_at"]):
        return {**session, "status": "expired"}
    return session


def client_secret(token: str, expires_at: int) -> str:
    """A client secret of the form seen in public."""
    tail = base64.b64encode(b'{"expires_at": %d}' % expires_at).decode()
    return f"ek_{token}_00{tail}"


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
