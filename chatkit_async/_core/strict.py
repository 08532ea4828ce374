"""What `strict=True` adds: an answer must hold every documented field, and only documented enum values."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

from ..types.result import Result, field_names, per_class
from ..types.shown import quoted
from ..types.unknown import Unknown
from .annotations import hints_of
from .mismatch import Mismatch


def check_strictly(result: object) -> None:
    """Look through a result and its parts.

    Raises:
        Mismatch: the first field that is missing, or holds a value the API does not document.
    """
    if isinstance(result, tuple):
        _check_items(result)
    if not isinstance(result, Result):
        return
    if isinstance(result, Unknown):
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
    value = getattr(result, name)
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
