"""Moving threads into a store: whole, in order, repeatable, resumable; failures are in the report."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from chatkit.types import ThreadMetadata

from chatkit_async import ParamsValidationError
from chatkit_async.bulk import MigrationReport, Progress, migrate

from . import broken_stores as broken
from .sources import KINDS, START_S, ListSource, hosted_item, hosted_thread, random_items
from .stores import MemoryStore


def user_itself(user: str | None) -> str | None:
    return user


async def moved(source: ListSource, store: Any, **settings: Any) -> MigrationReport:
    return await migrate(source, store, context_for=user_itself, **settings)


async def listed(store: Any, thread_id: str, user: str | None = "user_1", order: str = "asc") -> list[Any]:
    found, after = [], None
    while True:
        page = await store.load_thread_items(thread_id, after, 7, order, user)
        found += page.data
        if not page.has_more:
            return found
        after = page.after


def losses(report: MigrationReport) -> dict[str, tuple[str, ...]]:
    return {loss.kind: loss.item_ids for thread in report.threads for loss in thread.losses}


def thread_with_each_kind() -> ListSource:
    kinds = [*KINDS, "chatkit.not_known"]
    return ListSource((hosted_thread(), [hosted_item(number, kind) for number, kind in enumerate(kinds)]))


# --- what arrives ---------------------------------------------------------------------------------------------------


async def test_items_of_every_kind_arrive_with_their_ids_in_both_orders(store: Any) -> None:
    report = await moved(thread_with_each_kind(), store)
    assert report.is_complete
    ids = [f"cthi_{number}" for number in range(7)]
    assert [item.id for item in await listed(store, "cthr_1")] == ids
    assert [item.id for item in await listed(store, "cthr_1", order="desc")] == ids[::-1]
    assert [item.type for item in await listed(store, "cthr_1")] == [
        "user_message",
        "assistant_message",
        "widget",
        "client_tool_call",
        "task",
        "workflow",
        "hidden_context_item",
    ]


async def test_a_thread_arrives_with_title_status_time_and_its_user_in_the_metadata(store: Any) -> None:
    locked = {"type": "locked", "reason": "spam"}
    report = await moved(ListSource((hosted_thread(status=locked), [])), store)
    thread = await store.load_thread("cthr_1", "user_1")
    assert (thread.title, thread.status.model_dump()) == ("Thread 1", locked)
    assert thread.created_at == datetime.fromtimestamp(START_S + 1)
    assert thread.metadata["hosted"]["user"] == "user_1"
    assert losses(report) == {"thread_not_active": ()}


async def test_times_within_a_second_rise_by_microseconds(store: Any) -> None:
    items = [hosted_item(number, created_at=START_S) for number in range(60)]
    await moved(ListSource((hosted_thread(), items)), store)
    times = [item.created_at for item in await listed(store, "cthr_1")]
    start = datetime.fromtimestamp(START_S)
    assert [(time - start).microseconds for time in times] == [*range(60)]


async def test_a_time_that_goes_back_or_is_unusable_keeps_the_order(store: Any) -> None:
    times = [START_S + 9, START_S, None, "soon", 10**12, float("nan"), True, START_S + 10]
    items = [hosted_item(number, created_at=time) for number, time in enumerate(times)]
    report = await moved(ListSource((hosted_thread(), items)), store)
    found = await listed(store, "cthr_1")
    assert [item.id for item in found] == [f"cthi_{number}" for number in range(8)]
    assert found[-1].created_at == datetime.fromtimestamp(START_S + 10)
    assert losses(report)["time"] == tuple(f"cthi_{number}" for number in range(2, 7))


async def test_threads_of_a_user_rise_in_time_and_are_listed_in_order(store: Any) -> None:
    threads = [hosted_thread(number, created_at=START_S, user=f"user_{number % 2}") for number in range(50)]
    assert (await moved(ListSource(*((thread, []) for thread in threads)), store)).is_complete
    for user in (0, 1):
        page = await store.load_threads(100, None, "asc", f"user_{user}")
        assert [thread.id for thread in page.data] == [f"cthr_{number}" for number in range(user, 50, 2)]
        assert len({thread.created_at for thread in page.data}) == 25


async def test_times_have_a_zone_where_asked(store: Any) -> None:
    assert (await moved(thread_with_each_kind(), store, times="utc")).is_complete
    first = (await listed(store, "cthr_1"))[0]
    assert (first.created_at, first.created_at.tzinfo is not None) == (datetime.fromtimestamp(START_S, UTC), True)


async def test_a_store_of_milliseconds_is_filled_with_steps_of_milliseconds() -> None:
    store = broken.WholeMilliseconds()
    refused = await moved(thread_with_each_kind(), store)
    assert (refused.is_complete, refused.threads) == (False, ())
    assert "pass time_step_us=1000" in str(refused)
    assert (await moved(thread_with_each_kind(), store, time_step_us=1000)).is_complete


async def test_items_without_an_id_or_with_that_of_another_get_one_from_their_place(store: Any) -> None:
    items = [hosted_item(1), hosted_item(2, id=None), hosted_item(1), hosted_item(3, id="")]
    report = await moved(ListSource((hosted_thread(), items)), store)
    ids = ["cthi_1", "cthr_1_item_1", "cthr_1_item_2", "cthr_1_item_3"]
    assert [item.id for item in await listed(store, "cthr_1")] == ids
    assert (losses(report)["item_id"], losses(report)["same_id"]) == ((ids[1], ids[3]), (ids[2],))


async def test_an_id_that_two_threads_share_is_kept_or_gets_the_thread_s_before_it(store: Any) -> None:
    source = ListSource((hosted_thread(1), [hosted_item(1)]), (hosted_thread(2), [hosted_item(1), hosted_item(2)]))
    for _ in range(2):
        assert (await moved(source, store)).is_complete
    ids = ["cthi_1", "cthi_2"] if isinstance(store, MemoryStore) else ["cthr_2_cthi_1", "cthi_2"]
    assert [item.id for item in await listed(store, "cthr_2")] == ids
    assert [item.id for item in await listed(store, "cthr_1")] == ["cthi_1"]


async def test_a_widget_that_loses_properties_is_in_the_report(store: Any) -> None:
    texts = [
        '{"type":"Card","invented":1,"children":[]}',
        '{"type":"ListView","children":[]}',
        '{"type":"Text","value":"a"}',
    ]
    items = [hosted_item(number, "chatkit.widget", widget=text) for number, text in enumerate(texts)]
    report = await moved(ListSource((hosted_thread(), items)), store)
    assert losses(report) == {"widget_properties": ("cthi_0",), "hidden_context": ("cthi_2",)}


async def test_an_attachment_that_the_server_refuses_becomes_text(store: Any) -> None:
    image = {"type": "image", "id": "file_1", "name": "a.png", "mime_type": "image/png"}
    urls = ["https://cdn.example.com/a.png", "https://exa mple.com:port/a.png"]
    items = [
        hosted_item(number, attachments=[{**image, "id": f"file_{number}", "preview_url": url}])
        for number, url in enumerate(urls)
    ]
    report = await moved(ListSource((hosted_thread(), items)), store, attachments="keep")
    assert report.is_complete
    assert [len(item.attachments) for item in await listed(store, "cthr_1")] == [1, 0]
    assert str((await store.load_attachment("file_0", "user_1")).preview_url) == urls[0]
    assert losses(report) == {"attachment_without_bytes": ("cthi_0",), "attachment_as_text": ("cthi_1",)}


async def test_thousands_of_items_a_seventh_of_them_damaged_arrive_whole_and_in_order(store: Any) -> None:
    chance = random.Random(11)
    pairs = [(hosted_thread(number), random_items(chance, 100 * number, number)) for number in range(1, 8)]
    report = await moved(ListSource(*pairs), store, attachments="keep")
    assert report.is_complete, str(report)
    assert [thread.items for thread in report.threads] == [100 * number for number in range(1, 8)]
    for thread, items in pairs:
        found = await listed(store, thread["id"])
        assert len(found) == len(items)
        whole = [
            (item.id, raw["id"])
            for item, raw in zip(found, items, strict=True)
            if str(raw.get("id")).startswith("cthi_")
        ]
        assert len(whole) > 0.9 * len(items)
        assert [item_id for item_id, _ in whole] == [hosted_id for _, hosted_id in whole]
        assert found == (await listed(store, thread["id"], order="desc"))[::-1]


# --- users and contexts ---------------------------------------------------------------------------------------------


async def test_each_user_s_threads_go_to_the_user_s_context_and_threads_without_one_to_none(store: Any) -> None:
    threads = [hosted_thread(1), hosted_thread(2, user="user_2"), hosted_thread(3, user=None)]
    del threads[2]["user"]

    async def context_for(user: str | None) -> str | None:
        await asyncio.sleep(0)
        return user and user.upper()

    report = await migrate(ListSource(*((thread, []) for thread in threads)), store, context_for=context_for)
    assert [thread.user for thread in report.threads] == ["user_1", "user_2", None]
    for thread_id, context in (("cthr_1", "USER_1"), ("cthr_2", "USER_2"), ("cthr_3", None)):
        assert [thread.id for thread in (await store.load_threads(9, None, "asc", context)).data] == [thread_id]


async def test_one_user_can_be_moved_alone(store: Any) -> None:
    source = ListSource((hosted_thread(1), []), (hosted_thread(2, user="user_2"), []))
    assert [thread.hosted_id for thread in (await moved(source, store, user="user_2")).threads] == ["cthr_2"]
    assert (await store.load_threads(9, None, "asc", "user_1")).data == []


async def test_a_context_that_cannot_be_made_fails_only_its_threads(store: Any) -> None:
    def context_for(user: str | None) -> str | None:
        return {"user_1": "user_1"}[user or ""]

    source = ListSource((hosted_thread(1, user="gone"), []), (hosted_thread(2), []))
    report = await migrate(source, store, context_for=context_for)
    assert [thread.outcome for thread in report.threads] == ["failed", "moved"]
    assert report.threads[0].error == "context_for failed: KeyError: 'gone'"


async def test_an_archive_without_threads_is_complete_and_leaves_the_store_alone() -> None:
    store = MemoryStore()
    report = await moved(ListSource(), store)
    assert (report.is_complete, report.store, store.writes) == (True, None, [])


# --- again ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{}, {"attachments": "keep"}, {"times": "utc"}, {"ids": "store"}], ids=str)
async def test_repeating_changes_nothing(settings: dict[str, Any], store: Any) -> None:
    chance = random.Random(3)
    source = ListSource(*((hosted_thread(number), random_items(chance, 60, number)) for number in range(5)))
    first = await moved(source, store, **settings)
    before = await everything(store)
    again = await moved(source, store, **settings)
    assert (first.is_complete, again.is_complete) == (True, True)
    assert {thread.outcome for thread in again.threads} == {"unchanged"}
    assert [thread.thread_id for thread in again.threads] == [thread.thread_id for thread in first.threads]
    assert [thread.item_ids for thread in again.threads] == [thread.item_ids for thread in first.threads]
    assert sum(thread.written for thread in again.threads) == 0
    assert await everything(store) == before


async def everything(store: Any) -> list[Any]:
    threads = (await store.load_threads(1000, None, "asc", "user_1")).data
    return [
        (thread, (await store.load_thread_items(thread.id, None, 1000, "asc", "user_1")).data) for thread in threads
    ]


async def test_repeating_writes_nothing_to_the_threads() -> None:
    store, source = MemoryStore(), thread_with_each_kind()
    await moved(source, store)
    store.writes.clear()
    await moved(source, store)
    assert [write for write in store.writes if "cthr_1" in write.split() or "cthi_1" in write.split()] == []


async def test_what_the_archive_got_since_is_added(store: Any) -> None:
    call = hosted_item(2, "chatkit.client_tool_call", status="in_progress", output=None)
    await moved(ListSource((hosted_thread(), [hosted_item(1), call])), store)
    answered = hosted_item(2, "chatkit.client_tool_call")
    later = (hosted_thread(title="New title"), [hosted_item(1), answered, hosted_item(3)])
    report = await moved(ListSource(later), store)
    assert (report.is_complete, report.threads[0].outcome, report.threads[0].written) == (True, "moved", 2)
    items = await listed(store, "cthr_1")
    assert [item.id for item in items] == ["cthi_1", "cthi_2", "cthi_3"]
    assert items[1].output == {"city": "Gdańsk"}
    assert (await store.load_thread("cthr_1", "user_1")).title == "New title"


async def test_what_happened_in_the_server_since_stays(store: Any) -> None:
    from chatkit.types import InferenceOptions, UserMessageItem, UserMessageTextContent

    source = thread_with_each_kind()
    await moved(source, store)
    thread = await store.load_thread("cthr_1", "user_1")
    thread.title, thread.metadata["of_the_app"] = "Renamed by its user", 7
    await store.save_thread(thread, "user_1")
    new = UserMessageItem(
        id="msg_1",
        thread_id="cthr_1",
        created_at=datetime.now(),
        content=[UserMessageTextContent(text="more")],
        inference_options=InferenceOptions(),
    )
    await store.add_thread_item("cthr_1", new, "user_1")
    report = await moved(source, store)
    assert (report.is_complete, report.threads[0].outcome) == (True, "unchanged")
    assert await store.load_thread("cthr_1", "user_1") == thread
    assert (await listed(store, "cthr_1"))[-1] == new


@pytest.mark.parametrize("ids", ["keep", "store"])
@pytest.mark.parametrize("seed", range(8))
async def test_a_migration_that_was_cut_off_anywhere_is_finished_by_the_next(store: Any, seed: int, ids: Any) -> None:
    chance = random.Random(seed)
    source = ListSource(*((hosted_thread(number), random_items(chance, 30, number)) for number in range(4)))
    left = chance.randrange(250)
    add = store.add_thread_item

    async def cut_off(thread_id: str, item: Any, context: Any) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise asyncio.CancelledError
        await add(thread_id, item, context)

    store.add_thread_item = cut_off
    with contextlib.suppress(asyncio.CancelledError):
        await moved(source, store, ids=ids)
    store.add_thread_item = add
    report = await moved(source, store, ids=ids)
    assert report.is_complete, str(report)
    assert [len(items) for _, items in await everything(store)] == [30] * 4


async def test_other_settings_of_time_than_the_first_run_s_are_refused(store: Any, monkeypatch: Any) -> None:
    import time

    source = thread_with_each_kind()
    await moved(source, store)
    before = await everything(store)
    report = await moved(source, store, time_step_us=2)
    assert report.threads[0].error == "the thread was moved with times='local', time_step_us=1: pass the same"
    assert not (await moved(source, store, times="utc")).is_complete
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        report = await moved(source, store)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert "is TZ the same?" in str(report.threads[0].error)
    assert await everything(store) == before


# --- ids of the store -----------------------------------------------------------------------------------------------


async def test_ids_of_the_store_are_mapped_in_the_report(store: Any) -> None:
    report = await moved(thread_with_each_kind(), store, ids="store")
    thread = report.threads[0]
    assert thread.thread_id is not None
    assert thread.thread_id.startswith("thr_")
    found = await listed(store, thread.thread_id)
    assert [*thread.item_ids] == [f"cthi_{number}" for number in range(7)]
    assert [item.id for item in found] == [*thread.item_ids.values()]
    assert [item.id.split("_")[0] for item in found] == ["msg", "msg", "msg", "tc", "tsk", "wf", "msg"]
    assert {item.thread_id for item in found} == {thread.thread_id}


async def test_an_id_that_the_store_generates_twice_is_not_used_twice() -> None:
    class EachIdTwice(MemoryStore):
        generated = 0

        def generate_item_id(self, item_type: Any, thread: ThreadMetadata, context: Any) -> str:
            self.generated += 1
            is_check = thread.created_at.year == 2001
            return f"msg_{self.generated if is_check else 1000 + self.generated // 2}"

    source = ListSource((hosted_thread(), [hosted_item(number) for number in range(12)]))
    report = await moved(source, EachIdTwice(), ids="store")
    assert report.is_complete
    assert len(set(report.threads[0].item_ids.values())) == 12


# --- stores that fail -----------------------------------------------------------------------------------------------


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


async def test_a_store_that_lists_all_threads_to_each_user_is_walked_once() -> None:
    class OneList(MemoryStore):
        walks = 0

        def threads_of(self, context: Any) -> Any:
            return super().threads_of(None)

        async def load_threads(self, limit: int, after: str | None, order: str, context: Any) -> Any:
            self.walks += 1
            return await super().load_threads(limit, after, order, context)

    store = OneList()
    source = ListSource(*((hosted_thread(number, user=f"user_{number}"), []) for number in range(30)))
    assert (await moved(source, store)).is_complete
    assert store.walks < 10


async def test_a_thread_without_an_id_fails_alone(store: Any) -> None:
    report = await moved(ListSource((hosted_thread(1, id=None), []), (hosted_thread(2), [])), store)
    assert [thread.outcome for thread in report.threads] == ["failed", "moved"]


# --- the report -----------------------------------------------------------------------------------------------------


async def test_the_report_reads_as_text_and_as_json(store: Any) -> None:
    report = await moved(thread_with_each_kind(), store)
    assert str(report).startswith("Complete: 1 moved, 0 unchanged, 0 failed; 7 of 7 items written.\n")
    assert "in 1 of 1 threads: task groups became workflows" in str(report)
    assert json.loads(json.dumps(report.to_dict())) == report.to_dict()
    assert report.to_dict()["threads"][0]["losses"][0]["item_ids"] == ["cthi_1"]  # type: ignore[index, call-overload]


async def test_progress_is_told_after_each_thread(store: Any) -> None:
    told: list[Progress] = []
    source = ListSource(*((hosted_thread(number), [hosted_item(number)]) for number in range(3)))
    await moved(source, store, on_progress=told.append)
    assert [(each.stage, each.listed, each.done, each.items) for each in told] == [
        ("checking", 3, 0, 0),
        *(("moving", 3, number, number) for number in (1, 2, 3)),
        ("checking", 3, 3, 3),
        ("done", 3, 3, 3),
    ]


async def test_arguments_out_of_range_are_refused_before_the_store_is_touched() -> None:
    store = MemoryStore()
    wrong = {"attachments": "bytes", "pending_tool_calls": "no", "hidden_context": "show", "ids": "new"}
    with pytest.raises(ParamsValidationError) as caught:
        await moved(thread_with_each_kind(), store, **wrong)
    assert {problem.path for problem in caught.value.problems} == {*wrong}
    assert store.writes == []
