"""A call ready to be sent: what is sent, until when, how often."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import attrs

from ..errors import ConfigurationError, ParamsValidationError, Problem
from ..types._json import JSON, JSONObject, json_value
from ..types.params import Params
from ..types.redacted import described, kind_of, redacted
from ..types.secret import Secret
from .config import JSON_TYPE, ClientConfig, bearer
from .headers import merge_headers
from .json_bytes import dumps
from .message import Request
from .operation import Operation, ParamsT, ResultT, Target, encode
from .options import NO_OPTIONS, QueryValue, RequestOptions, Timeout, checked_query

_REPEATABLE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
# Of `client.request`; compiled at the first use, as most programs have none.
_METHOD = r"[A-Za-z]+"
_REQUEST_PATH = r"/[\x21-\x7e]*"
_NEVER = r"(?!)"
_DOT_SEGMENT = r"(?:^|/)\.{1,2}(?:/|$)"


@attrs.frozen
class PreparedCall:
    """One call, ready to be sent.

    Attributes:
        operation: its name.
        request: complete, except for a key that a callable supplies.
        timeout: its deadline.
        max_retries: attempts after the first.
        repeats_lost: whether it is sent again after its response was lost.
        strict: how its response is decoded.
    """

    operation: str
    request: Request
    timeout: Timeout
    max_retries: int
    repeats_lost: bool
    strict: bool


def prepare(
    operation: Operation[ParamsT, ResultT], params: ParamsT, config: ClientConfig, options: RequestOptions | None
) -> PreparedCall:
    """Encode a call of an operation.

    Raises:
        ConfigurationError: options is not a RequestOptions.
        ParamsValidationError: a body that JSON cannot hold.
    """
    return _prepared(operation, encode(operation, params), config, options)


def prepare_raw(  # noqa: PLR0917 - in the order of a request
    method: str,
    path: str,
    body: Mapping[str, object] | None,
    query: Mapping[str, QueryValue] | None,
    config: ClientConfig,
    options: RequestOptions | None,
) -> PreparedCall:
    """Encode a call that no operation describes: `client.request`.

    Raises:
        ParamsValidationError: a method, path or body that cannot be sent.
        ConfigurationError: a query that a URL cannot hold, or options is not a RequestOptions.
    """
    problems = [*_problems("method", method, _METHOD, "letters, as in GET"), *_path_problems(path)]
    if problems:
        raise ParamsValidationError("request", tuple(problems))
    verb = method.upper()
    operation = Operation[Any, Any](f"{verb} {path}", verb, path, Params, object, verb in _REPEATABLE_METHODS)
    fields: dict[str, JSON] = {**checked_query(query, "request(query=)")}
    return _prepared(operation, Target(path, fields, _document(body)), config, options)


def with_key(request: Request, key: Secret) -> Request:
    """The request with its key, unless the caller set an Authorization header."""
    if "authorization" in request.headers:
        return request
    return attrs.evolve(request, headers={**request.headers, "authorization": bearer(key)})


def _prepared(
    operation: Operation[Any, Any], target: Target, config: ClientConfig, options: RequestOptions | None
) -> PreparedCall:
    """The nearest setting wins: the call's options, then the client's."""
    given = NO_OPTIONS if options is None else options
    if given is not NO_OPTIONS and not isinstance(given, RequestOptions):
        raise ConfigurationError(
            f"options must be a RequestOptions, not {kind_of(given)}: write options=RequestOptions(timeout=3)"
        )
    return PreparedCall(
        operation=operation.name,
        request=_request(operation.method, target, config, given),
        timeout=given.timeout or config.timeout,
        max_retries=config.max_retries if given.max_retries is None else given.max_retries,
        repeats_lost=operation.repeatable if given.retry_ambiguous is None else given.retry_ambiguous,
        strict=config.strict if given.strict is None else given.strict,
    )


def _request(method: str, target: Target, config: ClientConfig, options: RequestOptions) -> Request:
    body = _body(target.body, options.body)
    url = f"{config.base_url}{target.path}"
    if config.query or target.query or options.query:
        url += _query({**config.query, **target.query, **options.query})
    if options.headers:
        content = {} if body is None else {"content-type": JSON_TYPE}
        headers: Mapping[str, str] = merge_headers(content, config.headers, options.headers)
    else:
        headers = config.keyed_headers if body is None else config.json_headers
    return Request(method, url, headers, body)


def _body(document: Mapping[str, object] | None, extra: Mapping[str, object]) -> bytes | None:
    if document is None and not extra:
        return None
    try:
        return dumps({**(document or {}), **extra} if extra else document)
    except (TypeError, ValueError, RecursionError) as error:
        problem = Problem("body", "invalid_value", f"cannot be sent as JSON: {error}")
        raise ParamsValidationError("RequestOptions", (problem,)) from None


def _query(fields: Mapping[str, object]) -> str:
    given = {name: _query_text(value) for name, value in fields.items() if value is not None}
    return f"?{urlencode(given)}" if given else ""


def _query_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _document(body: Mapping[str, object] | None) -> JSONObject | None:
    given: Any = body
    if given is None:
        return None
    if not isinstance(given, Mapping):
        message = f"must be a mapping, not {described(given)}"
        raise ParamsValidationError("request", (Problem("body", "invalid_type", message, redacted(given)),))
    problems: list[Problem] = []
    document: Any = json_value(given, "body", problems)
    if problems:
        raise ParamsValidationError("request", tuple(problems))
    checked: JSONObject = document
    return checked


def _problems(name: str, value: object, form: str, wanted: str) -> list[Problem]:
    if isinstance(value, str) and re.fullmatch(form, value):
        return []
    return [Problem(name, "invalid_value", f"must be {wanted}, not {described(value)}", redacted(value))]


def _path_problems(path: object) -> list[Problem]:
    wanted = "a path below the base URL, beginning with /, percent-encoded, without ? and #"
    if isinstance(path, str) and ("?" in path or "#" in path or re.search(_DOT_SEGMENT, path)):
        return _problems("path", path, _NEVER, f"{wanted}, and without . and .. in it")
    return _problems("path", path, _REQUEST_PATH, wanted)
