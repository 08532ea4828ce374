"""A call with everything settled: what is sent, until when, how often."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import attrs

from ..errors import ConfigurationError, ParamsValidationError, Problem
from ..types.secret import Secret
from ..types.shown import kind_of
from .config import JSON_TYPE, ClientConfig, bearer
from .headers import merge_headers
from .json_bytes import dumps
from .message import Request
from .operation import Operation, ParamsT, ResultT, Target, encode
from .options import NO_OPTIONS, RequestOptions, Timeout


@attrs.frozen
class Call:
    """One call, ready to be sent.

    Attributes:
        operation: its name.
        request: complete, but for a key that has to be asked for.
        timeout: its deadline.
        max_retries: attempts after the first.
        repeats_lost: sent again after its answer was lost.
        strict: how its answer is read.
    """

    operation: str
    request: Request
    timeout: Timeout
    max_retries: int
    repeats_lost: bool
    strict: bool


def prepare(
    operation: Operation[ParamsT, ResultT], params: ParamsT, config: ClientConfig, options: RequestOptions | None
) -> Call:
    """Encode a call.

    Raises:
        ConfigurationError: options that are none.
        ParamsValidationError: a body that JSON cannot hold.
    """
    return settle(operation, encode(operation, params), config, options)


def settle(
    operation: Operation[Any, Any], target: Target, config: ClientConfig, options: RequestOptions | None
) -> Call:
    """A call whose target is known; the nearest setting wins: its options, then the client's.

    Raises:
        ConfigurationError: options that are none.
        ParamsValidationError: a body that JSON cannot hold.
    """
    said = NO_OPTIONS if options is None else options
    if said is not NO_OPTIONS and not isinstance(said, RequestOptions):
        raise ConfigurationError(f"options: a RequestOptions, not {kind_of(said)}")
    return Call(
        operation=operation.name,
        request=_request(operation.method, target, config, said),
        timeout=said.timeout or config.timeout,
        max_retries=config.max_retries if said.max_retries is None else said.max_retries,
        repeats_lost=operation.repeatable if said.retry_ambiguous is None else said.retry_ambiguous,
        strict=config.strict if said.strict is None else said.strict,
    )


def with_key(request: Request, key: Secret) -> Request:
    """The request with its key, unless the caller set an authorization of his own."""
    if "authorization" in request.headers:
        return request
    return attrs.evolve(request, headers={**request.headers, "authorization": bearer(key)})


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
    shown = {name: _word(value) for name, value in fields.items() if value is not None}
    return f"?{urlencode(shown)}" if shown else ""


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
