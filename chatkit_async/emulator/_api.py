"""From a request to the bytes of its response: routing, key and beta, query and body, the operation. Without I/O."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal, cast
from urllib.parse import parse_qsl, unquote

import attrs

from .._core.operation import Operation
from ..types._json import JSON, JSONObject
from ._behaviours import BEHAVIOURS, Behaviour, OperationCall
from ._checks import Object
from ._data import ApiData, ResourceList
from ._faults import API_PREFIX
from ._refusals import (
    RequestRefused,
    incorrect_api_key,
    invalid_beta,
    invalid_url,
    no_api_key,
    not_implemented,
    not_json,
    unsupported_content_type,
    wrong_method,
    wrong_type,
)

BETA = "chatkit_beta=v1"
JSON_HEADERS: Mapping[str, str] = {"Content-Type": "application/json"}

Responses = Literal["real", "examples"]
"""Which responses the emulator gives: those of the API, or the examples of its documentation."""


@attrs.frozen
class ApiRequest:
    """A request: method, path and query as sent, headers, body."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@attrs.frozen
class ApiResponse:
    """A response: status, headers, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@attrs.frozen
class Match:
    """The operation that a request is for, what the emulator does for it (None: nothing), and the path parameters."""

    operation: Operation[Any, Any]
    behaviour: Behaviour | None
    path_params: Mapping[str, str]


class Router:
    """Finds operations by method and path, as the table of operations has them."""

    def __init__(self, operations: Iterable[Operation[Any, Any]]) -> None:
        self._by_path: dict[tuple[str, ...], dict[str, Operation[Any, Any]]] = {}
        for operation in operations:
            segments = tuple((API_PREFIX + operation.path).split("/"))
            self._by_path.setdefault(segments, {})[operation.method] = operation

    def find(self, method: str, path: str) -> Match:
        """The operation of this method and path; raises RequestRefused (404, 405)."""
        segments = path.split("/")
        for template, operations in self._by_path.items():
            path_params = path_parameters(template, segments)
            if path_params is None:
                continue
            if method not in operations:
                raise wrong_method(", ".join(operations))
            return Match(operations[method], BEHAVIOURS.get(operations[method].name), path_params)
        raise invalid_url(method, path)


def path_parameters(template: tuple[str, ...], segments: list[str]) -> dict[str, str] | None:
    """The parameters of a path, decoded; None if it does not have the form of the template."""
    if len(segments) != len(template):
        return None
    found: dict[str, str] = {}
    for expected, segment in zip(template, segments, strict=True):
        if expected[:1] == "{" and segment:
            found[expected[1:-1]] = unquote(segment)
        elif expected != segment:
            return None
    return found


@attrs.frozen
class Api:
    """The API: which operations there are, which keys it accepts, and which responses it gives."""

    router: Router
    api_keys: frozenset[str]
    responses: Responses

    def respond(self, request: ApiRequest, data: ApiData, now_s: float) -> ApiResponse:
        """The response; changes the data."""
        try:
            return document_response(200, self.perform(request, data, now_s))
        except RequestRefused as refused:
            return refusal_response(refused)

    def perform(self, request: ApiRequest, data: ApiData, now_s: float) -> JSONObject:
        """The result of the operation; raises RequestRefused. The order of the checks is the API's."""
        match = self.router.find(request.method, request.path)
        behaviour = match.behaviour
        if behaviour is None:
            raise not_implemented(match.operation.name, match.operation.method, API_PREFIX + match.operation.path)
        check_key(request.headers.get("Authorization", ""), self.api_keys)
        check_beta(request.headers.get("OpenAI-Beta", ""))
        query = {} if behaviour.query is None else behaviour.query.checked(query_object(request.query))
        body = {} if behaviour.body is None else checked_body(request, behaviour.body)
        run = behaviour.run if self.responses == "real" else behaviour.example
        return run(data, OperationCall(match.path_params, query, body, int(now_s)))

    def listed(self, request: ApiRequest, data: ApiData) -> tuple[ResourceList, JSONObject] | None:
        """For a listing, the whole list and the checked query; None for other requests and those refused."""
        try:
            match = self.router.find(request.method, request.path)
            behaviour = match.behaviour
            if self.responses != "real" or behaviour is None or behaviour.listed is None or behaviour.query is None:
                return None
            query = behaviour.query.checked(query_object(request.query))
            return behaviour.listed(data, OperationCall(match.path_params, query, {}, 0)), query
        except RequestRefused:
            return None


def check_key(authorization: str, api_keys: frozenset[str]) -> None:
    """Refuses (401) a missing bearer key, and one that is not accepted."""
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


def query_object(query: str) -> JSONObject:
    """The query as an object: strings by name, and an array of strings for a repeated name."""
    found: dict[str, list[JSON]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def checked_body(request: ApiRequest, schema: Object) -> JSONObject:
    """The body as the API understands it; raises RequestRefused (400). An empty body is an empty object."""
    if not request.body:
        return schema.checked({})
    content_type = request.headers.get("Content-Type", "")
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise unsupported_content_type(content_type)
    document = decoded_json(request.body)
    if not isinstance(document, dict):
        raise wrong_type("body", "an object", document)
    return schema.checked(document)


def decoded_json(body: bytes) -> JSON:
    """The JSON of a body; raises RequestRefused (400) where a strict parser fails."""
    try:
        document = cast("JSON", STRICT_DECODER.decode(body.decode()))
        if b"\\ud" in body or b"\\uD" in body:
            # A lone surrogate fails here: UTF-8 cannot hold it.
            json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise not_json() from None
    return document


def refuse_constant(name: str) -> None:
    """Refuses NaN and Infinity: Python reads them as JSON, the API does not."""
    raise ValueError(name)


# Made once: `json.loads` and `json.dumps` with arguments make new ones at each call.
STRICT_DECODER = json.JSONDecoder(parse_constant=refuse_constant)
COMPACT_ENCODER = json.JSONEncoder(separators=(",", ":"))


def document_response(status: int, document: JSON, headers: Mapping[str, str] | None = None) -> ApiResponse:
    """A response with a JSON body."""
    body = COMPACT_ENCODER.encode(document).encode()
    return ApiResponse(status, {**JSON_HEADERS, **headers} if headers else JSON_HEADERS, body)


def refusal_response(refused: RequestRefused) -> ApiResponse:
    """The error response to a refused request."""
    return document_response(refused.status, refused.document(), refused.headers)
