"""What arrives in a store: every kind of item, in order, for the right user."""

from __future__ import annotations

import asyncio
import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from chatkit_async import ParamsValidationError
from chatkit_async.bulk import Progress, migrate

from . import broken_stores as broken
from .helpers import listed, losses, moved, thread_with_each_kind
from .sources import START_S, ListSource, hosted_item, hosted_thread, random_items
from .stores import MemoryStore


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
    pairs = [(hosted_thread(number), random_items(chance, 100 * number, number)) for number in range(1, 6)]
    report = await moved(ListSource(*pairs), store, attachments="keep")
    assert report.is_complete, str(report)
    assert [thread.items for thread in report.threads] == [100 * number for number in range(1, 6)]
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


async def test_the_report_reads_as_text_and_as_json(store: Any) -> None:
    report = await moved(thread_with_each_kind(), store)
    assert str(report).startswith("Complete: 1 moved, 0 unchanged, 0 failed; 7 of 7 items written.\n")
    assert "in 1 of 1 threads: task groups became workflows" in str(report)
    assert json.loads(json.dumps(report.to_dict())) == report.to_dict()
    assert report.to_dict()["threads"][0]["losses"][0]["item_ids"] == ["cthi_1"]  # type: ignore[index, call-overload]


async def test_progress_is_told_after_each_thread(store: Any) -> None:
    events: list[Progress] = []
    source = ListSource(*((hosted_thread(number), [hosted_item(number)]) for number in range(3)))
    await moved(source, store, on_progress=events.append)
    assert [(each.stage, each.listed, each.done, each.items) for each in events] == [
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
