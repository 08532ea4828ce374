"""The one cattrs converter: decoded JSON to result objects, exactly.

cattrs dispatches on the annotation; the hooks are ours, because its own would turn null into "None" and "7" into 7.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, reduce
from operator import or_
from types import MappingProxyType, NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from ..types._json import JSON
from ..types.result import Result, field_names
from ..types.secret import Secret
from ..types.shown import kind_of, shown
from ..types.unknown import Unknown

if TYPE_CHECKING:
    from cattrs import Converter

T = TypeVar("T")
Hook = Callable[[Any, Any], Any]

_NO_EXTRA: Mapping[str, JSON] = MappingProxyType({})
_SCALARS: frozenset[Any] = frozenset({str, int, float, bool})
DEEPEST = 100  # levels; documented answers have six, and code that walks deeper ones overflows


class Mismatch(Exception):
    """An answer that is not as documented: where, and how. Never leaves the core."""

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message, path)
        self.message = message
        self.path = path

    def below(self, name: str) -> Mismatch:
        """The same, seen from one level up."""
        separator = "" if not self.path or self.path.startswith("[") else "."
        return Mismatch(self.message, f"{name}{separator}{self.path}")


def structure(document: JSON, cls: type[T]) -> T:
    """The object of a class that a decoded answer holds.

    Raises:
        Mismatch: a documented field has another JSON type than documented.
    """
    found: T = converter().get_structure_hook(cls)(document, cls)
    return found


@cache
def converter() -> Converter:
    """The converter, made at first use: cattrs costs an import that `import chatkit_async` need not pay."""
    from cattrs import Converter  # noqa: PLC0415

    made = Converter(detailed_validation=False)
    for annotation, hook in _EXACT.items():
        made.register_structure_hook(annotation, hook)
    made.register_structure_hook_func(_is_text, _text)
    made.register_structure_hook_func(_is_scalar_map, _scalar_map)
    made.register_structure_hook_factory(_is_tagged_union, _tagged_union_hook)
    made.register_structure_hook_factory(_is_sequence, _sequence_hook)
    made.register_structure_hook_factory(_is_optional, _optional_hook)
    made.register_structure_hook_factory(_is_result, _result_hook)
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


def _expected(what: str, value: object) -> Mismatch:
    return Mismatch(f"should be {what}, is {kind_of(value)}")


def _text(value: Any, _: Any) -> str:
    if value.__class__ is not str:
        raise _expected("a string", value)
    return value


def _secret(value: Any, _: Any) -> Secret:
    return Secret(_text(value, _))


def _whole(value: Any, _: Any) -> int:
    if value.__class__ is int:
        return value
    if value.__class__ is float and value.is_integer():
        return int(value)
    raise _expected("an integer", value)


def _boolean(value: Any, _: Any) -> bool:
    if value.__class__ is not bool:
        raise _expected("a boolean", value)
    return value


_EXACT: dict[Any, Hook] = {str: _text, Secret: _secret, int: _whole, bool: _boolean}


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, UnionType)


def _is_text(annotation: Any) -> bool:
    parts = get_args(annotation) if _is_union(annotation) else (annotation,)
    return all(part is str or get_origin(part) is Literal for part in parts)


def _is_optional(annotation: Any) -> bool:
    return _is_union(annotation) and NoneType in get_args(annotation)


def _optional_hook(annotation: Any, made: Converter) -> Hook:
    rest: Any = reduce(or_, (part for part in get_args(annotation) if part is not NoneType))
    hook = made.get_structure_hook(rest)
    return lambda value, _: None if value is None else hook(value, rest)


def _is_scalar_map(annotation: Any) -> bool:
    arguments = get_args(annotation)
    return get_origin(annotation) is Mapping and _SCALARS.issuperset(get_args(arguments[1]))


def _scalar_map(value: Any, _: Any) -> Mapping[str, str | int | float | bool]:
    if value.__class__ is not dict:
        raise _expected("an object", value)
    for name, item in value.items():
        if item.__class__ not in _SCALARS:
            raise _expected("a string, integer, boolean or number", item).below(f"[{shown(name)!r}]")
    return MappingProxyType(value)


def _is_sequence(annotation: Any) -> bool:
    return get_origin(annotation) is tuple


def _sequence_hook(annotation: Any, made: Converter) -> Hook:
    kind = get_args(annotation)[0]
    hook = made.get_structure_hook(kind)

    def structure_items(value: Any, _: Any) -> tuple[Any, ...]:
        if value.__class__ is not list:
            raise _expected("an array", value)
        items: list[Any] = []
        try:
            for item in value:
                items.append(hook(item, kind))  # noqa: PERF401 - its length is the place of what does not fit
        except Mismatch as mismatch:
            raise mismatch.below(f"[{len(items)}]") from None
        return tuple(items)

    return structure_items


def _is_tagged_union(annotation: Any) -> bool:
    return _is_union(annotation) and any(
        _is_result(part) and issubclass(part, Unknown) for part in get_args(annotation)
    )


def _tagged_union_hook(annotation: Any, made: Converter) -> Hook:
    """Chooses by `type`; both spellings of the item kinds occur, `chatkit.task` and `task`."""
    unknown = next(part for part in get_args(annotation) if issubclass(part, Unknown))
    otherwise = (made.get_structure_hook(unknown), unknown)
    hooks = {tag: (made.get_structure_hook(part), part) for part in get_args(annotation) for tag in _tags(part)}

    def structure_kind(value: Any, _: Any) -> Any:
        if value.__class__ is not dict:
            raise _expected("an object", value)
        tag = value.get("type", "")
        if tag.__class__ is not str:
            raise _expected("a string", tag).below("type")
        hook, kind = hooks.get(tag, otherwise)
        return hook(value, kind)

    return structure_kind


def _tags(part: Any) -> list[str]:
    documented = get_args(get_args(get_type_hints(part)["type"])[0]) if not issubclass(part, Unknown) else ()
    return [spelling for tag in documented for spelling in (tag, tag.removeprefix("chatkit."))]


def _is_result(annotation: Any) -> bool:
    cls = get_origin(annotation) or annotation
    return isinstance(cls, type) and issubclass(cls, Result)


def _result_hook(annotation: Any, made: Converter) -> Hook:
    cls, arguments = get_origin(annotation) or annotation, get_args(annotation)
    hints = {name: _filled(hint, arguments) for name, hint in get_type_hints(cls).items()}
    plan = [
        (name, getattr(cls, name).__set__, made.get_structure_hook(hints[name]), hints[name])
        for name in field_names(cls)
    ]
    fill_extra = cls.extra.__set__

    def structure_result(document: Any, _: Any) -> Any:
        if document.__class__ is not dict:
            raise _expected("an object", document)
        result, found = cls.__new__(cls), 0
        for name, fill_slot, hook, hint in plan:
            if name in document:
                found += 1
                try:
                    fill_slot(result, hook(document[name], hint))
                except Mismatch as mismatch:
                    raise mismatch.below(name) from None
        fill_extra(result, _NO_EXTRA if found == len(document) else _extra(document, cls))
        return result

    return structure_result


def _filled(hint: Any, arguments: tuple[Any, ...]) -> Any:
    """`tuple[T, ...]` of a generic class as `tuple[ChatKitThread, ...]`."""
    return hint[arguments] if getattr(hint, "__parameters__", ()) else hint


def _extra(document: dict[str, JSON], cls: type[Result]) -> Mapping[str, JSON]:
    known = field_names(cls)
    extra = {name: value for name, value in document.items() if name not in known}
    if depth_exceeds(list(extra.values()), DEEPEST):
        raise Mismatch(f"nests deeper than {DEEPEST} levels")
    return MappingProxyType(extra)
