"""Objects of several kinds, told apart by their `type`: alone, and in arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from ..types.unknown import Unknown
from .annotations import Hook, hints_of
from .mismatch import Mismatch, expected

if TYPE_CHECKING:
    from cattrs import Converter


def tagged_union_hook(annotation: Any, made: Converter) -> Hook:
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


def tagged_items_hook(union: Any, made: Converter) -> Hook:
    """A hook for an array of objects of any of the kinds; it asks the union's own hook only for what is not known."""
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
    documented = [part for part in get_args(union) if not _is_unknown(part)]
    return {
        spelling: made.get_structure_hook(part)
        for part in documented
        for tag in get_args(get_args(hints_of(part)["type"])[0])
        for spelling in (tag, tag.removeprefix("chatkit."))
    }


def _unknown_hook(union: Any, made: Converter) -> Hook:
    hook: Hook = made.get_structure_hook(next(filter(_is_unknown, get_args(union))))
    return hook


def _is_unknown(part: Any) -> bool:
    return isinstance(part, type) and issubclass(part, Unknown)
