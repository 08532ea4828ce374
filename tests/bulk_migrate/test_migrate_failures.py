"""Stores that fail: nothing is lost without a line in the report."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chatkit_async.bulk import migrate

from . import broken_stores as broken
from .helpers import listed, losses, moved, thread_with_each_kind
from .sources import START_S, ListSource, hosted_item, hosted_thread
from .stores import MemoryStore


@pytest.mark.parametrize(
    "store_class",
    [broken.AddDoesNothing, broken.DropsWidgets, broken.IgnoresCursor, broken.KeepsFirstText, broken.ListsNoThreads],
)
async def test_nothing_is_moved_into_a_store_that_has_a_problem(store_class: type[MemoryStore]) -> None:
    store = store_class()
    report = await moved(thread_with_each_kind(), store)
    assert (report.is_complete, report.threads) == (False, ())
    assert "Stopped: the store has problems" in str(report)
    assert all(threads == {} for threads in store.threads.values())


@pytest.mark.parametrize("store_class", [broken.BareInsert, broken.LosesTies, broken.DoublesOnRepeat])
async def test_a_store_with_a_fault_that_can_be_worked_around_is_filled(store_class: type[MemoryStore]) -> None:
    store = store_class()
    source = ListSource((hosted_thread(), [hosted_item(number, created_at=START_S) for number in range(50)]))
    for _ in range(2):
        report = await moved(source, store)
        assert report.is_complete, str(report)
        assert report.store
        assert len(report.store.findings) == 1
    assert len(await listed(store, "cthr_1")) == 50


async def test_a_kind_that_the_options_leave_out_is_not_asked_of_the_store() -> None:
    store = broken.DropsHiddenContext()
    assert not (await moved(thread_with_each_kind(), store)).is_complete
    report = await moved(thread_with_each_kind(), store, hidden_context="skip")
    assert report.is_complete
    assert losses(report)["left_out"] == ("cthi_6",)


async def test_a_store_with_an_error_of_its_own_for_absent_items_is_filled() -> None:
    report = await moved(thread_with_each_kind(), broken.OwnErrorForAbsentItems())
    assert report.is_complete
    assert report.store
    assert report.store.findings == ()


class FailsLater(MemoryStore):
    """A store whose faults begin after the check of it: in threads of this id."""

    async def add_thread_item(self, thread_id: str, item: Any, context: Any) -> None:
        if thread_id == "cthr_2":
            raise OSError("disk full")
        await super().add_thread_item(thread_id, item, context)


class LosesLater(MemoryStore):
    async def add_thread_item(self, thread_id: str, item: Any, context: Any) -> None:
        if item.id != "cthi_2":
            await super().add_thread_item(thread_id, item, context)


class ChangesLater(MemoryStore):
    async def add_thread_item(self, thread_id: str, item: Any, context: Any) -> None:
        changed = {"call_id": "other"} if item.id == "cthi_3" else {}
        await super().add_thread_item(thread_id, item.model_copy(update=changed), context)


class HangsLater(MemoryStore):
    async def add_thread_item(self, thread_id: str, item: Any, context: Any) -> None:
        if item.id.startswith("cthi_") and len(item.id) < 10:
            await asyncio.Event().wait()
        await super().add_thread_item(thread_id, item, context)


class UnlistsLater(MemoryStore):
    async def load_threads(self, limit: int, after: str | None, order: str, context: Any) -> Any:
        page = await super().load_threads(limit, after, order, context)
        page.data = [thread for thread in page.data if thread.id != "cthr_1"]
        return page


async def test_a_thread_that_the_store_refuses_fails_alone() -> None:
    source = ListSource(*((hosted_thread(number), [hosted_item(number)]) for number in (1, 2, 3)))
    report = await moved(source, FailsLater())
    assert [thread.outcome for thread in report.threads] == ["moved", "failed", "moved"]
    assert report.failed[0].error == "add_thread_item raised OSError: disk full"
    assert not report.is_complete


@pytest.mark.parametrize(
    ("store_class", "error"),
    [
        (LosesLater, "read back in order 'asc': 6 of 7 items"),
        (ChangesLater, "read back: item cthi_3 has another call_id"),
        (UnlistsLater, "load_threads in order 'asc' does not list the thread"),
    ],
)
async def test_what_is_not_read_back_as_it_was_written_has_failed(store_class: type[MemoryStore], error: str) -> None:
    report = await moved(thread_with_each_kind(), store_class())
    assert (report.is_complete, [thread.error for thread in report.threads]) == (False, [error])


async def test_a_store_that_hangs_ends_the_migration_after_three_threads() -> None:
    source = ListSource(*((hosted_thread(number), [hosted_item(number)]) for number in range(6)))
    report = await moved(source, HangsLater(), timeout_s=0.2)
    assert [thread.outcome for thread in report.threads] == ["failed"] * 3
    assert report.threads[0].error == "add_thread_item did not return within 0.2 s"
    assert report.stopped == "the store hung in 3 threads in a row"


async def test_a_context_function_that_hangs_fails_its_thread(store: Any) -> None:
    async def context_for(user: str | None) -> str | None:
        return await asyncio.Event().wait() and user

    report = await migrate(thread_with_each_kind(), store, context_for=context_for, timeout_s=0.1)
    assert report.threads[0].error == "context_for failed: TimeoutError"


async def test_threads_of_another_order_are_a_warning() -> None:
    source = ListSource(*((hosted_thread(number), []) for number in range(3)))
    report = await moved(source, broken.ListsThreadsByTitle())
    assert report.is_complete
    assert len(report.warnings) == 2


async def test_a_store_that_lists_all_threads_to_each_user_is_listed_once() -> None:
    class OneList(MemoryStore):
        listings = 0

        def threads_of(self, context: Any) -> Any:
            return super().threads_of(None)

        async def load_threads(self, limit: int, after: str | None, order: str, context: Any) -> Any:
            self.listings += 1
            return await super().load_threads(limit, after, order, context)

    store = OneList()
    source = ListSource(*((hosted_thread(number, user=f"user_{number}"), []) for number in range(30)))
    assert (await moved(source, store)).is_complete
    assert store.listings < 10


async def test_a_thread_without_an_id_fails_alone(store: Any) -> None:
    report = await moved(ListSource((hosted_thread(1, id=None), []), (hosted_thread(2), [])), store)
    assert [thread.outcome for thread in report.threads] == ["failed", "moved"]
