"""Faults: what the emulator does wrong on purpose, and with which requests. `_fault_injection` carries them out."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, cast, get_args, get_origin

import attrs

from .._core.operation import Operation
from .._core.operations import OPERATIONS
from ..errors import ConfigurationError
from ..types._json import JSON, JSONObject
from ..types.misuse import UserBuilt
from ..types.page import Page

FaultKind = Literal["truncated", "broken_json", "html", "trickle", "empty_page", "stuck_cursor", "gone_cursor"]
FAULT_KINDS: tuple[FaultKind, ...] = get_args(FaultKind)
LISTING_KINDS: tuple[FaultKind, ...] = ("empty_page", "stuck_cursor", "gone_cursor")
HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
MAX_DELAY_S = 366 * 86_400
API_PREFIX = "/v1"


def upper_case(method: str | None) -> str | None:
    """The method as requests spell it."""
    return method.upper() if isinstance(method, str) else method


@attrs.frozen(kw_only=True, repr=False)
class Fault(UserBuilt):
    """Something that goes wrong with the next requests that match.

    A request matches if `method`, `path` and `query` do. It meets the first matching fault that was added, but a fault
    that still has requests to skip counts it and leaves it to the next matching one.
    A fault without `status`, `body` and `drop` lets the real response pass: late with `delay`, damaged with `kind`,
    with `headers` added.

    Args:
        method: the request's method, such as "GET"; default None, which matches every method.
        path: how the request's path ends, as sent, such as "/cancel"; default "", which matches every path.
        query: query parameters that the request has, decoded, such as {"after": "cthr_20"}; default none.
        skip: how many matching requests pass before the first that fails, 0 or more; default 0. `skip=2` with
            `path="/chatkit/threads"` is a listing whose third page fails.
        times: how many requests fail, 1 or more, or "always"; default 1.
        status: the HTTP status of the response, 200..599; no work is done. Without `body` an error status has an error
            in the API's words.
        headers: headers to add to the response, or to set in it.
        body: the body of the response, text and bytes as they are, anything else as JSON; no work is done. Without
            `status` the status is 200.
        delay: seconds before the response, 0 to a year, the work being done at once; with "trickle" before each piece.
            Default 0.
        drop: True closes the connection without work or response, "after" does the work first; not with `status` or
            `body`. Default False.
        kind: "truncated" ends the connection in the middle of the body, "broken_json" sends half the body as if it were
            all, "html" sends a web page instead, "trickle" sends the body in pieces of 16 bytes. These match listings
            only: "empty_page" sends a page without data that promises more, "stuck_cursor" the real page, which
            promises more from where it began, "gone_cursor" refuses (400) requests whose cursor is not in the list, as
            that of a thread deleted while paging; others pass and are not counted. Default None.

    Raises:
        ConfigurationError: a value is out of its range, no operation matches, or `drop` has a `status` or `body`.
    """

    method: str | None = attrs.field(default=None, converter=upper_case)
    path: str = ""
    query: Mapping[str, str] = attrs.field(factory=dict[str, str])
    skip: int = 0
    times: int | Literal["always"] = 1
    status: int | None = None
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    body: JSON | bytes = None
    delay: float = 0.0
    drop: bool | Literal["after"] = False
    kind: FaultKind | None = None

    def __attrs_post_init__(self) -> None:
        for name, (allowed, fits) in FAULT_FIELDS.items():
            if not fits(getattr(self, name)):
                raise ConfigurationError(f"Fault({name}={getattr(self, name)!r}): {name} must be {allowed}")
        check_response(self)
        check_operations(self)


def check_response(fault: Fault) -> None:
    """Raises ConfigurationError for a fault that prescribes a response and sends none."""
    for name, value in (("status", fault.status), ("body", fault.body)):
        if fault.drop and value is not None:
            given = f"{name}={value!r}, drop={fault.drop!r}"
            raise ConfigurationError(f"Fault({given}): drop sends no response: leave out {name} or drop")


def check_operations(fault: Fault) -> None:
    """Raises ConfigurationError for a fault that matches no operation, and so could never be used."""
    listings_only = fault.kind in LISTING_KINDS
    operations = [one for one in OPERATIONS if not listings_only or is_listing(one)]
    methods = dict.fromkeys(one.method for one in operations if can_end_with(API_PREFIX + one.path, fault.path))
    if fault.method in methods or (fault.method is None and methods):
        return
    settings = {"method": fault.method, "path": fault.path, "kind": fault.kind}
    given = ", ".join(f"{name}={value!r}" for name, value in settings.items() if value)
    if methods:
        raise ConfigurationError(f"Fault({given}): method must be None or {' or '.join(methods)} for this path")
    known = ", ".join(f"{one.method} {API_PREFIX}{one.path}" for one in operations)
    raise ConfigurationError(f"Fault({given}): it would never be used; it matches none of {known}")


def is_listing(operation: Operation[Any, Any]) -> bool:
    """Whether the operation returns a page of a list."""
    return get_origin(operation.result) is Page


def can_end_with(template: str, ending: str) -> bool:
    """Whether a path made from this template, with any ids, can have this ending."""
    of_template, of_ending = template.split("/"), ending.split("/")
    if len(of_ending) > len(of_template):
        return False
    first, *rest = zip(of_template[-len(of_ending) :], of_ending, strict=True)
    return (is_id(first[0]) or first[0].endswith(first[1])) and all(
        bool(given) if is_id(expected) else expected == given for expected, given in rest
    )


def is_id(segment: str) -> bool:
    """Whether a segment of a template stands for an id."""
    return segment.startswith("{")


def is_string(value: object) -> bool:
    """Whether a value is a string."""
    return isinstance(value, str)


def is_string_mapping(value: object) -> bool:
    """Whether a value is a mapping of strings."""
    return isinstance(value, Mapping) and all(map(is_string, [*value, *value.values()]))


def is_headers(value: object) -> bool:
    """Whether a value is a mapping of header names and values."""
    headers = cast("Mapping[str, str]", value)
    return is_string_mapping(value) and all(
        HEADER_NAME.fullmatch(name) and one.replace("\t", " ").isprintable() for name, one in headers.items()
    )


def is_integer(value: object, minimum: int, maximum: float = math.inf) -> bool:
    """Whether a value is an integer within these bounds."""
    return isinstance(value, int) and not isinstance(value, bool) and minimum <= value <= maximum


def is_delay(value: object) -> bool:
    """Whether a value is a number of seconds."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= MAX_DELAY_S


def can_be_sent(body: object) -> bool:
    """Whether a body can be encoded."""
    try:
        return isinstance(body, bytes) or bool(json.dumps(body, ensure_ascii=False).encode())
    except (TypeError, ValueError, RecursionError):
        return False


FAULT_FIELDS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "method": ("None or the name of an HTTP method", lambda one: one is None or is_string(one)),
    "path": ("a string", is_string),
    "query": ("a mapping of parameters, as strings", is_string_mapping),
    "skip": ("0 or more", lambda one: is_integer(one, 0)),
    "times": ('1 or more, or "always"', lambda one: one == "always" or is_integer(one, 1)),
    "status": ("None or 200..599", lambda one: one is None or is_integer(one, 200, 599)),
    "headers": ("a mapping of header names to strings without control characters", is_headers),
    "body": ("JSON, text or bytes", can_be_sent),
    "delay": ("0 or more seconds, at most a year", is_delay),
    "drop": ('True, False or "after"', lambda one: one is True or one is False or one == "after"),
    "kind": (f"None or one of {', '.join(FAULT_KINDS)}", lambda one: one is None or one in FAULT_KINDS),
}
"""What each field must be."""

NO_FAULT = Fault()


def fault_document(fault: Fault) -> JSONObject:
    """The fault as the control plane takes it: JSON, without the fields that have their default."""
    document: dict[str, Any] = attrs.asdict(fault, filter=lambda field, value: value != getattr(NO_FAULT, field.name))
    if isinstance(fault.body, bytes):
        document["body"] = fault.body.decode("utf-8", "replace")
    return document


def short_name(fault: Fault) -> str:
    """What the fault does, in a word or two."""
    if fault.drop:
        return "drop" if fault.drop is True else "drop after"
    made_up = None if fault.status is None else str(fault.status)
    return fault.kind or made_up or ("body" if fault.body is not None else "delay" if fault.delay else "headers")
