"""What `check_store` says of a store: each fault by name, nothing of a good one, and nothing is left in it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from chatkit_async import ParamsValidationError
from chatkit_async.bulk import StoreReport, check_store

from . import broken_stores as broken
from .stores import MemoryStore

FAULTS: list[tuple[type[MemoryStore], str, str]] = [
    (broken.AddDoesNothing, "problem", "adds_nothing"),
    (broken.DropsWidgets, "problem", "loses_kinds"),
    (broken.RefusesWidgets, "problem", "refuses_items"),
    (broken.KeepsFirstText, "problem", "keeps_first_text"),
    (broken.DropsAnnotations, "problem", "changes_fields"),
    (broken.IgnoresCursor, "problem", "ignores_cursor"),
    (broken.IgnoresCursorAndEnds, "problem", "loses_items"),
    (broken.HasMoreWithoutCursor, "problem", "no_cursor"),
    (broken.StandsStill, "problem", "no_cursor"),
    (broken.IgnoresOrder, "problem", "wrong_order"),
    (broken.ReversesEachPage, "problem", "wrong_order"),
    (broken.IgnoresLimit, "warning", "ignores_limit"),
    (broken.ArgumentsSwapped, "problem", "argument_order"),
    (broken.LosesTies, "warning", "loses_ties"),
    (broken.DoublesOnRepeat, "warning", "doubles_on_repeat"),
    (broken.SaveItemDoubles, "problem", "save_item_doubles"),
    (broken.SaveItemIgnored, "warning", "ignores_save_item"),
    (broken.BareInsert, "warning", "inserts_only"),
    (broken.SaveThreadEmptiesIt, "problem", "save_thread_loses_items"),
    (broken.SaveThreadOnce, "warning", "ignores_save_thread"),
    (broken.DropsMetadata, "problem", "changes_fields"),
    (broken.NeverFindsThreads, "problem", "loses_threads"),
    (broken.InventsThreads, "problem", "invents_threads"),
    (broken.ReturnsNone, "warning", "returns_none"),
    (broken.RaisesAnotherError, "problem", "unknown_thread"),
    (broken.ListsNoThreads, "problem", "loses_threads"),
    (broken.ListsThreadsByTitle, "warning", "threads_order"),
    (broken.WholeMilliseconds, "problem", "time_precision"),
    (broken.AddsTimeZone, "problem", "time_zone"),
    (broken.OwnTimes, "problem", "changes_times"),
    (broken.SameId, "problem", "same_ids"),
    (broken.AsyncIds, "problem", "no_id"),
    (broken.Hangs, "problem", "hangs"),
    (broken.HangsAlways, "problem", "hangs"),
    (broken.ReturnsNoPage, "problem", "raises"),
    (broken.NotAsync, "problem", "not_async"),
    (broken.KeepsThreads, "warning", "delete_thread"),
    (broken.KeepsItemsOfDeletedThreads, "warning", "delete_keeps_items"),
    (broken.KeepsDeletedItems, "warning", "delete_thread_item"),
    (broken.FindsNoItem, "warning", "load_item"),
    (broken.LosesAttachments, "problem", "attachments"),
]


def levels(report: StoreReport) -> dict[str, str]:
    return {finding.code: finding.level for finding in report.findings}


@pytest.mark.parametrize(("store_class", "level", "code"), FAULTS, ids=lambda value: getattr(value, "__name__", None))
async def test_each_fault_is_named(store_class: type[MemoryStore], level: str, code: str) -> None:
    report = await check_store(
        store_class(), attachments=True, timeout_s=0.2 if "Hangs" in store_class.__name__ else 20
    )
    assert levels(report)[code] == level, str(report)
    assert report.is_usable == ("problem" not in levels(report).values())


@pytest.mark.parametrize("times", ["local", "utc"])
@pytest.mark.parametrize("ids", ["keep", "store"])
async def test_a_good_store_has_no_problem(store: Any, ids: Any, times: Any) -> None:
    report = await check_store(store, context="user_1", ids=ids, times=times, attachments=True)
    assert report.is_usable
    assert levels(report) == (
        {} if isinstance(store, MemoryStore) else {"loses_ties": "warning", "save_item_adds_nothing": "warning"}
    )


async def test_a_store_that_adds_metadata_of_its_own_has_no_problem() -> None:
    assert (await check_store(broken.AddsMetadata())).findings == ()


async def test_empty_pages_are_followed_to_the_end() -> None:
    assert (await check_store(broken.EmptyPagesBetween())).findings == ()


async def test_a_step_of_milliseconds_fits_a_store_that_keeps_milliseconds() -> None:
    report = await check_store(broken.WholeMilliseconds(), time_step_us=1000)
    assert report.findings == ()


async def test_nothing_is_left_in_the_store(store: Any) -> None:
    await check_store(store, context="user_1", attachments=True)
    assert (await store.load_threads(100, None, "asc", "user_1")).data == []
    leftovers = store.items if isinstance(store, MemoryStore) else store.run("SELECT * FROM items")
    assert len(leftovers) == 0
    assert len(store.attachments if isinstance(store, MemoryStore) else store.run("SELECT * FROM attachments")) == 0


async def test_nothing_is_left_in_a_store_that_hangs_midway() -> None:
    store = broken.Hangs()
    assert not (await check_store(store, timeout_s=0.1)).is_usable
    assert store.threads_of(None) == {}


async def test_nothing_is_left_in_the_store_after_a_cancellation() -> None:
    store = broken.Hangs()
    check = asyncio.create_task(check_store(store))
    while not store.threads_of(None):
        await asyncio.sleep(0)
    check.cancel()
    with pytest.raises(asyncio.CancelledError):
        await check
    assert store.threads_of(None) == {}


async def test_threads_that_cannot_be_deleted_are_named() -> None:
    store = broken.KeepsThreads()
    report = await check_store(store)
    assert set(report.left_behind) == set(store.threads_of(None))
    assert all(thread_id in str(report) for thread_id in report.left_behind)


async def test_real_threads_of_the_user_stay_as_they_are(store: Any) -> None:
    from datetime import datetime

    from chatkit.types import ThreadMetadata

    threads = [ThreadMetadata(id=f"thr_{day}", created_at=datetime(2026, 1, day)) for day in range(1, 20)]
    for thread in threads:
        await store.save_thread(thread, "user_1")
    assert (await check_store(store, context="user_1")).is_usable
    assert (await store.load_threads(100, None, "asc", "user_1")).data == threads


async def test_the_report_reads_as_text_and_as_json() -> None:
    report = await check_store(broken.IgnoresCursor())
    assert str(report).startswith("The store cannot be used:\n  problem ignores_cursor: load_thread_items")
    assert json.loads(json.dumps(report.to_dict())) == report.to_dict()
    assert str(StoreReport()) == "The store keeps and returns threads as it should."


async def test_a_password_in_the_error_of_a_store_is_not_shown() -> None:
    class Unreachable(MemoryStore):
        async def load_thread(self, thread_id: str, context: Any) -> Any:
            raise OSError("cannot connect to postgresql://admin:hunter2@db/chat")

    assert "hunter2" not in str(await check_store(Unreachable()))


async def test_a_class_that_was_not_called_is_refused() -> None:
    store: Any = MemoryStore
    with pytest.raises(ParamsValidationError, match="got the class MemoryStore: call it"):
        await check_store(store)


async def test_arguments_out_of_range_are_all_named_at_once() -> None:
    store: Any = broken.AddDoesNothing()
    with pytest.raises(ParamsValidationError) as caught:
        await check_store(store, ids="mine", times="gmt", time_step_us=0, timeout_s=0)  # type: ignore[arg-type]
    assert [problem.path for problem in caught.value.problems] == ["ids", "times", "time_step_us", "timeout_s"]
    assert store.threads == {}


@pytest.mark.parametrize("value", [None, "text", 1])
async def test_only_true_and_false_decide_whether_attachments_are_checked(value: Any) -> None:
    store: Any = broken.AddDoesNothing()
    with pytest.raises(ParamsValidationError, match=f"attachments: must be True or False, not {value!r}$"):
        await check_store(store, attachments=value)
    assert store.threads == {}
