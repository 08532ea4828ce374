"""Helpers of a session: times, expiry, JSON for the browser."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from chatkit_async import APIResponseValidationError, ChatSession
from chatkit_async._core.codec import structure
from chatkit_async.types import _clock
from chatkit_async.types import session as session_module
from tests.types.documents import WHOLE

EXPIRES_AT = WHOLE["expires_at"]


@pytest.fixture
def session() -> ChatSession:
    return structure({**WHOLE, "user": "zoë"}, ChatSession)


def test_expiry_as_a_datetime_is_aware_and_in_utc(session: ChatSession) -> None:
    assert session.expires_at_utc == datetime(2024, 4, 5, 20, 44, 36, tzinfo=UTC)
    assert session.expires_at_utc.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("now_s", "left_s"), [(EXPIRES_AT - 60, 60), (EXPIRES_AT, 0), (EXPIRES_AT + 1.5, -1.5), (0, EXPIRES_AT)]
)
def test_seconds_left_are_counted_from_the_time_given(session: ChatSession, now_s: float, left_s: float) -> None:
    assert session.expires_in(now_s) == left_s


@pytest.mark.parametrize(
    ("leeway_s", "now_s", "expired"),
    [
        (0, EXPIRES_AT - 0.5, False),
        (0, EXPIRES_AT, True),
        (0, EXPIRES_AT + 1, True),
        (30, EXPIRES_AT - 31, False),
        (30, EXPIRES_AT - 30, True),
    ],
)
def test_a_session_expires_at_its_second_less_the_leeway(
    session: ChatSession, leeway_s: float, now_s: float, expired: bool
) -> None:
    assert session.is_expired(leeway_s, now_s) is expired


def test_without_a_time_the_clock_is_read(session: ChatSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "unix_now_s", lambda: EXPIRES_AT - 5.0)
    assert session.expires_in() == 5
    assert session.is_expired(leeway_s=5)
    assert not session.is_expired()


def test_the_clock_is_that_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 12.5)
    assert _clock.unix_now_s() == 12.5


def test_a_browser_gets_the_secret_and_its_end_plain_and_nothing_else(session: ChatSession) -> None:
    handed = session.for_browser()
    assert handed == {"client_secret": WHOLE["client_secret"], "expires_at": EXPIRES_AT}
    assert type(handed["client_secret"]) is str


def test_json_text_holds_the_whole_secret_and_unescaped_letters(session: ChatSession) -> None:
    assert json.loads(session.to_json()) == {**WHOLE, "user": "zoë"}
    assert "zoë" in session.to_json()


@pytest.mark.parametrize("expires_at", [10**15, -(10**15), 10**40])
def test_an_expiry_no_datetime_can_hold_is_an_error_of_ours(expires_at: int) -> None:
    session = structure({**WHOLE, "expires_at": expires_at}, ChatSession)
    with pytest.raises(APIResponseValidationError, match=r"ChatSession\.expires_at is .* beyond"):
        _ = session.expires_at_utc
    assert session.is_expired(now_s=0) == (expires_at <= 0)
