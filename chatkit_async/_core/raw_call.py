"""A call that no operation describes: `client.request`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..errors import ParamsValidationError, Problem
from ..types._json import JSON, JSONObject
from ..types.json_value import json_value
from ..types.params import Params
from ..types.shown import kind_of, shown
from .call import Call, settle
from .config import ClientConfig
from .operation import Operation, Target
from .options import QueryValue, RequestOptions, checked_query

_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
_METHOD = re.compile(r"[A-Za-z]+")
_PATH = re.compile(r"/[\x21-\x7e]*")
_DOTS = re.compile(r"(?:^|/)\.{1,2}(?:/|$)")


def prepare_raw(  # noqa: PLR0917 - in the order of a request
    method: str,
    path: str,
    body: Mapping[str, object] | None,
    query: Mapping[str, QueryValue] | None,
    config: ClientConfig,
    options: RequestOptions | None,
) -> Call:
    """A call from its method, path, body and query.

    Raises:
        ParamsValidationError: a method, path or body that cannot be sent.
        ConfigurationError: a query that a URL cannot hold.
    """
    problems = [*_problems("method", method, _METHOD, "letters, as in GET"), *_path_problems(path)]
    if problems:
        raise ParamsValidationError("request", tuple(problems))
    verb = method.upper()
    operation = Operation[Any, Any](f"{verb} {path}", verb, path, Params, object, verb in _REPEATABLE)
    return settle(operation, Target(path, _query(query), _document(body)), config, options)


def _query(query: Mapping[str, QueryValue] | None) -> dict[str, JSON]:
    return {**checked_query(query, "request(query=)")}


def _document(body: Mapping[str, object] | None) -> JSONObject | None:
    given: Any = body
    if given is None:
        return None
    if not isinstance(given, Mapping):
        said = f"must be a mapping, not {kind_of(given)}"
        raise ParamsValidationError("request", (Problem("body", "invalid_type", said, shown(given)),))
    problems: list[Problem] = []
    document: Any = json_value(given, "body", problems)
    if problems:
        raise ParamsValidationError("request", tuple(problems))
    found: JSONObject = document
    return found


def _problems(name: str, value: object, form: re.Pattern[str], wanted: str) -> list[Problem]:
    if isinstance(value, str) and form.fullmatch(value):
        return []
    return [Problem(name, "invalid_value", f"must be {wanted}", shown(value))]


def _path_problems(path: object) -> list[Problem]:
    wanted = "a path below the base URL, beginning with /, percent-encoded, without ? and #"
    found = _problems("path", path, _PATH, wanted)
    if not found and isinstance(path, str) and ("?" in path or "#" in path or _DOTS.search(path)):
        found = [Problem("path", "invalid_value", f"must be {wanted}, and without . and .. in it", shown(path))]
    return found
