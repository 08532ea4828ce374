"""The base of everything that is sent: parameters that are whole and right once they exist.

A converter that cannot convert returns an `Invalid` in place of the value; `__attrs_post_init__` collects them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from operator import attrgetter
from typing import Any, ClassVar, Self, TypeVar, cast

import attrs

from ..errors import ParamsValidationError, Problem
from ._json import JSONObject
from .checks import Invalid, refuse
from .converter import per_class, unstructure_hook
from .partial_repr import PartialRepr
from .redacted import kind_of, redacted
from .result import Result

ParamsT = TypeVar("ParamsT", bound="Params")

_NO_VALUE = frozenset({Invalid})


class Params(PartialRepr):
    """Parameters of a call, or a part of them; immutable and checked when built.

    Attributes:
        KNOWN_MISTAKES: a field people write, and the sentence that answers it.
    """

    __slots__ = ()

    KNOWN_MISTAKES: ClassVar[Mapping[str, str]] = {}

    # The values of the fields, read in one step: a loop would cost a call a field.
    _values: ClassVar[Any]

    @classmethod
    def __attrs_init_subclass__(cls) -> None:
        cls._values = attrgetter(*field_names(cls), "__class__")  # and its class last: of one name it makes no tuple

    def __attrs_post_init__(self) -> None:
        if not _NO_VALUE.isdisjoint(map(type, self._values(self))):
            raise ParamsValidationError(type(self).__name__, self._problems())

    def to_dict(self) -> JSONObject:
        """The JSON object that is sent: what is None is left out."""
        document: JSONObject = unstructure_hook(self.__class__)(self)
        return document

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, object]) -> Self:
        """The same from a mapping in the API's spelling, as official SDKs take it; None means left out.

        Raises:
            ParamsValidationError: unknown, misplaced, missing or bad fields, all at once, each with the right name.
        """
        passed: Any = mapping
        if not _is_mapping(passed):
            said = f"must be a mapping, not {kind_of(passed)}"
            raise ParamsValidationError(cls.__name__, (Problem("", "invalid_type", said, redacted(passed)),))
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
    answer: type[Result] | None = None,
    shorthand: tuple[type, ...] = (),
    words: str = "",
) -> ParamsT:
    """A nested object from its class, a mapping, an object that came back from the API, or a shorthand; else `Invalid`.

    Args:
        cls: the class wanted.
        value: what the caller passed.
        answer: the class in which the API sends the same back.
        shorthand: types of values that stand for the first field alone.
        words: what those are, for the message.
    """
    if value is None or isinstance(value, (cls, Invalid)):
        return cast("ParamsT", value)
    made: Any = cls  # its first field alone: mypy sees only that Params takes none
    try:
        return made(value) if isinstance(value, shorthand) else _from_fields(cls, value, answer, words)
    except ParamsValidationError as error:
        return cast("ParamsT", Invalid(error.problems))


def _from_fields(cls: type[ParamsT], value: object, answer: type[Result] | None, words: str) -> ParamsT:
    fields: Any = value
    if answer is not None and isinstance(value, answer):
        fields = {name: getattr(value, name) for name in field_names(cls) if name not in value.missing_fields}
    if _is_mapping(fields):
        return cls.from_mapping(fields)
    kinds = f"{words}, a {cls.__name__} or a mapping" if words else f"a {cls.__name__} or a mapping"
    return refuse(cast("ParamsT", value), "invalid_type", f"must be {kinds}, not {kind_of(value)}")


def whole(cls: type[ParamsT], value: object) -> ParamsT:
    """The params object that a caller passed, or one from the mapping he passed.

    Raises:
        ParamsValidationError: it is neither, or holds what the API would refuse.
    """
    params: object = build(cls, value)
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
    """`workflow` and `id` as `workflow.id`; an index or quoted key comes as `["k"]` and needs no dot."""
    return f"{outer}{inner}" if not inner or inner.startswith("[") else f"{outer}.{inner}"


def _is_mapping(value: object) -> bool:
    return type(value) is dict or isinstance(value, Mapping)  # a dict mostly, and asking what else is one is dear


def right_name(cls: type[Params], name: str) -> str:
    """What to write instead of a name that is no field of a class."""
    known = field_names(cls)
    near = get_close_matches(name, known, n=1, cutoff=0.75)
    guess = f"did you mean {near[0]}?" if near else f"{cls.__name__} has: {', '.join(known)}"
    return cls.KNOWN_MISTAKES.get(name, guess)


def _unknown(cls: type[Params], name: object) -> Problem:
    written = str(redacted(name))
    return Problem(written, "unknown_parameter", f"is no field of the API here; {right_name(cls, written)}")
