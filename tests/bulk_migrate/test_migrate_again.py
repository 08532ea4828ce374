"""A migration that is repeated, continued or cut off; ids that the store generates."""

from __future__ import annotations

import asyncio
import contextlib
import random
from datetime import datetime
from typing import Any

import pytest
from chatkit.types import ThreadMetadata

from .helpers import listed, moved, thread_with_each_kind
from .sources import ListSource, hosted_item, hosted_thread, random_items
from .stores import MemoryStore


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
