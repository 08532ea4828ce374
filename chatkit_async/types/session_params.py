"""Parts of `SessionCreateParams`: workflow, expiry, rate limits. Each is a class, and a mapping."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar, Literal, Required, TypeAlias, TypedDict, cast

import attrs

from ..errors import Problem
from .checks import Invalid, count, refuse, required, scalar, sendable, switch, text, whole_number
from .params import Params, build
from .redacted import described, redacted
from .session import ChatKitWorkflowTracing

MAX_EXPIRES_AFTER_S = 600
MAX_STATE_VARIABLES = 64
MAX_STATE_KEY_LENGTH = 64
MAX_STATE_VALUE_LENGTH = 10_485_760

StateVariables: TypeAlias = Mapping[str, str | int | bool | float]
"""The variables of a workflow by name."""


def _seconds(value: int | timedelta) -> int:
    given: Any = value
    if isinstance(value, timedelta):
        given = value.days * 86_400 + value.seconds
        if value.microseconds:
            given = refuse(
                value.total_seconds(), "invalid_type", f"must be whole seconds, not {value.total_seconds():g}"
            )
    return whole_number(cast("int", required(given)), minimum=1, maximum=MAX_EXPIRES_AFTER_S)


def _anchor(value: Literal["created_at"] | None) -> Literal["created_at"]:
    given: Any = value
    if value is None or (isinstance(given, str) and given == "created_at"):
        return "created_at"
    return refuse(value, "invalid_value", f"must be created_at, the only anchor, not {described(given)}")


def _identifier(value: str) -> str:
    return text(value, is_required=True)


_LATEST = (
    "must not be latest: the API accepts the word, and the chat then fails; leave version out for the latest deployed"
)


def _version(value: str | None) -> str | None:
    if value is None:
        return None
    return refuse(value, "invalid_value", _LATEST) if isinstance(value, str) and value == "latest" else text(value)


def _state_variables(value: StateVariables | None) -> StateVariables | None:
    given: Any = value
    if value is None or isinstance(given, Invalid):
        return value
    if not isinstance(given, Mapping):
        return refuse(value, "invalid_type", f"must be a mapping of names to values, not {described(given)}")
    kept: dict[object, object] = {}
    problems: list[Problem] = []
    for name, item in given.items():
        key, held = _state_name(name), scalar(item, max_length=MAX_STATE_VALUE_LENGTH)
        if type(key) is Invalid or type(held) is Invalid:
            problems += _state_problems(name, key, held)
        kept[key] = held
    if len(given) > MAX_STATE_VARIABLES:
        message = f"has {len(given)} entries; at most {MAX_STATE_VARIABLES} are allowed"
        problems.insert(0, Problem("", "object_above_max_properties", message, len(given), MAX_STATE_VARIABLES))
    return cast("StateVariables", Invalid(tuple(problems)) if problems else kept)


def _state_name(name: object) -> object:
    if isinstance(name, str):
        return sendable(name, max_length=MAX_STATE_KEY_LENGTH)
    return refuse(name, "invalid_type", f"must have a string as its name, not {described(name)}")


def _state_problems(name: object, *checked: object) -> list[Problem]:
    found = [result for result in checked if isinstance(result, Invalid)]
    place = f"[{redacted(name)!r}]"
    return [attrs.evolve(problem, path=place) for result in found for problem in result.problems]


@attrs.frozen(kw_only=True, repr=False)
class ChatSessionWorkflowTracingParam(Params):
    """Whether runs of the workflow are traced.

    Args:
        enabled: default: the API's, true.
    """

    enabled: bool | None = attrs.field(default=None, converter=switch)


class ChatSessionWorkflowTracingParamDict(TypedDict, total=False):
    """The same as a mapping."""

    enabled: bool | None


TracingLike: TypeAlias = ChatSessionWorkflowTracingParam | ChatKitWorkflowTracing | ChatSessionWorkflowTracingParamDict
"""What `tracing` of a workflow takes."""


def _tracing(value: TracingLike | None) -> ChatSessionWorkflowTracingParam | None:
    return None if value is None else build(ChatSessionWorkflowTracingParam, value, result_class=ChatKitWorkflowTracing)


@attrs.frozen(repr=False)
class ChatSessionWorkflowParam(Params):
    """The workflow behind a session, and what it is given.

    Args:
        id: the workflow's id, `wf_...`.
        version: a deployed version; default: the latest deployed. The word `latest` is refused: the chat would fail.
        state_variables: names (at most 64, each at most 64 characters) to strings (at most 10,485,760 characters),
            64-bit integers, booleans or finite numbers.
        tracing: whether runs are traced; default: the API's, true.

    Source: ChatKit REST API, schema WorkflowParam.
    """

    id: str = attrs.field(converter=_identifier)
    version: str | None = attrs.field(default=None, converter=_version, kw_only=True)
    state_variables: StateVariables | None = attrs.field(
        default=None, converter=_state_variables, kw_only=True, hash=False
    )
    tracing: ChatSessionWorkflowTracingParam | None = attrs.field(default=None, converter=_tracing, kw_only=True)


class ChatSessionWorkflowParamDict(TypedDict, total=False):
    """The same as a mapping; None means left out."""

    id: Required[str]
    version: str | None
    state_variables: StateVariables | None
    tracing: TracingLike | None


@attrs.frozen(repr=False)
class ChatSessionExpiresAfterParam(Params):
    """When the session expires.

    Args:
        seconds: after its creation, 1 to 600, or a `timedelta` of whole seconds; without this object the API takes 600.
        anchor: always `created_at`, filled in.

    Source: ChatKit REST API, schema ExpiresAfterParam.
    """

    seconds: int = attrs.field(converter=_seconds)
    anchor: Literal["created_at"] = attrs.field(default="created_at", converter=_anchor, kw_only=True)


class ChatSessionExpiresAfterParamDict(TypedDict, total=False):
    """The same as a mapping."""

    seconds: Required[int | timedelta]
    anchor: Literal["created_at"] | None


_PER_MINUTE_NAME = "the API's name is max_requests_per_1_minute"


@attrs.frozen(kw_only=True, repr=False)
class ChatSessionRateLimitsParam(Params):
    """How often the session may be used.

    Args:
        max_requests_per_1_minute: at least 1; default: the API's, 10.

    Source: ChatKit REST API, schema RateLimitsParam.
    """

    _KNOWN_MISTAKES: ClassVar = {
        "requests_per_minute": _PER_MINUTE_NAME,
        "max_requests_per_session": f"it has no limit per session; {_PER_MINUTE_NAME}",
    }

    max_requests_per_1_minute: int | None = attrs.field(default=None, converter=count)


class ChatSessionRateLimitsParamDict(TypedDict, total=False):
    """The same as a mapping."""

    max_requests_per_1_minute: int | None
