"""The server direction of an operation: from the parts of a request to the bytes of its answer, without I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast
from urllib.parse import unquote

import attrs

from ..types._json import JSON, JSONObject
from .behaviour import BEHAVIOURS, Behaviour, Call
from .held import Held
from .refusal import (
    Refusal,
    incorrect_api_key,
    invalid_beta,
    invalid_url,
    no_api_key,
    not_json,
    unsupported_content_type,
    wrong_method,
)
from .schema import Object, wrong_type

PREFIX = "/v1"
BETA = "chatkit_beta=v1"
JSON_HEADERS: Mapping[str, str] = {"Content-Type": "application/json"}


@attrs.frozen
class Operation:
    name: str
    method: str
    path: str


OPERATIONS = (
    Operation("sessions.create", "POST", "/chatkit/sessions"),
    Operation("sessions.cancel", "POST", "/chatkit/sessions/{session_id}/cancel"),
)


@attrs.frozen
class Asked:
    """A request that has arrived: its method, its path as sent without the query, its headers and its body."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@attrs.frozen
class Answer:
    """What goes back: a status, headers, the bytes of the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@attrs.frozen
class Route:
    """A path of the API with the behaviours behind it, by method."""

    segments: tuple[str, ...]
    behaviours: Mapping[str, Behaviour]

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """The path's parameters, decoded, where the segments fit; else None."""
        if len(segments) != len(self.segments):
            return None
        found: dict[str, str] = {}
        for template, segment in zip(self.segments, segments, strict=True):
            if template[:1] == "{" and segment:
                found[template[1:-1]] = unquote(segment)
            elif template != segment:
                return None
        return found


def routes() -> tuple[Route, ...]:
    """A route for each path in the table of operations."""
    by_path: dict[str, dict[str, Behaviour]] = {}
    for operation in OPERATIONS:
        by_path.setdefault(PREFIX + operation.path, {})[operation.method] = BEHAVIOURS[operation.name]
    return tuple(Route(tuple(path.split("/")), behaviours) for path, behaviours in by_path.items())


ROUTES = routes()


def answer(asked: Asked, held: Held) -> Answer:
    """What the API answers; the state is changed accordingly."""
    try:
        return json_answer(200, perform(asked, held))
    except Refusal as refusal:
        return refused(refusal)


def perform(asked: Asked, held: Held) -> JSONObject:
    """The result of the operation that was asked for; raises Refusal. Checks come in the order of the API's."""
    behaviour, path_params = find(asked.method, asked.path)
    check_key(asked.headers.get("Authorization", ""), held.api_keys)
    check_beta(asked.headers.get("OpenAI-Beta", ""))
    body = {} if behaviour.body is None else checked_body(asked, behaviour.body)
    with held.lock:
        return behaviour.run(held.state, Call(path_params, body, int(held.clock.now_s())))


def find(method: str, path: str) -> tuple[Behaviour, Mapping[str, str]]:
    """The behaviour behind this method and path, and the path's parameters; raises Refusal (404, 405)."""
    segments = path.split("/")
    for route in ROUTES:
        path_params = route.match(segments)
        if path_params is not None:
            behaviour = route.behaviours.get(method)
            if behaviour is None:
                raise wrong_method(", ".join(route.behaviours))
            return behaviour, path_params
    raise invalid_url(method, path)


def check_key(authorization: str, api_keys: frozenset[str]) -> None:
    """Refuses (401) what is no bearer key, or none of those accepted."""
    scheme, _, key = authorization.partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key:
        raise no_api_key()
    if api_keys and key not in api_keys:
        raise incorrect_api_key(key)


def check_beta(values: str) -> None:
    """Refuses (400) a request that does not name the beta, alone or among others."""
    if values != BETA and BETA not in [value.strip() for value in values.split(",")]:
        raise invalid_beta(BETA)


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
        document = cast("JSON", json.loads(body.decode(), parse_constant=refuse_constant))
        if b"\\ud" in body or b"\\uD" in body:
            json.dumps(
                document, ensure_ascii=False
            ).encode()  # half of a character: no text, and no answer could repeat it
    except (ValueError, RecursionError):
        raise not_json() from None
    return document


def refuse_constant(name: str) -> None:
    """Refuses NaN and Infinity, which Python reads as JSON and nobody else does."""
    raise ValueError(name)


def json_answer(status: int, document: JSON, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer with a JSON body."""
    body = json.dumps(document, separators=(",", ":")).encode()
    return Answer(status, {**JSON_HEADERS, **headers} if headers else JSON_HEADERS, body)


def refused(refusal: Refusal) -> Answer:
    """The refusal as an answer."""
    return json_answer(refusal.status, refusal.document(), refusal.headers)
