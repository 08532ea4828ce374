"""The official Python client reads the emulator's threads as the API's, blocking and async."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import openai
import pytest

from chatkit_async.emulator import Emulator, Fault
from tests.emulator.seeds import KINDS, thread, threads


@pytest.fixture(scope="module")
def server() -> Iterator[Emulator]:
    with Emulator.in_thread(api_keys=["sk-test"]) as emulator:
        yield emulator


@pytest.fixture
def seeded(server: Emulator) -> Emulator:
    server.reset()
    server.seed(threads=[*threads(45), thread("cthr_long", items=130, user="long", created_at=5)])
    return server


@pytest.fixture
def client(seeded: Emulator) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        api_key="sk-test", base_url=seeded.base_url, max_retries=0, _strict_response_validation=True
    ) as client:
        yield client


@pytest.fixture
async def async_client(seeded: Emulator) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(
        api_key="sk-test", base_url=seeded.base_url, max_retries=0, _strict_response_validation=True
    ) as client:
        yield client


NEWEST_FIRST = [*(f"cthr_{number}" for number in range(44, -1, -1)), "cthr_long"]


def page_requests(emulator: Emulator) -> int:
    return sum(request.method == "GET" for request in emulator.requests())


def test_it_follows_the_pages_of_threads(client: openai.OpenAI, seeded: Emulator) -> None:
    chatkit = client.beta.chatkit
    assert [one.id for one in chatkit.threads.list()] == NEWEST_FIRST
    assert page_requests(seeded) == 3
    assert [one.id for one in chatkit.threads.list(order="asc", limit=7)] == NEWEST_FIRST[::-1]
    assert page_requests(seeded) == 3 + 7
    assert {one.user for one in chatkit.threads.list(user="user_1", limit=5)} == {"user_1"}


async def test_it_follows_the_pages_of_threads_awaited(async_client: openai.AsyncOpenAI, seeded: Emulator) -> None:
    threads_of = async_client.beta.chatkit.threads
    assert [one.id async for one in threads_of.list(limit=10)] == NEWEST_FIRST
    page = await threads_of.list(limit=10, after="cthr_40")
    assert ([one.id for one in page.data], page.has_more, page.last_id) == (NEWEST_FIRST[5:15], True, "cthr_30")
    before = await threads_of.list(limit=10, before="cthr_30")
    assert [one.id for one in before.data] == NEWEST_FIRST[4:14]


def test_it_follows_the_pages_of_items_of_all_kinds(client: openai.OpenAI) -> None:
    items = list(client.beta.chatkit.threads.list_items("cthr_long", order="asc", limit=100))
    assert [item.id for item in items] == [f"cthi_{number}" for number in range(130)]
    assert [item.type for item in items[:6]] == [kind["type"] for kind in KINDS]
    assert len({type(item) for item in items}) == len(KINDS)
    assert items[0].thread_id == "cthr_long"


async def test_it_follows_the_pages_of_items_awaited(async_client: openai.AsyncOpenAI) -> None:
    items = [item.id async for item in async_client.beta.chatkit.threads.list_items("cthr_long")]
    assert items == [f"cthi_{number}" for number in range(129, -1, -1)]


def test_it_retrieves_and_deletes(client: openai.OpenAI, seeded: Emulator) -> None:
    threads_of = client.beta.chatkit.threads
    assert threads_of.retrieve("cthr_1").status.type == "locked"
    deleted = threads_of.delete("cthr_1")
    assert (deleted.id, deleted.deleted, deleted.object) == ("cthr_1", True, "chatkit.thread.deleted")
    with pytest.raises(openai.NotFoundError, match="Thread with id 'cthr_1' not found"):
        threads_of.delete("cthr_1")
    assert "cthr_1" not in [one["id"] for one in seeded.threads()]


async def test_it_retrieves_and_deletes_awaited(async_client: openai.AsyncOpenAI) -> None:
    threads_of = async_client.beta.chatkit.threads
    assert (await threads_of.retrieve("cthr_2")).title == "Thread 2"
    assert (await threads_of.delete("cthr_2")).deleted
    with pytest.raises(openai.NotFoundError):
        await threads_of.retrieve("cthr_2")


def test_it_raises_its_errors(client: openai.OpenAI) -> None:
    threads_of = client.beta.chatkit.threads
    with pytest.raises(openai.BadRequestError) as bad:
        threads_of.list(limit=101)
    assert (bad.value.code, bad.value.param) == ("integer_above_max_value", "limit")
    with pytest.raises(openai.BadRequestError) as unordered:
        threads_of.list(order="up")  # type: ignore[arg-type]
    assert (unordered.value.code, unordered.value.param) == ("invalid_value", "order")
    with pytest.raises(openai.NotFoundError):
        list(threads_of.list_items("cthr_none"))
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="sk-other").beta.chatkit.threads.list()


async def test_it_raises_its_errors_awaited(async_client: openai.AsyncOpenAI) -> None:
    threads_of = async_client.beta.chatkit.threads
    with pytest.raises(openai.BadRequestError):
        await threads_of.list(user="u" * 513)
    with pytest.raises(openai.NotFoundError):
        await threads_of.list_items("cthr_none")
    with pytest.raises(openai.AuthenticationError):
        await async_client.with_options(api_key="sk-other").beta.chatkit.threads.retrieve("cthr_1")


LIMITED = Fault(method="GET", status=429, headers={"retry-after-ms": "10"})


def test_it_retries_after_a_429(client: openai.OpenAI, seeded: Emulator) -> None:
    seeded.add_faults(LIMITED)
    assert len(list(client.with_options(max_retries=1).beta.chatkit.threads.list(limit=50))) == 46
    assert page_requests(seeded) == 2
    seeded.add_faults(LIMITED)
    with pytest.raises(openai.RateLimitError):
        client.beta.chatkit.threads.retrieve("cthr_1")


async def test_it_retries_after_a_429_awaited(async_client: openai.AsyncOpenAI, seeded: Emulator) -> None:
    patient = async_client.with_options(max_retries=1)
    listing = patient.beta.chatkit.threads.list(limit=16)
    seeded.add_faults(LIMITED)
    assert [one.id async for one in listing] == NEWEST_FIRST
    assert page_requests(seeded) == 4
