"""Listings whose pages lack fields or hold wrong ones: an error of ours in its place, never a silent end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from chatkit_async import (
    APIResponseValidationError,
    AsyncChatKit,
    ChatKit,
    ParamsValidationError,
    RequestOptions,
)
from chatkit_async.emulator import Emulator, Fault

from ..conftest import KEY
from .seeding import item, thread

pytestmark = pytest.mark.transport

IDS = [f"cthi_{number}" for number in range(5)]
PAGE: dict[str, Any] = {"object": "list", "data": [item(number) for number in range(5)], "has_more": True}


@pytest.fixture
def blocking(emulator: Emulator) -> Iterator[ChatKit]:
    with ChatKit(KEY, base_url=emulator.base_url) as made:
        yield made


def without(name: str) -> dict[str, Any]:
    return {field: value for field, value in PAGE.items() if field != name}


async def test_a_page_without_has_more_is_an_error_behind_its_items(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.add_faults(Fault(method="GET", body=without("has_more"), times=9))
    found: list[str] = []

    async def take() -> None:
        async for step in client.threads.list_items("cthr_1"):
            found.append(step.id)  # noqa: PERF401 - what came before the error

    with pytest.raises(APIResponseValidationError, match="has no has_more"):
        await take()
    assert found == IDS
    assert len(emulator.requests()) == 1


def test_blocking_a_page_without_has_more_is_an_error_behind_its_items(blocking: ChatKit, emulator: Emulator) -> None:
    emulator.add_faults(Fault(method="GET", body=without("has_more"), times=9))
    found: list[str] = []
    steps = iter(blocking.threads.list_items("cthr_1"))
    found.extend(next(steps).id for _ in IDS)
    with pytest.raises(APIResponseValidationError, match="has no has_more"):
        next(steps)
    assert found == IDS


@pytest.mark.parametrize("prefetch", [False, True])
async def test_a_page_without_items_and_without_an_empty_array_is_an_error_everywhere(
    client: AsyncChatKit, blocking: ChatKit, emulator: Emulator, prefetch: bool
) -> None:
    emulator.add_faults(Fault(method="GET", body=without("data"), times=99))
    listing = client.threads.list_items("cthr_1", prefetch=prefetch)
    for use in (listing.collect, listing.first, listing.first_page):
        with pytest.raises(APIResponseValidationError, match="has no data"):
            await use()
    with pytest.raises(APIResponseValidationError, match="has no data"):
        _ = [step async for step in listing]
    with pytest.raises(APIResponseValidationError, match="has no data"):
        _ = [page async for page in listing.pages()]
    with pytest.raises(APIResponseValidationError, match="has no data"):
        await asyncio.to_thread(blocking.threads.list_items, "cthr_1", prefetch=prefetch)


async def test_an_error_of_a_listing_names_its_operation_and_request(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.add_faults(Fault(method="GET", body=without("has_more"), headers={"x-request-id": "req_9"}))
    with pytest.raises(APIResponseValidationError, match=r"^threads\.list_items: ") as caught:
        await client.threads.list_items("cthr_1").collect()
    assert (caught.value.operation, caught.value.request_id) == ("threads.list_items", "req_9")
    emulator.add_faults(Fault(method="GET", body={"has_more": True, "data": [{}]}))
    with pytest.raises(APIResponseValidationError, match=r"^threads\.list: "):
        await client.threads.list().collect()


WRONG: list[tuple[Any, str]] = [
    ({"content": [{"type": "input_text", "text": None}]}, "data[3].content[0].text"),
    ({"content": [{"type": "quoted_text", "text": "x"}, {"type": "input_text", "text": 5}]}, "data[3].content[1].text"),
    ({"content": None}, "data[3].content"),
    ({"attachments": {}}, "data[3].attachments"),
    ({"created_at": "5"}, "data[3].created_at"),
    ({"inference_options": {"tool_choice": {"id": None}}}, "data[3].inference_options.tool_choice.id"),
    ({"type": None}, "data[3].type"),
]


@pytest.mark.parametrize(("fields", "path"), WRONG, ids=[path for _, path in WRONG])
async def test_a_wrong_type_deep_in_a_page_is_named_by_its_path(
    client: AsyncChatKit, emulator: Emulator, fields: dict[str, Any], path: str
) -> None:
    message = item(3, kind="chatkit.user_message", **{"content": [], **fields})
    emulator.add_faults(Fault(method="GET", body={**PAGE, "data": [item(0), item(1), item(2), message]}))
    with pytest.raises(APIResponseValidationError) as caught:
        await client.threads.list_items("cthr_1")
    assert f"the response is not a Page: {path} should be" in str(caught.value)


@pytest.mark.parametrize("value", [None, {}, "x", [None], [[]], ["x"]], ids=repr)
async def test_items_that_are_no_array_of_objects_are_an_error(
    client: AsyncChatKit, emulator: Emulator, value: Any
) -> None:
    emulator.add_faults(Fault(method="GET", body={**PAGE, "data": value}))
    with pytest.raises(APIResponseValidationError, match="data"):
        await client.threads.list_items("cthr_1")


async def test_strictly_an_unknown_item_and_a_page_without_ids_are_refused(
    client: AsyncChatKit, emulator: Emulator
) -> None:
    strictly = RequestOptions(strict=True)
    unknown = item(2, kind="chatkit.hologram", projection={})
    page = {**PAGE, "first_id": "cthi_1", "last_id": "cthi_2", "data": [item(1), unknown]}
    emulator.add_faults(Fault(method="GET", body=page), Fault(method="GET", body=PAGE))
    with pytest.raises(APIResponseValidationError, match=r"data\[1\] is of the undocumented kind 'chatkit.hologram'"):
        await client.threads.list_items("cthr_1", options=strictly)
    with pytest.raises(APIResponseValidationError, match="first_id is missing"):
        await client.threads.list_items("cthr_1", options=strictly)


@pytest.mark.parametrize("count", [-1, 1.5, True])
async def test_a_negative_max_items_is_refused_before_anything_is_sent(
    client: AsyncChatKit, blocking: ChatKit, emulator: Emulator, count: Any
) -> None:
    with pytest.raises(ParamsValidationError, match="max_items"):
        await client.threads.list_items("cthr_1").collect(max_items=count)
    assert emulator.requests() == []


def test_blocking_a_negative_max_items_is_refused(blocking: ChatKit, emulator: Emulator) -> None:
    emulator.seed(threads=[{"thread": thread(1), "items": [item(number) for number in range(3)]}])
    listing = blocking.threads.list_items("cthr_1")
    with pytest.raises(ParamsValidationError, match="max_items"):
        listing.collect(max_items=-1)
    assert [listing.collect(max_items=count) == list(listing.data)[:count] for count in range(5)] == [True] * 5


@pytest.mark.parametrize("prefetch", [False, True])
async def test_an_empty_listing_is_empty_by_every_method(
    client: AsyncChatKit, emulator: Emulator, prefetch: bool
) -> None:
    listing = client.threads.list(prefetch=prefetch)
    assert (await listing.first(), await listing.collect(), [page.data async for page in listing.pages()]) == (
        None,
        [],
        [()],
    )


async def test_first_looks_behind_empty_pages(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.seed(threads=[{"thread": thread(1)}])
    emulator.add_faults(Fault(method="GET", kind="empty_page", times=3))
    found = await client.threads.list().first()
    assert found is not None
    assert found.id == "cthr_1"


def test_blocking_first_looks_behind_empty_pages(blocking: ChatKit, emulator: Emulator) -> None:
    emulator.seed(threads=[{"thread": thread(1)}])
    emulator.add_faults(Fault(method="GET", kind="empty_page", times=3))
    found = blocking.threads.list().first()
    assert found is not None
    assert found.id == "cthr_1"
