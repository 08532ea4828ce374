"""Slices: contenders take turns, disturbed slices do not count, ratios are those of the same turn."""

import gc
from collections import Counter

from benchmarks.method.effort import LEAST
from benchmarks.method.slices import Contender, Samples, Slice, compare

CALM, SLOW = 100.0, 120.0


def samples(**taken: list[tuple[float, float]]) -> Samples:
    """Slices of so many microseconds, each with its yardstick."""
    return Samples({name: [Slice(cpu, cpu, yardstick) for cpu, yardstick in row] for name, row in taken.items()})


def test_the_middle_slice_counts_and_the_quartiles_are_its_spread() -> None:
    figure = samples(a=[(cpu, CALM) for cpu in (5.0, 1.0, 3.0, 2.0, 4.0)]).cpu("a")
    assert (figure.lower, figure.median, figure.upper, figure.slices) == (2, 3, 4, 5)


def test_slices_while_the_machine_was_slow_do_not_count() -> None:
    figure = samples(a=[(1.0, CALM), (1.0, CALM), (9.0, SLOW), (9.0, SLOW), (1.0, CALM)]).cpu("a")
    assert (figure.median, figure.slices, figure.dropped) == (1, 3, 2)


def test_a_ratio_needs_both_of_its_slices_undisturbed() -> None:
    own = [(1.0, CALM), (1.0, CALM), (1.0, CALM), (1.0, CALM)]
    other = [(2.0, CALM), (2.0, CALM), (9.0, SLOW), (2.0, CALM)]
    figure = samples(own=own, other=other).ratio("own", "other")
    assert (figure.median, figure.slices, figure.dropped) == (0.5, 3, 1)


def test_a_ratio_is_that_of_slices_of_the_same_turn() -> None:
    slower_and_slower = [(float(turn), CALM) for turn in (1, 2, 3, 4, 5)]
    twice = [(2.0 * turn, CALM) for turn in (1, 2, 3, 4, 5)]
    figure = samples(own=slower_and_slower, other=twice).ratio("own", "other")
    assert (figure.lower, figure.median, figure.upper) == (0.5, 0.5, 0.5)


def test_what_is_added_is_compared_beyond_a_base() -> None:
    figure = samples(base=[(10.0, CALM)] * 3, own=[(12.0, CALM)] * 3, other=[(14.0, CALM)] * 3)
    assert figure.ratio_beyond("own", "other", "base").median == 0.5


def test_contenders_take_turns_and_each_turn_begins_with_the_next() -> None:
    order: list[str] = []
    contenders = [Contender(name, lambda _, name=name: order.append(name)) for name in "ab"]  # type: ignore[misc]
    compare(contenders, LEAST)
    assert order == ["a", "b", "a", "b", "b", "a"]  # the first two warm up


def test_after_measuring_the_garbage_collector_sees_everything_again() -> None:
    frozen: list[int] = []
    compare([Contender("a", lambda _: frozen.append(gc.get_freeze_count()))], LEAST)
    assert min(frozen) > 0
    assert gc.get_freeze_count() == 0


def test_a_slice_is_a_multiple_of_the_calls_in_flight() -> None:
    asked: Counter[int] = Counter()
    compare([Contender("a", lambda calls: asked.update([calls]), least=10)], LEAST)
    assert set(asked) == {10}


def test_where_hardly_a_slice_was_undisturbed_all_count() -> None:
    disturbed = [(9.0, CALM * (1.2 + turn)) for turn in range(11)]
    figure = samples(a=[(1.0, CALM), *disturbed]).cpu("a")
    assert (figure.median, figure.slices, figure.dropped) == (9, 12, 0)
