"""Fast structure hooks: a function for each class, generated and compiled at first use, with one statement a field.

It reads responses that are as documented. All others go to the hook by field, which handles absent fields and names
wrong ones. The source is in `linecache`, so that debuggers and tracebacks show its lines.
"""

from __future__ import annotations

import linecache
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, cast

from ..types._json import JSON
from ..types.result import Result
from .annotations import Hook

NO_EXTRA: Mapping[str, JSON] = MappingProxyType({})
_MOST_SHARED = 256  # objects of a class: sessions share few settings, and a server may send any number


class ResultField(NamedTuple):
    """A documented field, and how its value is read.

    Attributes:
        name: the field's.
        hook: turns the JSON value into the attribute's.
        scalar: the type whose values need no hook, `str`; None if all do.
        is_nullable: null stays None.
        constant: the one string documented; all results share it, however many are held.
        is_tag: whether the attribute is always the constant; another string is left to the hook by field.
    """

    name: str
    hook: Hook
    scalar: type | None
    is_nullable: bool
    constant: str | None = None
    is_tag: bool = False


def generated_hook(
    cls: type[Result], fields: tuple[ResultField, ...], by_field: Hook, mismatch: type[Exception]
) -> Hook:
    """A hook for a class.

    Args:
        cls: the class.
        fields: its documented fields.
        by_field: the hook for responses that are not as documented.
        mismatch: the error that hooks raise; its `below(name)` adds a level to its path.
    """
    function = f"structure_{cls.__name__}"
    source = "\n    ".join([f"def {function}(document, _):", *_body(fields)]) + "\n"
    file = f"<chatkit_async decoder of {cls.__name__}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    known: dict[str, Any] = {
        **{f"structure_{field.name}": field.hook for field in fields},
        "Mismatch": mismatch,
        "NO_EXTRA": NO_EXTRA,
        "Result": cls,
        "SHARED": {},
        "Writable": _writable(cls),
        "by_field": by_field,
    }
    exec(compile(source, file, "exec"), known)  # noqa: S102 - made of the names of our own fields
    return cast("Hook", known[function])


def _writable(cls: type[Result]) -> type[Result]:
    """A subclass whose slots take plain assignments, six times as fast as the frozen class's descriptors."""
    # All three: if one of them stayed that of attrs, CPython would take its slow path for the others, too.
    thawed = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__, "__init__": object.__init__}
    return type(f"Writable{cls.__name__}", (cls,), {"__slots__": (), **thawed})


def _body(fields: tuple[ResultField, ...]) -> list[str]:
    inline = [field for field in fields if field.scalar]
    nested = [field for field in fields if not field.scalar]
    return [
        f"if type(document) is not dict or len(document) != {len(fields)}:",
        "    return by_field(document, None)",
        "try:",
        *(f"    {field.name}_ = document[{field.name!r}]" for field in fields),
        "except KeyError:  # a field is absent, and another undocumented",
        "    return by_field(document, None)",
        *(line for field in inline for line in _check(field)),
        *(_shared(fields) if is_shareable(fields) else ()),
        "result = Writable()",
        *(f"result.{field.name} = {_value(field)}" for field in inline),
        *(_calls(nested) if nested else ()),
        "result.extra = NO_EXTRA",
        "result.__class__ = Result",
        *(_share() if is_shareable(fields) else ()),
        "return result",
    ]


def is_shareable(fields: tuple[ResultField, ...]) -> bool:
    """Whether a class holds only booleans and integers: equal objects are then one, which is smaller and faster."""
    return all(field.scalar in {bool, int} for field in fields)


def _shared(fields: tuple[ResultField, ...]) -> list[str]:
    return [
        f"settings = ({', '.join(f'{field.name}_' for field in fields)},)",
        "result = SHARED.get(settings)",
        "if result is not None:",
        "    return result",
    ]


def _share() -> list[str]:
    return [f"if len(SHARED) < {_MOST_SHARED}:", "    SHARED[settings] = result"]


def _value(field: ResultField) -> str:
    value = f"{field.name}_"
    if field.is_tag:
        return repr(field.constant)
    return value if field.constant is None else f"{field.constant!r} if {value} == {field.constant!r} else {value}"


def _check(field: ResultField) -> list[str]:
    assert field.scalar is not None
    if field.is_tag:
        return [f"if {field.name}_ != {field.constant!r}:", "    return by_field(document, None)"]
    unless_null = f"{field.name}_ is not None and " if field.is_nullable else ""
    test = f"if {unless_null}type({field.name}_) is not {field.scalar.__name__}:"
    return [test, "    return by_field(document, None)"]


def _calls(fields: list[ResultField]) -> list[str]:
    return [
        "try:",
        *(line for field in fields for line in _call(field)),
        "except Mismatch as mismatch:",
        "    raise mismatch.below(place) from None",
    ]


def _call(field: ResultField) -> list[str]:
    value = f"{field.name}_"
    unless_null = f"None if {value} is None else " if field.is_nullable else ""
    return [
        f"    place = {field.name!r}",
        f"    result.{field.name} = {unless_null}structure_{field.name}({value}, None)",
    ]
