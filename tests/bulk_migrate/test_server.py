"""A ChatKit server over a store that was filled by `migrate`: it shows the threads, and talks on in them."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from chatkit.agents import ThreadItemConverter
from chatkit.server import ChatKitServer, NonStreamingResult, StreamingResult
from chatkit.types import AssistantMessageContent, AssistantMessageItem, ThreadItemDoneEvent, ThreadMetadata

from chatkit_async import ArchiveError, AsyncChatKit
from chatkit_async.bulk import Archive, archive, blocking, migrate
from chatkit_async.emulator import Emulator

from ..bulk.helpers import write_archive
from .sources import KINDS, START_S, hosted_item, hosted_thread, random_items
from .stores import MemoryStore

FILE = {"type": "file", "id": "file_1", "name": "a.pdf", "mime_type": "application/pdf", "preview_url": None}


class Shop(ChatKitServer[Any]):
    """Replies with how many messages the model would get, all items of the thread converted as by default."""

    async def respond(self, thread: ThreadMetadata, input_user_message: Any, context: Any) -> AsyncIterator[Any]:
        page = await self.store.load_thread_items(thread.id, None, 1000, "asc", context)
        for_the_model = await ThreadItemConverter().to_agent_input(page.data)
        reply = AssistantMessageItem(
            id=self.store.generate_item_id("message", thread, context),
            thread_id=thread.id,
            created_at=datetime.now(),
            content=[AssistantMessageContent(text=f"{len(for_the_model)} inputs")],
        )
        yield ThreadItemDoneEvent(item=reply)


async def requested(server: Shop, kind: str, **params: Any) -> Any:
    """What the server sends for a request of the browser: its JSON, or the list of events."""
    request = {"type": kind, "params": params, "metadata": {}}
    result = await server.process(json.dumps(request), "user_1")
    if isinstance(result, NonStreamingResult):
        return json.loads(result.json)
    assert isinstance(result, StreamingResult)
    return [json.loads(event.removeprefix(b"data: ")) async for event in result]


def seed() -> list[dict[str, Any]]:
    """Two threads of one user: one with items of each kind, one with more than a page within few seconds."""
    kinds = [*KINDS, "chatkit.user_message"]
    each = [hosted_item(number, kind, id=f"cthi_a{number}") for number, kind in enumerate(kinds)]
    each[0] = {**each[0], "attachments": [FILE]}
    many = [
        hosted_item(number, id=f"cthi_b{number}", thread_id="cthr_2", created_at=START_S + number // 20)
        for number in range(130)
    ]
    return [{"thread": hosted_thread(1), "items": each}, {"thread": hosted_thread(2), "items": many}]


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """An archive that was made over the network."""
    path = tmp_path / "threads.chatkit"
    async with Emulator() as emulator, AsyncChatKit("sk-test", base_url=emulator.base_url) as client:
        emulator.seed(threads=seed())
        assert (await archive(client, path)).is_complete
    return path


async def test_the_server_shows_the_threads_and_their_messages(store: Any, path: Path) -> None:
    report = await migrate(path, store, context_for=lambda user: user)
    assert (report.is_complete, report.warnings) == (True, ())
    server = Shop(store)
    listed = await requested(server, "threads.list", limit=10, order="desc")
    assert [thread["id"] for thread in listed["data"]] == ["cthr_2", "cthr_1"]
    assert "user_1" not in json.dumps(listed)  # metadata stays on the server
    thread = await requested(server, "threads.get_by_id", thread_id="cthr_1")
    assert [item["type"] for item in thread["items"]["data"]] == [
        "user_message",
        "assistant_message",
        "widget",
        "client_tool_call",
        "task",
        "workflow",
        "user_message",
    ]
    assert thread["items"]["data"][0]["content"][0]["text"] == "How do I reset it?\n[file: a.pdf, application/pdf]"


async def test_the_server_pages_through_all_items(store: Any, path: Path) -> None:
    await migrate(path, store, context_for=lambda user: user)
    server, found, after = Shop(store), [], None
    while True:
        page = await requested(server, "items.list", thread_id="cthr_2", order="desc", after=after)
        found += [item["id"] for item in page["data"]]
        if not page["has_more"]:
            break
        after = page["after"]
    assert found == [f"cthi_b{number}" for number in reversed(range(130))]


async def test_the_user_s_next_message_is_answered_with_the_default_converter(store: Any, path: Path) -> None:
    await migrate(path, store, context_for=lambda user: user)
    user_message = {"content": [{"type": "input_text", "text": "and now?"}], "attachments": [], "inference_options": {}}
    events = await requested(Shop(store), "threads.add_user_message", thread_id="cthr_1", input=user_message)
    items = [event["item"] for event in events if event["type"] == "thread.item.done"]
    assert [item["type"] for item in items] == ["user_message", "assistant_message"]
    assert items[1]["content"][0]["text"].endswith(" inputs")
    thread = await requested(Shop(store), "threads.get_by_id", thread_id="cthr_1")
    assert [item["id"] for item in thread["items"]["data"]][-2:] == [item["id"] for item in items]


async def test_kept_attachments_need_a_converter_of_the_server_s_own(store: Any, path: Path) -> None:
    await migrate(path, store, context_for=lambda user: user, attachments="keep")
    page = await store.load_thread_items("cthr_1", None, 20, "asc", "user_1")
    with pytest.raises(NotImplementedError):
        await ThreadItemConverter().to_agent_input(page.data)


async def test_an_archive_that_is_not_complete_is_a_warning(store: Any, tmp_path: Path) -> None:
    path = write_archive(tmp_path / "threads.chatkit", [(hosted_thread(), [hosted_item()])], state="interrupted")
    report = await migrate(path, store, context_for=lambda user: user)
    assert report.warnings == ("the archive itself is not complete: run archive(client, path) again, then this",)


async def test_a_file_that_is_missing_is_an_error_of_ours(tmp_path: Path) -> None:
    store = MemoryStore()
    with pytest.raises(ArchiveError):
        await migrate(tmp_path / "missing", store, context_for=lambda user: user)
    assert store.writes == []


async def test_damaged_items_of_an_archive_arrive_too(store: Any, tmp_path: Path) -> None:
    items = random_items(random.Random(4), 200)
    path = write_archive(tmp_path / "threads.chatkit", [(hosted_thread(), items)])
    report = await migrate(path, store, context_for=lambda user: user)
    assert report.is_complete
    assert len((await store.load_thread_items("cthr_1", None, 1000, "asc", "user_1")).data) == report.threads[0].items


def test_the_blocking_twins_do_the_same(store: Any, path: Path) -> None:
    assert blocking.check_store(store, context="user_1").is_usable
    loaded = blocking.load_store("tests.bulk_migrate.stores:MemoryStore")
    with Archive(path) as held:
        for target in (store, loaded):
            report = blocking.migrate(held, target, context_for=lambda user: user)
            assert report.is_complete
            assert [thread.items for thread in report.threads] == [7, 130]
