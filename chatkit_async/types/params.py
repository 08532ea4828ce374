"""The base of all parameters: checked when they are built.

A converter returns an `Invalid` for a wrong value; `__attrs_post_init__` raises one error with all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any, ClassVar, Self, TypeVar, cast

import attrs

from ..errors import ParamsValidationError, Problem
from ._json import JSONObject
from .checks import Invalid, refuse
from .converter import per_class, unstructure_hook
from .misuse import UserBuilt, nearest
from .redacted import described, redacted
from .result import Result

ParamsT = TypeVar("ParamsT", bound="Params")

_NO_VALUE = frozenset({Invalid})


class Params(UserBuilt):
    """Parameters of a call, or a part of them; immutable and checked when built."""

    __slots__ = ()

    # The values of the fields, read in one step: a loop would cost a call a field.
    _values: ClassVar[Any]

    @classmethod
    def __attrs_init_subclass__(cls) -> None:
        super().__attrs_init_subclass__()
        cls._values = attrgetter(*field_names(cls), "__class__")  # which returns no tuple for a single name

    def __attrs_post_init__(self) -> None:
        if not _NO_VALUE.isdisjoint(map(type, self._values(self))):
            raise ParamsValidationError(type(self).__name__, self._problems())

    def to_dict(self) -> JSONObject:
        """The JSON object that is sent, without the fields that are None."""
        document: JSONObject = unstructure_hook(self.__class__)(self)
        return document

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, object]) -> Self:
        """The params of a mapping in the API's spelling, as official SDKs take it; None means left out.

        Raises:
            ParamsValidationError: unknown, misplaced, missing or bad fields, all at once, each with the right name.
        """
        passed: Any = mapping
        if not _is_mapping(passed):
            message = f"must be a mapping, not {described(passed)}"
            raise ParamsValidationError(cls.__name__, (Problem("", "invalid_type", message, redacted(passed)),))
        known = field_names(cls)
        given: dict[str, Any] = {name: value for name in known if (value := mapping.get(name)) is not None}
        absent = {name: None for name in required_names(cls) if name not in given}
        problems = [_unknown(cls, name) for name in mapping if not isinstance(name, str) or name not in known]
        params: Self | None = None
        try:
            params = cls(**given, **absent)
        except ParamsValidationError as error:
            problems += error.problems
        if problems or params is None:
            raise ParamsValidationError(cls.__name__, tuple(problems))
        return params

    def _problems(self) -> tuple[Problem, ...]:
        return tuple(
            attrs.evolve(problem, path=join_path(name, problem.path))
            for name in field_names(type(self))
            if type(value := getattr(self, name)) is Invalid
            for problem in value.problems
        )


def build(
    cls: type[ParamsT],
    value: object,
    *,
    result_class: type[Result] | None = None,
    shorthand: tuple[type, ...] = (),
    words: str = "",
) -> ParamsT:
    """A nested params object from its class, a mapping, a result, or a shorthand; `Invalid` for anything else.

    Args:
        cls: the class wanted.
        value: what the caller passed.
        result_class: the class of the same part in a response.
        shorthand: types of values that stand for the first field alone.
        words: their names, for the message.
    """
    made: Any = cls  # mypy sees a class without fields
    try:
        if isinstance(value, shorthand):
            params: ParamsT = made(value)
            return params
        if value is None or isinstance(value, (cls, Invalid)):
            return cast("ParamsT", value)
        return _from_fields(cls, value, result_class, words)
    except ParamsValidationError as error:
        return cast("ParamsT", Invalid(error.problems))


def _from_fields(cls: type[ParamsT], value: object, result_class: type[Result] | None, words: str) -> ParamsT:
    fields: Any = value
    if result_class is not None and isinstance(value, result_class):
        fields = {name: getattr(value, name) for name in field_names(cls) if name not in value.missing_fields}
    if _is_mapping(fields):
        return cls.from_mapping(fields)
    kinds = f"{words}, a {cls.__name__} or a mapping" if words else f"a {cls.__name__} or a mapping"
    return refuse(cast("ParamsT", value), "invalid_type", f"must be {kinds}, not {described(value)}")


def whole(cls: type[ParamsT], value: object, words: str = "") -> ParamsT:
    """The params object of a class from such an object or a mapping.

    Args:
        cls: the class wanted.
        value: what the caller passed.
        words: what else the caller could have passed, for the message.

    Raises:
        ParamsValidationError: another type, or the API would refuse it.
    """
    params: object = build(cls, value, words=words)
    if isinstance(params, Invalid):
        raise ParamsValidationError(cls.__name__, params.problems)
    return cast("ParamsT", params)


@per_class
def field_names(cls: type[Params]) -> tuple[str, ...]:
    """The fields of a params class, in the order of its definition."""
    return tuple(field.name for field in attrs.fields(cast("type[attrs.AttrsInstance]", cls)))


@per_class
def required_names(cls: type[Params]) -> tuple[str, ...]:
    """The fields that cannot be left out."""
    fields = attrs.fields(cast("type[attrs.AttrsInstance]", cls))
    return tuple(field.name for field in fields if field.default is attrs.NOTHING)


def join_path(outer: str, inner: str) -> str:
    """`workflow` and `id` as `workflow.id`; an index or a quoted key such as `["k"]` follows without a dot."""
    return f"{outer}{inner}" if not inner or inner.startswith("[") else f"{outer}.{inner}"


def _is_mapping(value: object) -> bool:
    return type(value) is dict or isinstance(
        value, Mapping
    )  # mostly a dict, and the check against the abstract class is slow


def right_name(cls: type[Params], name: str) -> str:
    """What to write instead of an unknown field name."""
    known = field_names(cls)
    return cls._KNOWN_MISTAKES.get(name) or nearest(name, known) or f"{cls.__name__} has: {', '.join(known)}"


def _unknown(cls: type[Params], name: object) -> Problem:
    written = str(redacted(name))
    return Problem(written, "unknown_parameter", f"is not a field here; {right_name(cls, written)}")
