"""Turns decoded JSON into result objects, without guessing: the structure hooks of the one cattrs converter.

cattrs dispatches on the annotation; its own hooks would turn null into "None" and "7" into 7.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin

from ..types._json import JSON
from ..types.converter import converter, per_class
from ..types.redacted import kind_of, redacted
from ..types.result import Result, field_names
from ..types.secret import Secret
from .annotations import (
    SCALARS,
    Hook,
    constant_of,
    filled,
    hints_of,
    is_optional,
    is_result,
    is_scalar_map,
    is_sequence,
    is_tag,
    is_tagged_union,
    is_text,
    tag_of,
    without_none,
)
from .generated_hooks import NO_EXTRA, ResultField, generated_hook

if TYPE_CHECKING:
    from cattrs import Converter

T = TypeVar("T")

DEEPEST_RESULT = 100  # levels; documented responses have six, and recursive code overflows on much deeper ones


class Mismatch(Exception):
    """A response that is not as documented: where, and how. Never leaves the core."""

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message, path)
        self.message = message
        self.path = path

    def below(self, name: str) -> Mismatch:
        """The same, seen from one level up."""
        separator = "" if not self.path or self.path.startswith("[") else "."
        return Mismatch(self.message, f"{name}{separator}{self.path}")


def expected(what: str, value: object) -> Mismatch:
    """A mismatch that says what should stand where a value stands."""
    return Mismatch(f"should be {what}, is {kind_of(value)}")


def structure(document: JSON, cls: type[T]) -> T:
    """The object of a class that a decoded response holds.

    Raises:
        Mismatch: a documented field has another JSON type than documented.
    """
    found: T = _hook(cls)(document, cls)
    return found


@per_class
def _hook(cls: Any) -> Hook:  # faster than the converter's own cache
    hook: Hook = structuring_converter().get_structure_hook(cls)
    return hook


@cache
def structuring_converter() -> Converter:
    """The one converter, with the hooks of this direction."""
    made = converter()
    for annotation, hook in _EXACT.items():
        made.register_structure_hook(annotation, hook)
    made.register_structure_hook_func(is_text, _text)
    made.register_structure_hook_factory(is_tag, _tag_hook)
    made.register_structure_hook_func(is_scalar_map, _scalar_map)
    made.register_structure_hook_factory(is_tagged_union, _tagged_union_hook)
    made.register_structure_hook_factory(is_sequence, _sequence_hook)
    made.register_structure_hook_factory(is_optional, _optional_hook)
    made.register_structure_hook_factory(is_result, _result_hook)
    return made


def depth_exceeds(document: JSON, most: int) -> bool:
    """Whether a JSON value nests deeper than `most` objects and arrays; found without recursion."""
    level: list[JSON] = [document]
    for _ in range(most):
        level = [item for value in level for item in _items(value)]
        if not level:
            return False
    return True


def _items(value: JSON) -> list[JSON]:
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [item for item in items if isinstance(item, (dict, list))]


def _text(value: Any, _: Any) -> str:
    if value.__class__ is not str:
        raise expected("a string", value)
    return value


def _tag_hook(annotation: Any) -> Hook:
    """A tag is stored in its documented spelling; `extra` keeps another one."""
    tag = tag_of(annotation)

    def structure_tag(value: Any, _: Any) -> str | None:
        _text(value, _)
        return tag

    return structure_tag


def _secret(value: Any, _: Any) -> Secret:
    return Secret(_text(value, _))


def _whole(value: Any, _: Any) -> int:
    if value.__class__ is int:
        return value
    if value.__class__ is float and value.is_integer():
        return int(value)
    raise expected("an integer", value)


def _boolean(value: Any, _: Any) -> bool:
    if value.__class__ is not bool:
        raise expected("a boolean", value)
    return value


_EXACT: dict[Any, Hook] = {str: _text, Secret: _secret, int: _whole, bool: _boolean}
_KEPT: dict[Hook, type] = {_text: str, _whole: int, _boolean: bool}  # hooks that return such values unchanged


def _scalar_map(value: Any, _: Any) -> Mapping[str, str | int | float | bool]:
    if value.__class__ is not dict:
        raise expected("an object", value)
    for name, item in value.items():
        if item.__class__ not in SCALARS:
            raise expected("a string, integer, boolean or number", item).below(f"[{redacted(name)!r}]")
    return MappingProxyType(value)


def _optional_hook(annotation: Any, made: Converter) -> Hook:
    hook = made.get_structure_hook(without_none(annotation))
    return lambda value, _: None if value is None else hook(value, None)


def _sequence_hook(annotation: Any, made: Converter) -> Hook:
    kind = get_args(annotation)[0]
    return _tagged_items_hook(kind, made) if is_tagged_union(kind) else _items_hook(made.get_structure_hook(kind))


def _items_hook(hook: Hook) -> Hook:
    def structure_items(value: Any, _: Any) -> tuple[Any, ...]:
        if value.__class__ is not list:
            raise expected("an array", value)
        items: list[Any] = []
        try:
            for item in value:
                items.append(hook(item, None))  # noqa: PERF401 - its length is the index of the item that fails
        except Mismatch as mismatch:
            raise mismatch.below(f"[{len(items)}]") from None
        return tuple(items)

    return structure_items


def _result_hook(annotation: Any, made: Converter) -> Hook:
    cls, arguments = get_origin(annotation) or annotation, get_args(annotation)
    hints = {name: filled(hint, arguments) for name, hint in hints_of(cls).items()}
    hooks = {name: made.get_structure_hook(hints[name]) for name in field_names(cls)}
    by_field = _by_field(cls, hooks, tag_of(hints.get("type")))
    fields = tuple(_field(name, hints[name], made) for name in field_names(cls))
    return generated_hook(cls, fields, by_field, Mismatch) if fields else by_field


def _field(name: str, hint: Any, made: Converter) -> ResultField:
    if tag := tag_of(hint):
        return ResultField(name, _text, str, is_nullable=False, constant=tag, is_tag=True)
    hook = made.get_structure_hook(without_none(hint))
    return ResultField(name, hook, _KEPT.get(hook), is_optional(hint), constant_of(hint))


def _by_field(cls: Any, hooks: dict[str, Hook], tag: str | None) -> Hook:
    """A hook for responses of any shape: it passes over absent fields, keeps undocumented ones, names wrong ones.

    An undocumented spelling of the tag (`task` for `chatkit.task`) is kept in `extra`, so that `to_dict` gives it back.
    """
    steps = [(name, getattr(cls, name).__set__, hook) for name, hook in hooks.items()]
    fill_extra = cls.extra.__set__

    def structure_by_field(document: Any, _: Any) -> Any:
        if document.__class__ is not dict:
            raise expected("an object", document)
        result, found = cls.__new__(cls), 0
        for name, fill_slot, hook in steps:
            if name in document:
                found += 1
                try:
                    fill_slot(result, hook(document[name], None))
                except Mismatch as mismatch:
                    raise mismatch.below(name) from None
        extra = NO_EXTRA if found == len(document) else _extra(document, cls)
        if tag is not None and document.get("type", tag) != tag:
            extra = MappingProxyType({"type": document["type"], **extra})
        fill_extra(result, extra)
        return result

    return structure_by_field


def _extra(document: dict[str, JSON], cls: type[Result]) -> Mapping[str, JSON]:
    known = field_names(cls)
    extra = {name: value for name, value in document.items() if name not in known}
    if depth_exceeds(list(extra.values()), DEEPEST_RESULT):
        raise Mismatch(f"nests deeper than {DEEPEST_RESULT} levels")
    return MappingProxyType(extra)


def _tagged_union_hook(annotation: Any, made: Converter) -> Hook:
    """A hook for an object of one of the kinds."""
    hooks, otherwise = _hooks_by_tag(annotation, made), _unknown_hook(annotation, made)

    def structure_kind(value: Any, _: Any) -> Any:
        if value.__class__ is not dict:
            raise expected("an object", value)
        tag = value.get("type", "")
        if tag.__class__ is not str:
            raise expected("a string", tag).below("type")
        return hooks.get(tag, otherwise)(value, None)

    return structure_kind


def _tagged_items_hook(union: Any, made: Converter) -> Hook:
    """A hook for an array of objects of any of the kinds; only unknown kinds take the union's own hook."""
    hooks, otherwise = _hooks_by_tag(union, made), made.get_structure_hook(union)

    def structure_kinds(value: Any, _: Any) -> tuple[Any, ...]:
        if value.__class__ is not list:
            raise expected("an array", value)
        items: list[Any] = []
        try:
            for item in value:
                try:
                    hook = hooks[item["type"]]
                except (KeyError, TypeError):
                    hook = otherwise
                items.append(hook(item, None))
        except Mismatch as mismatch:
            raise mismatch.below(f"[{len(items)}]") from None
        return tuple(items)

    return structure_kinds


def _hooks_by_tag(union: Any, made: Converter) -> dict[str, Hook]:
    # Both spellings of the item kinds occur, `chatkit.task` and `task`.
    documented = [part for part in get_args(union) if not is_unknown(part)]
    return {
        spelling: made.get_structure_hook(part)
        for part in documented
        if (tag := tag_of(hints_of(part)["type"]))
        for spelling in (tag, tag.removeprefix("chatkit."))
    }


def _unknown_hook(union: Any, made: Converter) -> Hook:
    hook: Hook = made.get_structure_hook(next(filter(is_unknown, get_args(union))))
    return hook


def is_unknown(part: Any) -> bool:
    """Whether a class stands for an undocumented kind."""
    from ..types.unknown import Unknown  # noqa: PLC0415 - a program that only creates sessions needs no such class

    return isinstance(part, type) and issubclass(part, Unknown)
