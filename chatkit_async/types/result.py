"""The base of all results.

A field that the API left out is an empty slot: reading it raises; repr, ==, hash, copy, pickle and `to_dict` skip it.
The versions of attrs read every slot, so each class switches them off and inherits those written here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import attrs

from ..errors import MissingFieldError, ResponseInfo
from ._json import JSON, JSONObject
from .converter import per_class, unstructure_hook
from .secret import masked


def _read_only(extra: Mapping[str, JSON]) -> Mapping[str, JSON]:
    return MappingProxyType(dict(extra))


class _Slots:
    # A class of its own: attrs creates each class a second time, and slots in its body would belong to the first.
    __slots__ = ("__weakref__", "_response")


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class Result(_Slots):
    """An immutable result, or a part of one.

    Attributes:
        extra: undocumented fields, as JSON by name; also the `type` of a known kind if its spelling is undocumented.
        missing_fields: the names of the documented fields that the API left out.
        response: the `ResponseInfo` of the call, on the object a call returned; not on its parts.
    """

    extra: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON], converter=_read_only)

    @property
    def missing_fields(self) -> tuple[str, ...]:
        """Names of documented fields that the API left out; reading one raises `MissingFieldError`."""
        present = _present(self)
        return tuple(name for name in field_names(type(self)) if name not in present)

    @property
    def response(self) -> ResponseInfo:
        """Status, request id, headers and attempts of the call that returned this object.

        Raises:
            MissingFieldError: the object is a part of a result, a copy, or made by hand.
        """
        found: ResponseInfo | None = slot_value(self, "_response")
        if found is None:
            raise MissingFieldError(
                f"{type(self).__name__}.response: only the object that a call returns has one;"
                " this is a part, a copy or made by hand"
            )
        return found

    def to_dict(self) -> JSONObject:
        """The JSON object as the API sent it, with undocumented fields and unmasked secrets."""
        document: JSONObject = unstructure_hook(type(self))(self)
        return document

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            if name in field_names(type(self)):
                raise MissingFieldError(
                    f"{type(self).__name__}.{name}: the API's response did not hold this field;"
                    " missing_fields lists all that it left out, extra has the undocumented ones"
                )
            # Not self.name: an error raised inside a property passes here and must not change.
            return object.__getattribute__(self, name)

    def __repr__(self) -> str:
        fields = [f"{name}={_writable(value)!r}" for name, value in _present(self).items()]
        extra = slot_value(self, "extra")  # a traceback with locals may show an object that is being made
        fields += [f"extra={masked(extra)!r}"] if extra else []
        return f"{type(self).__name__}({', '.join(fields)})"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return _present(self) == _present(other) and self.extra == other.extra

    def __hash__(self) -> int:
        return hash((type(self), _hashable(_present(self)), _hashable(self.extra)))

    def __reduce__(self) -> tuple[Callable[..., Result], tuple[object, ...]]:
        present = {name: _writable(value) for name, value in _present(self).items()}
        return restore, (type(self), present, dict(self.extra))


@per_class
def field_names(cls: type[Result]) -> tuple[str, ...]:
    """The documented fields of a result class, in the order of its definition."""
    return tuple(field.name for field in attrs.fields(cls) if field.name != "extra")


def restore(cls: type[Result], present: Mapping[str, object], extra: Mapping[str, JSON]) -> Result:
    """A result object with just these fields filled."""
    result = cls.__new__(cls)
    for name, value in {**present, "extra": extra}.items():
        object.__setattr__(result, name, MappingProxyType(value) if type(value) is dict else value)
    return result


def attach_response(result: object, response: ResponseInfo) -> None:
    """Attach the HTTP side to the object that a call returns."""
    if isinstance(result, Result):
        object.__setattr__(result, "_response", response)


def slot_value(result: object, name: str) -> Any:
    """The value of a slot; None if it is empty."""
    try:
        return object.__getattribute__(result, name)
    except AttributeError:
        return None


def _writable(value: object) -> object:
    """A read-only mapping as a dict, which pickles and has a plain repr; any other value unchanged."""
    return dict(cast("Mapping[str, object]", value)) if type(value) is MappingProxyType else value


def _present(result: Result) -> dict[str, object]:
    found: dict[str, object] = {}
    for name in field_names(type(result)):
        try:
            found[name] = object.__getattribute__(result, name)
        except AttributeError:
            continue
    return found


def _hashable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return frozenset((name, _hashable(item)) for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return tuple(_hashable(item) for item in value)
    return value
