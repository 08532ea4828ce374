"""When a call is sent again, and after how long: pure functions of what happened.

| what happened                             | outcome  | sent again          | decided in         |
|-------------------------------------------|----------|---------------------|--------------------|
| nothing was written                       | not_sent | yes                 | `_async/exchange`  |
| 409, 429 (but `insufficient_quota`), 503  | refused  | yes                 | here               |
| 408, other 5xx                            | unknown  | yes                 | here               |
| other 3xx, 4xx                            | refused  | no                  | here               |
| connection lost after writing             | unknown  | if it is repeatable | `_async/exchange`  |
| the deadline passed before writing        | not_sent | no                  | `_async/exchange`  |
| the deadline passed after writing         | unknown  | no                  | `_async/exchange`  |

An earlier attempt's outcome stays if it is worse: `refused` is worse than `not_sent`, `unknown` is worse than both.
`max_retries` and the deadline limit every row, but a connection found closed before writing costs no retry, three times
at most, and aiohttp sends a GET or DELETE once more within an attempt when its connection breaks. `x-should-retry` in a
response overrides the rows about statuses.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC

import attrs

from ..errors import ConfigurationError, Outcome
from ..types.checks import as_float
from ..types.misuse import UserBuilt
from ..types.redacted import quoted

_REFUSED_FOR_NOW = frozenset({409, 429, 503})
_DECIMAL = r"(?a:\d+(?:\.\d*)?|\.\d+)"


def _seconds(value: float) -> float:
    seconds = as_float(value)
    if seconds is None or not 0 <= seconds < math.inf:
        raise ConfigurationError(f"RetryPolicy: delays are finite seconds of at least 0, not {quoted(value)}")
    return seconds


def _share(value: float) -> float:
    share = as_float(value)
    if share is None or not 0 <= share <= 1:
        raise ConfigurationError(f"RetryPolicy: jitter is a number from 0 to 1, not {quoted(value)}")
    return share


@attrs.frozen(repr=False)
class RetryPolicy(UserBuilt):
    """The waits before retries, where the API names none.

    Args:
        initial_delay_s: before the first retry, seconds, at least 0; default 0.5. It doubles with each.
        max_delay_s: the longest such wait, seconds; default 8.
        jitter: the share of a wait that is random, 0 to 1; default 0.25.
    """

    initial_delay_s: float = attrs.field(default=0.5, converter=_seconds)
    max_delay_s: float = attrs.field(default=8.0, converter=_seconds)
    jitter: float = attrs.field(default=0.25, converter=_share)

    def delay_s(self, retry: int, retry_after_s: float | None, chance: float) -> float:
        """Seconds to wait before a retry.

        Args:
            retry: its number, from 1.
            retry_after_s: seconds that the API asks to wait, which come first; None if it names none.
            chance: a random number, 0 to 1.
        """
        if retry_after_s is not None:
            return retry_after_s
        longest = min(self.initial_delay_s * 2 ** min(retry - 1, 32), self.max_delay_s)
        return float(longest * (1 - self.jitter * chance))


def outcome_of_status(status: int) -> Outcome:
    """What an error status says of the work."""
    return "unknown" if status == 408 or (status >= 500 and status != 503) else "refused"


def retries_status(status: int, code: str | None, should_retry: str | None) -> bool:
    """Whether an error status is worth another attempt.

    Args:
        status: the HTTP status.
        code: the API's code; with `insufficient_quota` waiting does not help.
        should_retry: the header `x-should-retry`, which decides alone where it is true or false.
    """
    decision = {"true": True, "false": False}.get((should_retry or "").strip().lower())
    if decision is not None:
        return decision
    if code == "insufficient_quota":
        return False
    return status in _REFUSED_FOR_NOW or status == 408 or status >= 500


def requested_wait_s(headers: Mapping[str, str], now_s: float) -> float | None:
    """Seconds the API asks to wait: `retry-after-ms`, else `retry-after` (seconds or a date); None if neither is valid.

    Args:
        headers: those of the response.
        now_s: the time now, Unix seconds.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    given = headers.get("retry-after")
    seconds = _number(given)
    return seconds if seconds is not None or not given else _until(given, now_s)


def parse_duration_s(text: str | None) -> float | None:
    """`6m0s`, `1.5s`, `20ms` as seconds; None for another text."""
    parts = re.fullmatch(
        r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?", (text or "").strip()
    )
    if not text or parts is None or not any(parts.groups()):
        return None
    hours, minutes, seconds, milliseconds = (float(part or 0) for part in parts.groups())
    total = hours * 3600 + minutes * 60 + seconds + milliseconds / 1000
    return total if total < math.inf else None


def _number(text: str | None) -> float | None:
    if not re.fullmatch(_DECIMAL, (text or "").strip()):
        return None
    value = float(text or "")
    return value if value < math.inf else None


def _until(date: str, now_s: float) -> float | None:
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - slow to import, rarely needed

    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - now_s)
