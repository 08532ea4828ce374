"""The control plane under `/__emulator__/`: the methods of `Emulator` over HTTP, and the inspector's page."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, cast

import attrs
from aiohttp import web

from ..errors import ConfigurationError
from ..types._json import JSON, JSONObject
from . import _control_views as views
from ._api import ApiResponse, decoded_json, document_response, query_object, refusal_response
from ._checks import Check, json_copy
from ._control_checks import (
    CLOCK,
    FAULTS,
    NO_FIELDS,
    REQUESTS_QUERY,
    SEED,
    STATE_QUERY,
    ControlCaller,
    check_local,
    check_same_origin,
    invalid,
)
from ._faults import FAULT_FIELDS, Fault
from ._refusals import RequestRefused, invalid_url, server_error, unknown_parameter, wrong_method, wrong_type
from ._seeding import sample_seed
from ._state import EmulatorState

CONTROL_PREFIX = "/__emulator__"
# Responses are never cached, and no page of another origin can load them.
HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
PAGE_METHODS = ("GET", "HEAD")
INSPECTOR = Path(__file__).parent / "inspector"
# Only these files may load or run, whatever text a thread has, and no page may frame this one.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
MEDIA_TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

logger = logging.getLogger("chatkit_async.emulator")

ReadBody = Callable[[web.BaseRequest], Awaitable[bytes]]


@attrs.frozen
class ControlAction:
    """What the control plane does for a path: the method, the check of its input (body or query), the work."""

    method: str
    accepts: Check
    run: Callable[[EmulatorState, JSONObject], JSONObject]


def is_control_request(request: web.BaseRequest) -> bool:
    """Whether a request is for the control plane or the inspector rather than the API."""
    path = request.rel_url.raw_path
    return path.startswith(f"{CONTROL_PREFIX}/") or (path == "/" and request.method in PAGE_METHODS)


async def control_response(request: web.BaseRequest, state: EmulatorState, read_body: ReadBody) -> ApiResponse:
    """The response to a control request; a refused one changes nothing."""
    try:
        response = await perform(request, state, read_body)
    except RequestRefused as refused:
        response = refusal_response(with_path(refused))
    except Exception:
        logger.exception("%s %s failed", request.method, request.rel_url.raw_path)
        response = refusal_response(server_error())
    return attrs.evolve(response, headers={**HEADERS, **response.headers})


async def perform(request: web.BaseRequest, state: EmulatorState, read_body: ReadBody) -> ApiResponse:
    """The file or result; raises RequestRefused."""
    caller = ControlCaller(request.remote, request.headers)
    check_local(caller)
    path = request.rel_url.raw_path
    if path in FILES:
        if request.method not in PAGE_METHODS:
            raise wrong_method(", ".join(PAGE_METHODS))
        return page_response(FILES[path])
    check_same_origin(caller)
    if path not in ACTIONS:
        raise invalid_url(request.method, path)
    action = ACTIONS[path]
    if request.method != action.method:
        raise wrong_method(action.method)
    return document_response(200, action.run(state, await action_input(request, action, read_body)))


def page_response(file: Path) -> ApiResponse:
    """A file of the inspector."""
    return ApiResponse(200, {**PAGE_HEADERS, "Content-Type": MEDIA_TYPES[file.suffix]}, file.read_bytes())


def with_path(refused: RequestRefused) -> RequestRefused:
    """The refusal with the path also in its message; the API's own messages sometimes lack it."""
    if refused.param is not None and refused.param not in refused.message:
        refused.message = f"{refused.param}: {refused.message}"
    return refused


async def action_input(request: web.BaseRequest, action: ControlAction, read_body: ReadBody) -> JSONObject:
    """The checked input of an action: the body of a POST, the query of a GET."""
    if action.method == "GET":
        return cast("JSONObject", action.accepts(query_object(request.rel_url.raw_query_string), ""))
    document: JSON = {}
    if request.body_exists or "Content-Type" in request.headers:
        check_content_type(request.headers.getall("Content-Type", [""]))
        document = decoded_json(await read_body(request) or b"{}")
    if not isinstance(document, dict):
        raise wrong_type("body", "an object", document)
    return cast("JSONObject", action.accepts(document, ""))


def check_content_type(values: list[str]) -> None:
    """Refuses (415) anything but JSON: a form of any web page can send the other types."""
    for value in values:
        if value.partition(";")[0].strip().lower() != "application/json":
            message = f"Unsupported content type: {value!r}. Send the header 'Content-Type: application/json'."
            raise RequestRefused(415, message, code="unsupported_content_type")


def seed(state: EmulatorState, given: JSONObject) -> JSONObject:
    """Adds a seed, and returns the numbers of threads and sessions."""
    threads, sessions = (cast("list[JSON]", given.get(name, [])) for name in ("threads", "sessions"))
    with state.lock:
        try:
            state.seed(threads, sessions, reset=bool(given.get("reset", False)))
        except ConfigurationError as error:
            raise seed_refusal(error) from error
        return {"threads": len(state.data.conversations), "sessions": len(state.data.sessions)}


def seed_refusal(error: ConfigurationError) -> RequestRefused:
    """400 with the path of the value that is wrong; 500 if the state file could not be written."""
    cause = error.__context__
    if isinstance(cause, RequestRefused):
        return RequestRefused(400, str(error), code=cause.code, param=cause.param)
    return RequestRefused(500, str(error), error_type="server_error")


def sample(state: EmulatorState, given: JSONObject) -> JSONObject:
    """The sample of a seed."""
    return cast("JSONObject", json.loads(sample_seed()))


def faults(state: EmulatorState, given: JSONObject) -> JSONObject:
    """Replaces the faults by these, or appends them; returns how many wait."""
    rows = cast("list[dict[str, Any]]", given["faults"])
    added = [fault_of(row, f"faults[{index}]") for index, row in enumerate(rows)]
    with state.lock:
        if not given.get("append", False):
            state.faults.clear()
        state.faults.add(*added)
        return {"faults": len(state.faults.queued)}


def fault_of(row: dict[str, Any], path: str) -> Fault:
    """The fault of a row; raises RequestRefused (400) with the path of a field that is wrong.

    Null leaves a field out, and so does the `{}` of a template as body without a status. A template's status and body
    are left out beside `drop`. Headers may be numbers.
    """
    fields = {name: value for name, value in row.items() if value is not None}
    if "status" not in fields and fields.get("body") == {}:
        del fields["body"]
    if isinstance(fields.get("headers"), dict):
        fields["headers"] = {name: header_text(value) for name, value in fields["headers"].items()}
    for name, value in fields.items():
        if name not in FAULT_FIELDS:
            raise unknown_parameter(f"{path}.{name}", tuple(FAULT_FIELDS))
        allowed, fits = FAULT_FIELDS[name]
        if not fits(json_copy(value, f"{path}.{name}")):
            raise invalid(f"{path}.{name}", f"it must be {allowed}")
    if fields.get("drop"):
        fields = {name: value for name, value in fields.items() if name not in ("status", "body")}
    try:
        return Fault(**fields)
    except ConfigurationError as error:
        raise RequestRefused(400, str(error), code="invalid_value", param=path) from error


def header_text(value: object) -> object:
    """A number in digits; other values as they are."""
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def clock(state: EmulatorState, given: JSONObject) -> JSONObject:
    """Moves the clock, and returns its time."""
    move = {"advance": state.clock.advance, "now": state.clock.set}
    with state.lock:
        for name, seconds in given.items():
            try:
                move[name](cast("float", seconds))
            except ConfigurationError as error:
                raise invalid(name, str(error)) from error
        return {"now": state.clock.now_s()}


def reset(state: EmulatorState, given: JSONObject) -> JSONObject:
    """Removes everything."""
    with state.lock:
        state.reset()
    return {}


ACTIONS: Mapping[str, ControlAction] = {
    f"{CONTROL_PREFIX}/seed": ControlAction("POST", SEED, seed),
    f"{CONTROL_PREFIX}/faults": ControlAction("POST", FAULTS, faults),
    f"{CONTROL_PREFIX}/clock": ControlAction("POST", CLOCK, clock),
    f"{CONTROL_PREFIX}/reset": ControlAction("POST", NO_FIELDS, reset),
    f"{CONTROL_PREFIX}/requests": ControlAction("GET", REQUESTS_QUERY, views.requests),
    f"{CONTROL_PREFIX}/state": ControlAction("GET", STATE_QUERY, views.state),
    f"{CONTROL_PREFIX}/sample": ControlAction("GET", NO_FIELDS, sample),
}

PAGE = "inspector.html"
FILES: Mapping[str, Path] = {
    "/" if file.name == PAGE else f"{CONTROL_PREFIX}/{file.name}": file
    for file in sorted(INSPECTOR.iterdir())
    if file.suffix in MEDIA_TYPES
}
"""The files of the inspector, by their paths in URLs."""
