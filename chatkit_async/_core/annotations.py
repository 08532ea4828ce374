"""Questions about the annotations of result fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from inspect import get_annotations
from operator import or_
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from ..types.converter import per_class
from ..types.result import Result

Hook = Callable[[Any, Any], Any]  # as cattrs calls them: from JSON value and annotation to attribute

SCALARS: frozenset[Any] = frozenset({str, int, float, bool})


@per_class
def hints_of(cls: type[Result]) -> dict[str, Any]:
    """The evaluated annotations of a result class and its bases; each class's own once, since evaluation is slow."""
    hints: dict[str, Any] = {}
    for base in filter(is_result, reversed(cls.__bases__)):
        hints |= hints_of(base)
    return hints | get_annotations(cls, eval_str=True)


def is_union(annotation: Any) -> bool:
    """`A | B` in either spelling."""
    return get_origin(annotation) in (Union, UnionType)


def is_text(annotation: Any) -> bool:
    """A string, alone or with its documented values."""
    parts = get_args(annotation) if is_union(annotation) else (annotation,)
    return all(part is str or get_origin(part) is Literal for part in parts)


def tag_of(annotation: Any) -> str | None:
    """The string that tells a class from others: `Literal["chatkit.task"]`, with no `| str` beside it."""
    words = get_args(annotation) if get_origin(annotation) is Literal else ()
    return words[0] if len(words) == 1 else None


def is_tag(annotation: Any) -> bool:
    """Whether a field holds the string that tells a class from others."""
    return tag_of(annotation) is not None


def constant_of(annotation: Any) -> str | None:
    """The one string that is documented for an open field, if there is only one: `Literal["list"] | str`."""
    documented = [word for part in get_args(annotation) if get_origin(part) is Literal for word in get_args(part)]
    return documented[0] if len(documented) == 1 else None


def is_optional(annotation: Any) -> bool:
    """`T | None`."""
    return is_union(annotation) and NoneType in get_args(annotation)


def without_none(annotation: Any) -> Any:
    """`T` of `T | None`; any other annotation as it is."""
    if not is_optional(annotation):
        return annotation
    return reduce(or_, (part for part in get_args(annotation) if part is not NoneType))


def is_scalar_map(annotation: Any) -> bool:
    """A mapping of names to strings, numbers and booleans."""
    return get_origin(annotation) is Mapping and SCALARS.issuperset(get_args(get_args(annotation)[1]))


def is_sequence(annotation: Any) -> bool:
    """`tuple[T, ...]`."""
    return get_origin(annotation) is tuple


def is_result(annotation: Any) -> bool:
    """A result class, generic or not: `Page[ChatKitThread]`."""
    cls = get_origin(annotation) or annotation
    return isinstance(cls, type) and issubclass(cls, Result)


def is_tagged_union(annotation: Any) -> bool:
    """Several result classes, told apart by `type`."""
    return is_union(annotation) and all(map(is_result, get_args(annotation)))


def filled(annotation: Any, arguments: tuple[Any, ...]) -> Any:
    """`tuple[T, ...]` of a generic class as `tuple[ChatKitThread, ...]`."""
    return annotation[arguments] if getattr(annotation, "__parameters__", ()) else annotation
