"""How long a session still lives: pure functions of three clocks."""

from __future__ import annotations

import pytest

from chatkit_async.broker.freshness import clock_skew_s, seconds_left

NOW_S = 1_780_000_000.0  # Thu, 28 May 2026 20:26:40 GMT
DATE = "Thu, 28 May 2026 20:26:40 GMT"
EXPIRES_AT = 1_780_000_600


def test_seconds_left_count_from_this_machines_clock() -> None:
    assert seconds_left(EXPIRES_AT, now_s=NOW_S) == 600
    assert seconds_left(EXPIRES_AT, now_s=NOW_S + 700) == -100


def test_seconds_left_count_from_the_apis_clock_where_it_differs() -> None:
    assert seconds_left(EXPIRES_AT, now_s=NOW_S - 3600, skew_s=3600) == 600
    assert seconds_left(EXPIRES_AT, now_s=NOW_S + 3600, skew_s=-3600) == 600


def skew_s(date: str | None, *, now_s: float = NOW_S, life_s: float = 600) -> float:
    return clock_skew_s(date, EXPIRES_AT, now_s=now_s, life_s=life_s)


def test_a_machine_whose_clock_is_right_sees_no_skew() -> None:
    assert skew_s(DATE) == 0


@pytest.mark.parametrize("behind_s", [-86_400, -90, 90, 86_400])
def test_a_machine_whose_clock_is_wrong_sees_by_how_much(behind_s: float) -> None:
    assert skew_s(DATE, now_s=NOW_S - behind_s) == behind_s


def test_a_date_cut_to_the_second_is_possible() -> None:
    assert skew_s("Thu, 28 May 2026 20:26:39 GMT") == -1


STRANGE = [
    None,
    "",
    "yesterday",
    "Thu, 99 May 2026 20:26:40 GMT",
    "1780000000",
    "é\ud800",
    "Thu, 28 May 2026 20:36:41 GMT",  # the session would have expired before it was made
    "Thu, 28 May 2026 20:26:30 GMT",  # it would live longer than it does
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Fri, 31 Dec 9999 23:59:59 GMT",
]


@pytest.mark.parametrize("date", STRANGE)
def test_with_a_strange_date_a_clock_that_fits_the_session_is_believed(date: str | None) -> None:
    assert skew_s(date) == 0


def test_a_clock_that_fits_is_believed_though_the_session_seems_to_be_in_the_midst_of_its_life() -> None:
    assert skew_s(None, now_s=NOW_S + 300) == 0


@pytest.mark.parametrize("date", STRANGE)
@pytest.mark.parametrize("behind_s", [-86_400, 86_400])
def test_with_a_strange_date_and_a_clock_that_does_not_fit_the_session_begins_its_life_now(
    date: str | None, behind_s: float
) -> None:
    assert skew_s(date, now_s=NOW_S - behind_s) == behind_s


def test_a_shorter_life_leaves_less_room_for_doubt() -> None:
    assert skew_s(None, life_s=600) == 0
    assert skew_s(None, life_s=60) == 540
