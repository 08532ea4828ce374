"""When a call is sent again, and after how long: every row of the table of retries, as pure functions."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit_async import ConfigurationError, RetryPolicy
from chatkit_async._core.message import rate_limit
from chatkit_async._core.retry import outcome_of_status, parse_duration_s, requested_wait_s, retries_status
from chatkit_async.types.headers import Headers
from tests.examples import steady

NOW_S = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT


# status, code, outcome, sent again
ROWS = [
    (429, "rate_limit_exceeded", "refused", True),
    (429, None, "refused", True),
    (429, "insufficient_quota", "refused", False),
    (409, None, "refused", True),
    (503, None, "refused", True),
    (408, None, "unknown", True),
    (500, None, "unknown", True),
    (502, None, "unknown", True),
    (504, None, "unknown", True),
    (501, None, "unknown", True),
    (529, None, "unknown", True),
    *[(status, None, "refused", False) for status in (400, 401, 402, 403, 404, 405, 410, 413, 422, 499)],
    *[(status, None, "refused", False) for status in (300, 301, 302, 303, 307, 308)],
]


@pytest.mark.parametrize(("status", "code", "outcome", "again"), ROWS)
def test_a_status_tells_the_outcome_and_whether_to_send_again(
    status: int, code: str | None, outcome: str, again: bool
) -> None:
    assert outcome_of_status(status) == outcome
    assert retries_status(status, code, None) is again


@pytest.mark.parametrize(("status", "code", "outcome", "again"), ROWS)
def test_the_servers_word_overrides_every_row_and_leaves_the_outcome(
    status: int, code: str | None, outcome: str, again: bool
) -> None:
    assert retries_status(status, code, "true") is True
    assert retries_status(status, code, "false") is False
    assert outcome_of_status(status) == outcome


@pytest.mark.parametrize(("header", "again"), [("True", True), (" FALSE ", False), ("TRUE", True)])
def test_should_retry_is_case_insensitive(header: str, again: bool) -> None:
    assert retries_status(500 if not again else 400, None, header) is again


@pytest.mark.parametrize("header", ["", "maybe", "1", "0", "yes", "true, false"])
def test_another_value_of_should_retry_is_ignored(header: str) -> None:
    assert retries_status(500, None, header) is True
    assert retries_status(400, None, header) is False


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({}, None),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "0"}, 0),
        ({"retry-after-ms": "12.5"}, 0.0125),
        ({"retry-after": "2"}, 2),
        ({"retry-after": " 2 "}, 2),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": ".5"}, 0.5),
        ({"retry-after": "86400"}, 86400),
        ({"retry-after-ms": "250", "retry-after": "2"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "2"}, 2),
        ({"retry-after-ms": "-1", "retry-after": "2"}, 2),
        ({"retry-after-ms": "nan", "retry-after": "2"}, 2),
        ({"retry-after-ms": "", "retry-after": "2"}, 2),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:30 GMT"}, 10),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:30"}, 10),
        ({"retry-after": "Tue, 14 Nov 2023 23:13:30 +0100"}, 10),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:00 GMT"}, 0),
        *[
            ({"retry-after": text}, None)
            for text in ("soon", "-5", "nan", "inf", "-inf", "1e400", "1_0", "٣", "2, 3", "", " ")
        ],
        *[({"retry-after": text}, None) for text in ("9" * 400, "Tue, 99 Nov 2023 22:13:30 GMT", "0x10", "1e3")],
        ({"retry-after-ms": "inf"}, None),
    ],
    ids=str,
)
def test_the_wait_of_each_header(headers: dict[str, str], wait_s: float | None) -> None:
    assert requested_wait_s(Headers(headers.items()), NOW_S) == wait_s


def test_a_date_without_a_zone_is_utc_in_any_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "XYZ-5")
        time.tzset()
        try:
            assert requested_wait_s({"retry-after": "Tue, 14 Nov 2023 22:13:30"}, NOW_S) == 10
        finally:
            elsewhere.undo()
            time.tzset()


@steady(150)
@given(
    st.text(max_size=40)
    | st.from_regex(r"\A[A-Z][a-z]{2}, \d{1,3} [A-Z][a-z]{2} \d{1,6} \d\d:\d\d:\d\d( [+-]\d{4}| GMT)?\Z")
)
def test_any_retry_header_gives_none_or_seconds(text: str) -> None:
    for name in ("retry-after", "retry-after-ms"):
        wait_s = requested_wait_s({name: text}, NOW_S)
        assert wait_s is None or 0 <= wait_s < float("inf")
    duration_s = parse_duration_s(text)
    assert duration_s is None or 0 <= duration_s < float("inf")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("6m0s", 360),
        ("1s", 1),
        ("1.5s", 1.5),
        ("20ms", 0.02),
        ("8.64s", 8.64),
        ("1h", 3600),
        ("1h2m3s", 3723),
        ("1m30ms", 60.03),
        ("2m", 120),
        ("0s", 0),
        (" 5s ", 5),
        *[
            (text, None)
            for text in (None, "", " ", "5", "s", "ms", "1d", "-1s", "1s2m", "1.5m", "one", "1h-2m", "9" * 400 + "s")
        ],
    ],
)
def test_a_duration_of_a_rate_limit_header_in_seconds(text: str | None, seconds: float | None) -> None:
    assert parse_duration_s(text) == (None if seconds is None else pytest.approx(seconds))


def test_rate_limits_are_numbers_or_none() -> None:
    headers = {
        "x-ratelimit-limit-requests": "500",
        "x-ratelimit-remaining-requests": "many",
        "x-ratelimit-reset-requests": "6m0s",
        "x-ratelimit-limit-tokens": "-1",
        "x-ratelimit-remaining-tokens": "9" * 30,
        "x-ratelimit-reset-tokens": "soon",
    }
    found = rate_limit(Headers(headers.items()))
    assert (found.limit_requests, found.remaining_requests, found.reset_requests_s) == (500, None, 360)
    assert (found.limit_tokens, found.remaining_tokens, found.reset_tokens_s) == (None, None, None)
    assert rate_limit(Headers()).limit_requests is None


@pytest.mark.parametrize(
    ("retry", "chance", "delay_s"),
    [
        (1, 0, 0.5),
        (2, 0, 1),
        (3, 0, 2),
        (4, 0, 4),
        (5, 0, 8),
        (6, 0, 8),
        (10_000, 0, 8),
        (1, 1, 0.375),
        (5, 1, 6),
        (5, 0.5, 7),
    ],
)
def test_waits_double_from_half_a_second_to_eight_with_a_quarter_of_jitter(
    retry: int, chance: float, delay_s: float
) -> None:
    assert RetryPolicy().delay_s(retry, None, chance) == delay_s


@pytest.mark.parametrize("asked_s", [0.0, 0.01, 60.0])
def test_the_wait_that_the_api_asks_for_comes_first_and_is_exact(asked_s: float) -> None:
    assert RetryPolicy().delay_s(3, asked_s, 1) == asked_s


def test_a_policy_sets_the_waits() -> None:
    policy = RetryPolicy(initial_delay_s=1, max_delay_s=3, jitter=1)
    assert [policy.delay_s(retry, None, 0) for retry in (1, 2, 3)] == [1, 2, 3]
    assert policy.delay_s(1, None, 1) == 0
    assert RetryPolicy(initial_delay_s=0).delay_s(9, None, 0) == 0
    assert RetryPolicy(initial_delay_s=9).delay_s(1, None, 0) == 8


@pytest.mark.parametrize("name", ["initial_delay_s", "max_delay_s", "jitter"])
@pytest.mark.parametrize(
    "value", [-0.1, float("nan"), float("inf"), True, "1", None, 10**400], ids=lambda value: str(value)[:9]
)
def test_a_policy_that_cannot_wait_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match="RetryPolicy: "):
        RetryPolicy(**{name: value})


def test_jitter_is_at_most_the_whole_wait() -> None:
    with pytest.raises(ConfigurationError, match=r"jitter is a number from 0 to 1, not 1\.5"):
        RetryPolicy(jitter=1.5)
