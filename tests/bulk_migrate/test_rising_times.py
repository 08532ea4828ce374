"""Times rise strictly, whatever the archive and the clocks of the summer say."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from chatkit_async.bulk._server.store_access import RisingTimes, is_usable_time

CLOCKS_BACK_S = 1_761_440_400
"""2025-10-26 01:00 UTC: in Berlin 3:00 becomes 2:00."""


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("berlin")
def test_local_times_rise_through_the_hour_that_comes_twice() -> None:
    times = RisingTimes("local", 1)
    made = [times.after_the_one_before(CLOCKS_BACK_S + 600 * step) for step in range(-3, 10)]
    assert all(later > earlier for earlier, later in pairwise(made))
    assert made[0] == datetime(2025, 10, 26, 2, 30)
    assert made[-1] == datetime(2025, 10, 26, 3, 30)


def test_times_in_utc_are_aware_and_exact() -> None:
    assert RisingTimes("utc", 1).after_the_one_before(CLOCKS_BACK_S) == datetime(2025, 10, 26, 1, tzinfo=UTC)


def test_times_within_a_second_are_steps_apart() -> None:
    times = RisingTimes("utc", 1000)
    first, second, later = (times.after_the_one_before(seconds) for seconds in (7, 7, 9))
    assert (second - first, later - first) == (timedelta(milliseconds=1), timedelta(seconds=2))


def test_a_first_time_that_is_unusable_is_that_of_the_thread() -> None:
    assert RisingTimes("utc", 1, 7).after_the_one_before(None) == datetime.fromtimestamp(7, UTC)
    assert RisingTimes("utc", 1, "soon").after_the_one_before([]) == datetime.fromtimestamp(0, UTC)
    assert RisingTimes("utc", 1, 7).after_the_one_before(5) == datetime.fromtimestamp(5, UTC)


@pytest.mark.parametrize("seconds", [None, "7", True, -1, float("nan"), float("inf"), 10**400, 10**11, [], {}])
def test_what_is_no_time_is_not_used(seconds: Any) -> None:
    assert not is_usable_time(seconds)
