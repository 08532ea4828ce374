"""The one cattrs converter: params to the JSON that is sent, results back to the JSON that came.

The codec in `_core` adds the hooks for the other direction.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import MappingProxyType, NoneType
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args

if TYPE_CHECKING:
    from cattrs import Converter

Unstructure = Callable[[Any], Any]
FunctionT = TypeVar("FunctionT", bound=Callable[..., object])


def per_class(function: FunctionT) -> FunctionT:
    """Computed once for each class; `functools.cache`, whose own types refuse classes that define `__hash__`."""
    return cast("FunctionT", cache(function))


@per_class
def unstructure_hook(cls: type[object]) -> Unstructure:
    """What turns objects of a class into JSON values."""
    return converter().get_unstructure_hook(cls)


@cache
def converter() -> Converter:
    """The converter, made at first use: importing cattrs takes longer than importing `chatkit_async`."""
    from cattrs import Converter  # noqa: PLC0415

    from .params import Params  # noqa: PLC0415 - these two import this module
    from .result import Result  # noqa: PLC0415

    made = Converter(detailed_validation=False, unstruct_collection_overrides={tuple: list})
    made.register_unstructure_hook(str, str)  # a Secret as the string that it is
    made.register_unstructure_hook(MappingProxyType, lambda value: made.unstructure(dict(value)))
    made.register_unstructure_hook_factory(_is_subclass_of(Params), _params_hook)
    made.register_unstructure_hook_factory(_is_subclass_of(Result), _result_hook)
    return made


def _is_subclass_of(base: type[object]) -> Callable[[Any], bool]:
    return lambda annotation: isinstance(annotation, type) and issubclass(annotation, base)


def _params_hook(cls: Any, made: Converter) -> Unstructure:
    """cattrs' own generated function; a field that is None is left out."""
    import attrs  # noqa: PLC0415
    from cattrs.gen import make_dict_unstructure_fn, override  # noqa: PLC0415

    fields = attrs.fields(attrs.resolve_types(cls))
    overrides: dict[str, Any] = {
        field.name: override(
            omit_if_default=field.default is None, unstruct_hook=made.get_unstructure_hook(_without_none(field.type))
        )
        for field in fields
    }
    return cast("Unstructure", make_dict_unstructure_fn(cls, made, **overrides))


def _without_none(annotation: Any) -> Any:
    parts = [part for part in get_args(annotation) if part is not NoneType]
    return parts[0] if NoneType in get_args(annotation) and len(parts) == 1 else annotation


def _result_hook(cls: Any, made: Converter) -> Unstructure:
    """A loop over the slots, since absent fields are empty ones; undocumented fields stand last."""
    from .result import field_names  # noqa: PLC0415

    slots = [(name, getattr(cls, name).__get__) for name in field_names(cls)]
    as_they_are = frozenset({str, int, float, bool, NoneType})

    def unstructure_result(result: Any) -> dict[str, Any]:
        document: dict[str, Any] = {}
        for name, read in slots:
            try:
                value = read(result)
            except AttributeError:
                continue
            document[name] = value if value.__class__ in as_they_are else made.unstructure(value)
        return document | made.unstructure(result.extra) if result.extra else document

    return unstructure_result
