"""Turns a response into its result, or into an error that says what is wrong with the response.

Functions that hold a decoded body never raise: they return the problem, so that no traceback shows a secret.
"""

from __future__ import annotations

from typing import Any, Literal, TypeVar, cast, get_args, get_origin

import attrs

from ..errors import APIResponseValidationError, ResponseInfo
from ..types._json import JSON
from ..types.converter import per_class
from ..types.redacted import quoted, redacted
from ..types.result import Result, attach_response, field_names
from ..types.secret import mask_text, masked
from .annotations import hints_of
from .codec import Mismatch, is_unknown, structure
from .json_bytes import loads
from .message import Response
from .operation import Operation

T = TypeVar("T")

NOT_READ = "the response is larger than 64 MiB or broken, and was not read"
LONGEST_EXCERPT = 500  # characters of a body that an error carries

_WORK_DONE = "The work was done; if base_url names a gateway, it may have changed the response."
_WORK_UNKNOWN = (
    "In place of the API, a proxy or captive portal may have responded: look at base_url and the network."
    " The API may have done the work all the same."
)


@attrs.frozen
class Unreadable:
    """Why a response could not be understood, and what it held, masked.

    Attributes:
        message: what is wrong with it.
        body: its JSON, or an excerpt.
        is_json: whether it was JSON at all; otherwise it may have come from a proxy or a captive portal.
    """

    message: str
    body: object = attrs.field(repr=False)
    is_json: bool = False


def decode(operation: Operation[Any, T], response: Response, info: ResponseInfo, *, strict: bool) -> T:
    """The result of an operation, with `.response` attached.

    Raises:
        APIResponseValidationError: the response is not what the API documents.
    """
    found = read(operation.result, response, strict=strict)
    if isinstance(found, Unreadable):
        raise _invalid(found, operation.name, info)
    attach_response(found, info)
    return found


def decode_json(operation: str, response: Response, info: ResponseInfo) -> JSON:
    """The JSON value of a response without a result class; None for an empty body.

    Raises:
        APIResponseValidationError: it is not JSON.
    """
    found = read_json(response) if response.body or not response.is_whole else None
    if isinstance(found, Unreadable):
        raise _invalid(found, operation, info)
    return found


def read(cls: type[T], response: Response, *, strict: bool) -> T | Unreadable:
    """The object of a class that a response holds, or why it is unreadable."""
    document = read_json(response)
    if isinstance(document, Unreadable):
        return document
    try:
        result = structure(document, cls)
        if strict:
            check_strictly(result)
    except Mismatch as mismatch:
        message = f"the response is not a {_name(cls)}: {mismatch.path or 'it'} {mismatch.message}"
        return Unreadable(message, masked(document), is_json=True)
    return result


def read_json(response: Response) -> JSON | Unreadable:
    """The JSON value that a response holds, or why it is unreadable."""
    if not response.is_whole:
        return Unreadable(NOT_READ, None)
    kind = response.headers.get("content-type") or "application/json"
    if kind != "application/json" and not is_json_content_type(kind):
        return Unreadable(f"the response is {redacted(kind)}, not application/json", excerpt(response))
    try:
        return loads(response.body)
    except (ValueError, RecursionError) as error:
        return Unreadable(f"the response is not JSON: {mask_text(str(error)[:400])[:100]}", excerpt(response))


def _name(cls: Any) -> str:
    return str(getattr(cls, "__name__", cls))


def _invalid(found: Unreadable, operation: str, info: ResponseInfo) -> APIResponseValidationError:
    return APIResponseValidationError(
        found.message,
        operation=operation,
        status=info.status,
        request_id=info.request_id,
        attempts=info.attempts,
        elapsed_s=info.elapsed_s,
        outcome="done" if found.is_json else "unknown",
        hint=_WORK_DONE if found.is_json else _WORK_UNKNOWN,
        body=found.body,
        response=info,
    )


def is_json_content_type(content_type: str) -> bool:
    """Whether a Content-Type names JSON, `application/problem+json` included."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def excerpt(response: Response) -> str:
    """The beginning of a body as text, its secrets masked."""
    text = response.body[: 4 * LONGEST_EXCERPT].decode(errors="replace").replace("\0", "")  # UTF-16 would hide secrets
    return mask_text(text)[:LONGEST_EXCERPT]


def error_document(response: Response) -> dict[str, object] | None:
    """The `error` object of a refusal, masked; None if the body has another shape."""
    try:
        document = loads(response.body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    inner = document.get("error", document)
    return cast("dict[str, object]", masked(inner if isinstance(inner, dict) else {"message": inner}))


def check_strictly(result: object) -> None:
    """Look through a result and its parts.

    Raises:
        Mismatch: the first field that is missing, or holds a value the API does not document.
    """
    if isinstance(result, tuple):
        _check_items(result)
    if not isinstance(result, Result):
        return
    if is_unknown(type(result)):
        raise Mismatch(f"is of the undocumented kind {quoted(result.extra.get('type'))}")
    if result.missing_fields:
        raise Mismatch("is missing", result.missing_fields[0])
    for name in field_names(type(result)):
        _check_field(result, name)


def _check_items(items: tuple[object, ...]) -> None:
    for index, item in enumerate(items):
        try:
            check_strictly(item)
        except Mismatch as mismatch:
            raise mismatch.below(f"[{index}]") from None


def _check_field(result: Result, name: str) -> None:
    value = result.extra.get(name, getattr(result, name))  # a tag in an undocumented spelling is there
    documented = _documented_values(type(result)).get(name)
    if documented and value not in documented:
        raise Mismatch(f"should be one of {', '.join(map(repr, documented))}, is {quoted(value)}", name)
    try:
        check_strictly(value)
    except Mismatch as mismatch:
        raise mismatch.below(name) from None


@per_class
def _documented_values(cls: type[Result]) -> dict[str, tuple[str, ...]]:
    return {name: values for name, hint in hints_of(cls).items() if (values := _literals(hint))}


def _literals(hint: Any) -> tuple[str, ...]:
    if get_origin(hint) is Literal:
        return get_args(hint)
    return tuple(value for part in get_args(hint) if get_origin(part) is Literal for value in get_args(part))
