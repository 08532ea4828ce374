"""Threads, awaited: what each operation gives, and what it refuses before anything is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from chatkit_async import (
    AsyncChatKit,
    ChatKitThreadAssistantMessageItem,
    ChatKitThreadStatusClosed,
    ChatKitThreadUserMessageItem,
    NotFoundError,
    ParamsValidationError,
    UnknownThreadItem,
    UnknownThreadStatus,
)
from chatkit_async.emulator import Emulator, Fault

from .seeding import item, one_of_each_kind, thread


async def test_a_thread_is_retrieved_as_the_api_shows_it(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.seed(threads=[{"thread": thread(1, status={"type": "closed", "reason": "done"})}])
    found = await client.threads.retrieve("cthr_1")
    assert (found.id, found.title, found.user, found.is_active) == ("cthr_1", "Thread 1", "user_1", False)
    assert isinstance(found.status, ChatKitThreadStatusClosed)
    assert found.status.reason == "done"
    assert found.created_at_utc.isoformat() == "2023-11-14T22:13:21+00:00"
    assert found.response.status == 200


async def test_a_status_of_an_unknown_kind_is_kept(client: AsyncChatKit, emulator: Emulator) -> None:
    document = thread(1, status={"type": "frozen", "until": 5})
    emulator.add_faults(Fault(method="GET", path="/cthr_1", body=document))
    found = await client.threads.retrieve("cthr_1")
    assert isinstance(found.status, UnknownThreadStatus)
    assert (found.status.type, found.status.kind, found.is_active) == ("unknown", "frozen", False)
    assert found.to_dict() == document


async def test_a_listing_is_filtered_by_user(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.seed(threads=[{"thread": thread(number, f"user_{number % 2}")} for number in range(6)])
    ids = [found.id async for found in client.threads.list(user="user_1", order="asc")]
    assert ids == ["cthr_1", "cthr_3", "cthr_5"]


async def test_items_of_every_kind_come_as_their_class_and_go_back_as_they_came(
    client: AsyncChatKit, emulator: Emulator
) -> None:
    emulator.seed(threads=[{"thread": thread(1), "items": one_of_each_kind()}])
    items = await client.threads.list_items("cthr_1", order="asc").collect()
    assert [found.to_dict() for found in items] == one_of_each_kind()
    question, reply, *_, unknown = items
    assert isinstance(question, ChatKitThreadUserMessageItem)
    assert isinstance(reply, ChatKitThreadAssistantMessageItem)
    assert (question.text, reply.text) == ("What is open?", "The north gate.")
    assert isinstance(unknown, UnknownThreadItem)
    assert (unknown.id, unknown.kind, unknown.extra["projection"]) == ("cthi_7", "chatkit.hologram", {"depth": 3})


async def test_a_deleted_thread_is_gone_and_a_second_delete_says_so(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.seed(threads=[{"thread": thread(1), "items": [item(1)]}])
    deleted = await client.threads.delete("cthr_1")
    assert (deleted.id, deleted.deleted) == ("cthr_1", True)
    assert emulator.threads() == []
    with pytest.raises(NotFoundError):
        await client.threads.delete("cthr_1")
    again = await client.threads.delete("cthr_1", missing_ok=True)
    assert (again.deleted, again.response.status) == (True, 404)


@pytest.mark.parametrize("fault", [Fault(method="DELETE", drop="after"), Fault(method="DELETE", drop="after", times=2)])
async def test_a_404_counts_as_deleted_when_an_earlier_send_may_have_arrived(
    client: AsyncChatKit, emulator: Emulator, fault: Fault
) -> None:
    emulator.seed(threads=[{"thread": thread(1)}])
    await client.threads.list()  # a pooled connection, on which aiohttp repeats a DELETE by itself
    emulator.add_faults(fault)
    assert (await client.threads.delete("cthr_1")).deleted


async def test_a_404_after_refused_attempts_is_a_404(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.add_faults(Fault(method="DELETE", status=429, headers={"retry-after-ms": "1"}))
    with pytest.raises(NotFoundError):
        await client.threads.delete("cthr_1")


async def test_deleting_while_listing_skips_nothing_when_ids_are_collected_first(
    client: AsyncChatKit, emulator: Emulator
) -> None:
    emulator.seed(threads=[{"thread": thread(number)} for number in range(25)])
    ids = [found.id async for found in client.threads.list(limit=10)]
    for thread_id in ids:
        await client.threads.delete(thread_id)
    assert (len(ids), emulator.threads()) == (25, [])


REFUSED: list[tuple[Callable[[AsyncChatKit], Any], str]] = [
    (lambda client: client.threads.list(limit=0), "limit"),
    (lambda client: client.threads.list(limit=101), "limit"),
    (lambda client: client.threads.list(limit=True), "limit"),
    (lambda client: client.threads.list(order="up"), "order"),  # type: ignore[arg-type]
    (lambda client: client.threads.list(user=""), "user"),
    (lambda client: client.threads.list(user="u" * 513), "user"),
    (lambda client: client.threads.list(after=""), "after"),
    (lambda client: client.threads.list_items(""), "thread_id"),
    (lambda client: client.threads.list_items(".."), "thread_id"),
]


@pytest.mark.parametrize(("call", "path"), REFUSED)
async def test_a_listing_the_api_would_refuse_is_refused_at_the_call(
    client: AsyncChatKit, emulator: Emulator, call: Callable[[AsyncChatKit], Any], path: str
) -> None:
    with pytest.raises(ParamsValidationError) as caught:
        call(client)
    assert [problem.path for problem in caught.value.problems] == [path]
    assert emulator.requests() == []


@pytest.mark.parametrize("thread_id", ["", ".", ".."])
async def test_ids_that_would_change_the_path_are_refused(
    client: AsyncChatKit, emulator: Emulator, thread_id: str
) -> None:
    for call in (client.threads.retrieve, client.threads.delete):
        with pytest.raises(ParamsValidationError):
            await call(thread_id)
    assert emulator.requests() == []


async def test_an_id_is_one_segment_with_any_characters(client: AsyncChatKit, emulator: Emulator) -> None:
    with pytest.raises(NotFoundError):
        await client.threads.retrieve("../sessions/ä?x#y%2e")
    [request] = emulator.requests()
    assert request.path == "/v1/chatkit/threads/..%2Fsessions%2F%C3%A4%3Fx%23y%252e"


async def test_endpoints_the_package_does_not_know_are_reached(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.seed(threads=[{"thread": thread(1)}])
    assert await client.request("get", "/chatkit/threads/cthr_1") == thread(1)
    page = await client.request("GET", "/chatkit/threads", query={"limit": 1, "user": "user_1"})
    assert isinstance(page, dict)
    assert page["last_id"] == "cthr_1"
    session = await client.request("POST", "/chatkit/sessions", body={"user": "u", "workflow": {"id": "wf_1"}})
    assert isinstance(session, dict)
    assert session["status"] == "active"


async def test_a_post_to_an_unknown_endpoint_is_not_repeated_after_a_lost_response(
    client: AsyncChatKit, emulator: Emulator
) -> None:
    emulator.add_faults(Fault(drop="after", times=9))
    with pytest.raises(Exception, match="no response came"):
        await client.request("POST", "/chatkit/sessions", body={"user": "u", "workflow": {"id": "wf_1"}})
    assert len(emulator.requests()) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "chatkit"), ("GET", "/a/../b"), ("GET", "/a?b=c"), ("GET", "/a b"), ("G T", "/a"), ("", "/a"), ("GET", 5)],
)
async def test_a_request_that_cannot_be_sent_is_refused(client: AsyncChatKit, method: str, path: Any) -> None:
    with pytest.raises(ParamsValidationError):
        await client.request(method, path)


async def test_a_listing_is_awaitable_but_no_coroutine(client: AsyncChatKit) -> None:
    listing = client.threads.list()
    assert not asyncio.iscoroutine(listing)
    with pytest.raises(TypeError):
        await asyncio.create_task(listing)  # type: ignore[arg-type]
    assert (await asyncio.create_task(listing.first_page())).data == ()
