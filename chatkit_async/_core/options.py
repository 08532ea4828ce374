"""Settings of one call: its deadline, and `RequestOptions`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Never, TypeAlias

import attrs

from ..errors import ConfigurationError, ParamsValidationError, Problem
from ..types._json import json_value
from ..types.checks import LARGEST_INTEGER, Invalid, as_float, scalar, sendable
from ..types.params import nearest
from ..types.redacted import PartialRepr, kind_of, quoted
from .headers import checked_headers, hidden_headers

QueryValue: TypeAlias = "str | int | float | bool"
"""The value of a query field."""


def _duration(value: float) -> float:
    seconds = as_float(value)
    if seconds is None or not seconds > 0:
        raise ConfigurationError(f"timeout: seconds above 0 (math.inf for no limit), not {quoted(value)}")
    return seconds


@attrs.frozen(repr=False)
class Timeout(PartialRepr):
    """The deadline of a call.

    Args:
        total: seconds for the whole call: attempts, waits between them, the body; default 30; `math.inf`: no limit.
        connect: seconds for each new connection with TLS, without the wait for a free one; default 5.
    """

    total: float = attrs.field(default=30.0, converter=_duration)
    connect: float = attrs.field(default=5.0, converter=_duration, kw_only=True)


def as_timeout(value: float | Timeout) -> Timeout:
    """Seconds as a `Timeout`."""
    return value if isinstance(value, Timeout) else Timeout(value)


def _optional_timeout(value: float | Timeout | None) -> Timeout | None:
    return None if value is None else as_timeout(value)


def checked_retries(value: int) -> int:
    """A count of retries, at least 0."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_INTEGER:
        raise ConfigurationError(f"max_retries: a whole number of at least 0, not {quoted(value)}")
    return int(value)


def checked_flag(value: bool, subject: str) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise ConfigurationError(f"{subject}: True or False, not {quoted(value)}")
    return value


def checked_query(query: Mapping[str, QueryValue] | None, subject: str) -> dict[str, QueryValue]:
    """Query fields that a URL can hold; a field of None is not sent."""
    given: Any = query
    if given is not None and not isinstance(given, Mapping):
        raise ConfigurationError(f"{subject}: a mapping, not {kind_of(given)}")
    fields: dict[str, Any] = {}
    for name, value in (given or {}).items():
        key, checked = sendable(name) if isinstance(name, str) else None, None if value is None else scalar(value)
        if not isinstance(key, str):
            raise ConfigurationError(f"{subject}: names are strings that UTF-8 can hold, not {quoted(name)}")
        if isinstance(checked, Invalid):
            raise ConfigurationError(f"{subject}: {quoted(name)} {checked.problems[0].message}")
        fields[key] = checked
    return fields


def _optional_retries(value: int | None) -> int | None:
    return None if value is None else checked_retries(value)


def _headers(value: Mapping[str, str | None] | None) -> Mapping[str, str | None]:
    return checked_headers(value, "RequestOptions(headers=)")


def _query(value: Mapping[str, QueryValue] | None) -> Mapping[str, QueryValue]:
    return checked_query(value, "RequestOptions(query=)")


def _body(value: Mapping[str, object] | None) -> Mapping[str, object]:
    given: Any = {} if value is None else value
    if not isinstance(given, Mapping):
        raise ConfigurationError(f"RequestOptions(body=): a mapping, not {kind_of(given)}")
    problems: list[Problem] = []
    document = json_value(given, "body", problems)
    if problems:
        raise ParamsValidationError("RequestOptions", tuple(problems))
    assert isinstance(document, dict)
    return document


def _retry_ambiguous(value: bool | None) -> bool | None:
    return None if value is None else checked_flag(value, "RequestOptions(retry_ambiguous=)")


def _strict(value: bool | None) -> bool | None:
    return None if value is None else checked_flag(value, "RequestOptions(strict=)")


@attrs.frozen(kw_only=True, repr=False, init=False)
class RequestOptions(PartialRepr):
    """Settings of one call; what is left out keeps the client's.

    Args:
        timeout: the deadline in seconds, or a `Timeout`; None keeps the client's, `math.inf` is no limit.
        max_retries: attempts after the first, at least 0.
        retry_ambiguous: send again after a lost response, though the work may have been done; default: yes for
            repeatable calls (cancel, reads, delete), no for `sessions.create`.
        headers: additional headers; a value of None removes one.
        query: additional query fields.
        body: top-level fields of the JSON body, sent unchanged, in place of those of the params; checked
            only to be JSON.
        strict: refuse responses with missing fields or undocumented values.
        unexpected: refused with a `TypeError` that names the right keyword.

    Raises:
        ConfigurationError: a setting that cannot work.
        ParamsValidationError: a body that JSON cannot hold, with each path.
    """

    timeout: Timeout | None = attrs.field(default=None, converter=_optional_timeout)
    max_retries: int | None = attrs.field(default=None, converter=_optional_retries)
    retry_ambiguous: bool | None = attrs.field(default=None, converter=_retry_ambiguous)
    headers: Mapping[str, str | None] = attrs.field(default=None, converter=_headers)
    query: Mapping[str, QueryValue] = attrs.field(default=None, converter=_query)
    body: Mapping[str, object] = attrs.field(default=None, converter=_body)
    strict: bool | None = attrs.field(default=None, converter=_strict)

    def __init__(
        self,
        *,
        timeout: float | Timeout | None = None,
        max_retries: int | None = None,
        retry_ambiguous: bool | None = None,
        headers: Mapping[str, str | None] | None = None,
        query: Mapping[str, QueryValue] | None = None,
        body: Mapping[str, object] | None = None,
        strict: bool | None = None,
        **unexpected: Never,
    ) -> None:
        headers = hidden_headers(headers)  # an error of another setting must not show a key in its traceback
        if unexpected:
            raise wrong_keyword(type(self), unexpected)
        made: Any = self  # pyright does not know __attrs_init__
        made.__attrs_init__(
            timeout=timeout,
            max_retries=max_retries,
            retry_ambiguous=retry_ambiguous,
            headers=headers,
            query=query,
            body=body,
            strict=strict,
        )


NO_OPTIONS = RequestOptions()


# Settings of one call, by their names in the official SDK.
_OFFICIAL_NAMES = {"extra_headers": "headers", "extra_query": "query", "extra_body": "body"}


def wrong_keyword(
    function: Callable[..., object], given: dict[str, Never], known_mistakes: Mapping[str, str] = MappingProxyType({})
) -> TypeError:
    """The error for a keyword that a function does not take.

    Args:
        function: the function or class that was called.
        given: the unexpected keywords; their values are removed, since a traceback may show them.
        known_mistakes: names that people write by mistake, and what to write instead.
    """
    name, *_ = given
    given.clear()
    from inspect import Parameter, signature  # noqa: PLC0415 - only this error needs it

    kinds = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    allowed = [parameter.name for parameter in signature(function).parameters.values() if parameter.kind in kinds]
    advice = _advice(name, allowed, known_mistakes)
    return TypeError(f"{function.__qualname__}() got an unexpected keyword argument {quoted(name)}: {advice}")


def _advice(name: str, allowed: list[str], known_mistakes: Mapping[str, str]) -> str:
    option = _OFFICIAL_NAMES.get(name, name)
    if "options" in allowed and option in _option_names():
        return f"pass options=RequestOptions({option}=...)"
    instead = known_mistakes.get(name) or nearest(name, allowed)
    taken = f"it takes {', '.join(allowed)}"
    return f"{instead} ({taken})" if instead else taken


def _option_names() -> set[str]:
    return {field.name for field in attrs.fields(RequestOptions)}


def finite(seconds: float) -> float | None:
    """Seconds as asyncio takes them: None is no limit."""
    return None if seconds == math.inf else seconds
