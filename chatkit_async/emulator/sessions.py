"""What the operations on sessions do: functions of the state and of one call, without I/O."""

from __future__ import annotations

import base64
from typing import cast

from ..types._json import JSONObject
from .call import Call
from .refusal import session_not_found
from .state import State

# The API's defaults (WIRE.md, sessions.create body).
LIFETIME_S = 600
REQUESTS_PER_MINUTE = 10
UPLOAD_MEGABYTES = 512
UPLOAD_FILES = 10


def create_session(state: State, call: Call) -> JSONObject:
    """Makes a session and remembers it."""
    body = call.body
    rate_limit = part(body, "rate_limits").get("max_requests_per_1_minute", REQUESTS_PER_MINUTE)
    expires_at = call.now_s + lifetime_s(body)
    session: JSONObject = {
        "id": f"cksess_{state.new_token()}",
        "object": "chatkit.session",
        "client_secret": client_secret(state.new_token(), expires_at),
        "expires_at": expires_at,
        "user": body["user"],
        "status": "active",
        "max_requests_per_1_minute": rate_limit,
        "rate_limits": {"max_requests_per_1_minute": rate_limit},
        "workflow": resolved_workflow(part(body, "workflow")),
        "chatkit_configuration": resolved_configuration(part(body, "chatkit_configuration")),
    }
    state.keep_session(session)
    return session


def lifetime_s(body: JSONObject) -> int:
    """How long the session is to live, in seconds."""
    return cast("int", part(body, "expires_after").get("seconds", LIFETIME_S))


def cancel_session(state: State, call: Call) -> JSONObject:
    """Ends a session; one that has already ended stays as it is."""
    session_id = call.path_params["session_id"]
    session = state.sessions.get(session_id)
    if session is None:
        raise session_not_found(session_id)
    if shown(session, call.now_s)["status"] == "active":
        session = {**session, "status": "cancelled"}
        state.keep_session(session)
    return shown(session, call.now_s)


def shown(session: JSONObject, now_s: float) -> JSONObject:
    """The session as the API shows it at this time: an active one expires by the clock alone."""
    if session["status"] == "active" and now_s >= cast("int", session["expires_at"]):
        return {**session, "status": "expired"}
    return session


def client_secret(token: str, expires_at: int) -> str:
    """A client secret of the shape seen in public."""
    tail = base64.b64encode(b'{"expires_at": %d}' % expires_at).decode()
    return f"ek_{token}_00{tail}"


def resolved_workflow(given: JSONObject) -> JSONObject:
    """The workflow with what the API fills in."""
    return {
        "id": given["id"],
        "version": given.get("version"),
        "state_variables": given.get("state_variables"),
        "tracing": {"enabled": part(given, "tracing").get("enabled", True)},
    }


def resolved_configuration(given: JSONObject) -> JSONObject:
    """The configuration with what the API fills in."""
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
    """The object under this name; an empty one where it was left out."""
    return cast("JSONObject", document.get(name) or {})
