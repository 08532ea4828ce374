"""Settings of one call: a deadline, and what `options=` may say."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeAlias, cast

import attrs

from ..errors import ConfigurationError
from .headers import checked_headers

QueryValue: TypeAlias = "str | int | float | bool"


def _duration(value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
        raise ConfigurationError(f"timeout: seconds above 0 (math.inf for no limit), not {value!r}")
    return float(value)


@attrs.frozen
class Timeout:
    """The deadline of a call.

    Args:
        total: seconds for the whole call: attempts, waits between them, the body; default 30; `math.inf`: no limit.
        connect: seconds for each new connection, TLS included, the wait for a free one not; default 5.
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
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ConfigurationError(f"max_retries: a whole number of at least 0, not {value!r}")
    return value


def _optional_retries(value: int | None) -> int | None:
    return None if value is None else checked_retries(value)


def _headers(value: Mapping[str, str | None] | None) -> Mapping[str, str | None]:
    return checked_headers(value, "RequestOptions(headers=)")


def _mapping(name: str, value: object) -> dict[str, Any]:
    if value is not None and not isinstance(value, Mapping):
        raise ConfigurationError(f"RequestOptions({name}=): a mapping, not a {type(value).__name__}")
    return dict(cast("Mapping[str, Any]", value or {}))


def _query(value: Mapping[str, QueryValue] | None) -> Mapping[str, QueryValue]:
    return _mapping("query", value)


def _body(value: Mapping[str, object] | None) -> Mapping[str, object]:
    return _mapping("body", value)


@attrs.frozen(kw_only=True)
class RequestOptions:
    """Settings of one call; what is left out keeps the client's.

    Args:
        timeout: the deadline in seconds, or a `Timeout`.
        max_retries: attempts after the first, at least 0.
        retry_ambiguous: send again after an answer was lost, though the work may have been done. Default: yes for calls
            that may be repeated (cancel, reads, delete), no for `sessions.create`.
        headers: sent besides; None removes one.
        query: query fields sent besides.
        body: top-level fields of the JSON body, sent as they are, over what the params say; nothing checks them here.
        strict: refuse answers with missing fields or undocumented values.
    """

    timeout: Timeout | None = attrs.field(default=None, converter=_optional_timeout)
    max_retries: int | None = attrs.field(default=None, converter=_optional_retries)
    retry_ambiguous: bool | None = None
    headers: Mapping[str, str | None] = attrs.field(default=None, converter=_headers)
    query: Mapping[str, QueryValue] = attrs.field(default=None, converter=_query)
    body: Mapping[str, object] = attrs.field(default=None, converter=_body)
    strict: bool | None = None


NO_OPTIONS = RequestOptions()


def finite(seconds: float) -> float | None:
    """Seconds as asyncio takes them: None is no limit."""
    return None if seconds == math.inf else seconds
