"""The control plane as a server: from a request to its answer, checks first."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import cast

import attrs
from aiohttp import web

from ...types._json import JSON, JSONObject
from ..checks import wrong_type
from ..held import Held
from ..inspector import FILES
from ..query import query_object
from ..refusal import Refusal, invalid_url, server_error, wrong_method
from ..wire import Answer, decoded, json_answer, refused
from .actions import ACTIONS, PREFIX, Action
from .guard import Caller, check_local, check_no_page

# What it shows is of this moment, and for nobody but whoever asked.
HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
PAGE_METHODS = ("GET", "HEAD")

logger = logging.getLogger("chatkit_async.emulator")

ReadBody = Callable[[web.BaseRequest], Awaitable[bytes]]


def is_served(request: web.BaseRequest) -> bool:
    """Whether the request is for the control plane or the inspector's page, and not for the API."""
    path = request.rel_url.raw_path
    return path.startswith(f"{PREFIX}/") or (path == "/" and request.method in PAGE_METHODS)


async def answered(request: web.BaseRequest, held: Held, read_body: ReadBody) -> Answer:
    """The answer to such a request; nothing is done for one that is refused."""
    try:
        made = await performed(request, held, read_body)
    except Refusal as refusal:
        made = refused(naming_its_path(refusal))
    except Exception:
        logger.exception("%s %s could not be answered", request.method, request.rel_url.raw_path)
        made = refused(server_error())
    return attrs.evolve(made, headers={**HEADERS, **made.headers})


async def performed(request: web.BaseRequest, held: Held, read_body: ReadBody) -> Answer:
    """The file or the result that was asked for; raises Refusal."""
    caller = Caller(request.remote, request.headers)
    check_local(caller)
    path = request.rel_url.raw_path
    if path in FILES:
        return page_file(request.method, path)
    check_no_page(caller)
    action = found(request.method, path)
    return json_answer(200, action.run(held, await told(request, action, read_body)))


def naming_its_path(refusal: Refusal) -> Refusal:
    """The refusal with the path of what is wrong also in its message, which the API leaves out of some."""
    if refusal.param is not None and refusal.param not in refusal.message:
        refusal.message = f"{refusal.param}: {refusal.message}"
    return refusal


def page_file(method: str, path: str) -> Answer:
    """A file of the inspector's page."""
    if method not in PAGE_METHODS:
        raise wrong_method(", ".join(PAGE_METHODS))
    return FILES[path].answer()


def found(method: str, path: str) -> Action:
    """The action with this path and method; raises Refusal (404, 405)."""
    if path not in ACTIONS:
        raise invalid_url(method, path)
    action = ACTIONS[path]
    if method != action.method:
        raise wrong_method(action.method)
    return action


async def told(request: web.BaseRequest, action: Action, read_body: ReadBody) -> JSONObject:
    """What the request says, checked: a POST in its body, a GET in its query."""
    if action.method == "GET":
        return cast("JSONObject", action.told(query_object(request.rel_url.raw_query_string), ""))
    document: JSON = {}
    if request.body_exists or "Content-Type" in request.headers:
        check_content_type(request.headers.getall("Content-Type", [""]))
        document = decoded(await read_body(request) or b"{}")
    if not isinstance(document, dict):
        raise wrong_type("body", "an object", document)
    return cast("JSONObject", action.told(document, ""))


def check_content_type(values: list[str]) -> None:
    """Refuses (415) what is not said to be JSON: a form on any page of the web can send the other types."""
    for value in values:
        if value.partition(";")[0].strip().lower() != "application/json":
            message = f"Unsupported content type: {value!r}. Send the header 'Content-Type: application/json'."
            raise Refusal(415, message, code="unsupported_content_type")
