"""An operation of the API: a row of data; `encode` turns it and its params into a target."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Generic, NamedTuple, TypeVar
from urllib.parse import quote

import attrs

from ..types._json import JSON, JSONObject
from ..types.params import Params

ParamsT = TypeVar("ParamsT", bound=Params)
ResultT = TypeVar("ResultT")

_BODILESS = frozenset({"GET", "DELETE"})


class Operation(NamedTuple, Generic[ParamsT, ResultT]):
    """One operation of the API.

    Attributes:
        name: as in the official SDKs, `sessions.create`.
        method: the HTTP method.
        path: a template below the base URL; `{session_id}` is filled from the field of that name.
        params: the class that holds what is sent.
        result: the class of the result.
        repeatable: whether sending it twice has the same effect as sending it once.
    """

    name: str
    method: str
    path: str
    params: type[ParamsT]
    result: type[ResultT]
    repeatable: bool


@attrs.frozen
class Target:
    """The target of a call: a filled path, query fields, and a JSON body or None."""

    path: str
    query: dict[str, JSON]
    body: JSONObject | None


def encode(operation: Operation[ParamsT, ResultT], params: ParamsT) -> Target:
    """Sort the params by place: first into the path, the others into query or body by the method."""
    document, path, names = params.to_dict(), operation.path, path_names(operation.path)
    if names:
        path = fill_path(path, {name: document.pop(name) for name in names})
    if operation.method in _BODILESS:
        return Target(path, document, None)
    return Target(path, {}, document or None)


@cache
def path_names(template: str) -> tuple[str, ...]:
    """The names in a path template, in order."""
    return tuple(re.findall(r"{(\w+)}", template))


def fill_path(template: str, values: Mapping[str, JSON]) -> str:
    """`/a/{id}/b` with each value percent-encoded as one segment; params refuse "", "." and ".." before."""
    return template.format_map({name: quote(str(value), safe="") for name, value in values.items()})
