"""The server direction of an operation: from the parts of a request to the bytes of its answer, without I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

import attrs

from ..types._json import JSON, JSONObject
from . import paging
from .access import check_beta, check_key
from .call import Call
from .checks import Object, wrong_type
from .held import Held
from .query import query_object
from .refusal import Refusal, not_json, unsupported_content_type
from .routing import find

JSON_HEADERS: Mapping[str, str] = {"Content-Type": "application/json"}


@attrs.frozen
class Asked:
    """A request that has arrived: its method, its path and its query as sent, its headers and its body."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@attrs.frozen
class Answer:
    """What goes back: a status, headers, the bytes of the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def answer(asked: Asked, held: Held) -> Answer:
    """What the API answers; the state is changed accordingly."""
    try:
        return json_answer(200, perform(asked, held))
    except Refusal as refusal:
        return refused(refusal)


def perform(asked: Asked, held: Held) -> JSONObject:
    """The result of the operation that was asked for; raises Refusal. Checks come in the order of the API's."""
    behaviour, path_params = find(held.routes, asked.method, asked.path)
    check_key(asked.headers.get("Authorization", ""), held.api_keys)
    check_beta(asked.headers.get("OpenAI-Beta", ""))
    query = {} if behaviour.query is None else behaviour.query.checked(query_object(asked.query))
    body = {} if behaviour.body is None else checked_body(asked, behaviour.body)
    with held.lock:
        return behaviour.run(held.state, Call(path_params, query, body, int(held.clock.now_s())))


def gone_cursor(asked: Asked, held: Held) -> tuple[str, str] | None:
    """The name and value of a cursor of this listing that is not in the list; None if all is well, or refused."""
    try:
        behaviour, path_params = find(held.routes, asked.method, asked.path)
        if behaviour.line is None or behaviour.query is None:
            return None
        query = behaviour.query.checked(query_object(asked.query))
        return paging.gone_cursor(behaviour.line(held.state, Call(path_params, query, {}, 0)), query)
    except Refusal:
        return None


def is_listing(asked: Asked, held: Held) -> bool:
    """Whether this is a request for a page of a list."""
    try:
        return "after" in getattr(find(held.routes, asked.method, asked.path)[0].query, "fields", ())
    except Refusal:
        return False


def checked_body(asked: Asked, schema: Object) -> JSONObject:
    """The body as the API understands it; raises Refusal (400). An empty body is an empty object."""
    if not asked.body:
        return schema.checked({})
    content_type = asked.headers.get("Content-Type", "")
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise unsupported_content_type(content_type)
    document = decoded(asked.body)
    if not isinstance(document, dict):
        raise wrong_type("body", "an object", document)
    return schema.checked(document)


def decoded(body: bytes) -> JSON:
    """The JSON in a body; raises Refusal (400) for all that no strict parser would read."""
    try:
        document = cast("JSON", STRICT_DECODER.decode(body.decode()))
        if b"\\ud" in body or b"\\uD" in body:
            # Perhaps half of a character, which encodes to nothing.
            json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise not_json() from None
    return document


def refuse_constant(name: str) -> None:
    """Refuses NaN and Infinity, which Python reads as JSON and nobody else does."""
    raise ValueError(name)


# Made once: `json.loads` and `json.dumps` with arguments make anew what they use each time.
STRICT_DECODER = json.JSONDecoder(parse_constant=refuse_constant)
COMPACT_ENCODER = json.JSONEncoder(separators=(",", ":"))


def json_answer(status: int, document: JSON, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer with a JSON body."""
    body = COMPACT_ENCODER.encode(document).encode()
    return Answer(status, {**JSON_HEADERS, **headers} if headers else JSON_HEADERS, body)


def refused(refusal: Refusal) -> Answer:
    """The refusal as an answer."""
    return json_answer(refusal.status, refusal.document(), refusal.headers)
