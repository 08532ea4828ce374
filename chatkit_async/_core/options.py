"""Settings of one call: its deadline, and `RequestOptions`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Never, TypeAlias

import attrs

from ..errors import ConfigurationError, ParamsValidationError, Problem
from ..types._json import json_value
from ..types.checks import LARGEST_INTEGER, Invalid, as_float, scalar, sendable
from ..types.misuse import UserBuilt, wrong_call
from ..types.redacted import kind_of, quoted
from .headers import checked_headers, hidden_headers

QueryValue: TypeAlias = "str | int | float | bool"
"""The value of a query field."""


def _duration(value: float) -> float:
    seconds = as_float(value)
    if seconds is None or not seconds > 0:
        raise ConfigurationError(f"timeout: seconds above 0 (math.inf for no limit), not {quoted(value)}")
    return seconds


@attrs.frozen(repr=False)
class Timeout(UserBuilt):
    """The deadline of a call.

    Args:
        total: seconds for the whole call: attempts, waits between them, the body; default 30; `math.inf`: no limit.
        connect: seconds to open a connection, TLS handshake included; waiting for a free one does not count; default 5.
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


_OFFICIAL_NAMES = {"extra_headers": "headers", "extra_query": "query", "extra_body": "body"}
"""Settings of one call, by their names in the official SDK."""


@attrs.frozen(kw_only=True, repr=False, init=False)
class RequestOptions(UserBuilt):
    """Settings of one call; what is left out keeps the client's.

    Whatever max_retries and retry_ambiguous say, aiohttp sends a GET or DELETE once more when its connection breaks
    before the response; `attempts` counts every send.

    Args:
        timeout: the deadline in seconds, or a `Timeout`; None keeps the client's, `math.inf` is no limit.
        max_retries: attempts after the first, at least 0.
        retry_ambiguous: make another attempt after a lost response, though the work may have been done; default: yes
            for repeatable calls (cancel, reads, delete), no for `sessions.create`.
        headers: additional headers; a value of None removes one.
        query: additional query fields.
        body: top-level fields of the JSON body, sent unchanged, in place of those of the params; checked
            only to be JSON.
        strict: refuse responses with missing fields or undocumented values.

    Raises:
        ConfigurationError: a setting that cannot work.
        ParamsValidationError: a body that JSON cannot hold, with each path.
    """

    _KNOWN_MISTAKES: ClassVar = {old: f"write {new}=..." for old, new in _OFFICIAL_NAMES.items()}

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
    ) -> None:
        headers = hidden_headers(headers)  # an error of another setting must not show a key in its traceback
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


OPTION_MISTAKES: Mapping[str, str] = {
    given: f"pass options=RequestOptions({name}=...)"
    for given, name in [(field.name, field.name) for field in attrs.fields(RequestOptions)] + [*_OFFICIAL_NAMES.items()]
}
"""What to write instead of a setting of one call among the keywords of a method."""


def wrong_method_call(
    method: Callable[..., object], unexpected: dict[str, Never], known_mistakes: Mapping[str, str] = OPTION_MISTAKES
) -> TypeError:
    """The error for unexpected keywords of a coroutine function; without any, for too many positional arguments.

    Args:
        method: what was called.
        unexpected: the keywords; removed, since a traceback may show their values.
        known_mistakes: names that people write by mistake, and what to write instead.
    """
    error = wrong_call(method, unexpected, known_mistakes, positional=math.inf)
    assert error is not None
    return error


def finite(seconds: float) -> float | None:
    """Seconds as asyncio takes them: None is no limit."""
    return None if seconds == math.inf else seconds
