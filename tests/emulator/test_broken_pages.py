"""Faults of lists: pages without data that promise more, and cursors that do not move."""

from __future__ import annotations

import pytest

from chatkit_async import AsyncChatKit, ChatKitError
from chatkit_async.emulator import Emulator, Fault
from tests.emulator.raw import RawResponse, exchange, post, request_bytes
from tests.emulator.schema_slice import ITEM_LIST, THREAD_LIST
from tests.emulator.seeds import threads

THREADS = "/v1/chatkit/threads"
LISTS = {THREADS: THREAD_LIST, f"{THREADS}/cthr_5/items": ITEM_LIST}


@pytest.fixture(autouse=True)
def _seeded(emulator: Emulator) -> None:
    emulator.seed(threads=threads(6))


async def get(base_url: str, target: str) -> RawResponse:
    return await exchange(base_url, request_bytes("GET", target))


@pytest.mark.parametrize("target", LISTS)
@pytest.mark.parametrize(
    ("query", "first_id", "last_id"),
    [
        ("", None, None),
        ("?after=c%26d&limit=2", None, "c&d"),
        ("?before=x", "x", None),
        ("?before=x&after=y", None, "y"),
    ],
)
async def test_an_empty_page_promises_more_from_the_cursor_of_the_request(
    emulator: Emulator, base_url: str, target: str, query: str, first_id: str | None, last_id: str | None
) -> None:
    emulator.add_faults(Fault(method="GET", path=target, kind="empty_page", times=2))
    for _ in range(2):
        page = (await get(base_url, target + query)).json
        assert page == {"object": "list", "data": [], "first_id": first_id, "last_id": last_id, "has_more": True}
    assert len((await get(base_url, target)).json["data"]) == 6


@pytest.mark.parametrize("target", LISTS)
async def test_a_stuck_cursor_leads_back_to_where_the_page_began(
    emulator: Emulator, base_url: str, target: str
) -> None:
    emulator.add_faults(Fault(method="GET", kind="stuck_cursor", times=2))
    real = (await get(base_url, f"{target}?limit=2")).json
    LISTS[target].validate(real)
    assert (real["last_id"], real["has_more"], len(real["data"])) == (real["data"][0]["id"], True, 2)
    behind = (await get(base_url, f"{target}?after={real['data'][1]['id']}")).json
    assert (behind["last_id"], behind["has_more"]) == (real["data"][1]["id"], True)
    assert [one["id"] for one in behind["data"]] == [f"{real['data'][0]['id'][:5]}{number}" for number in (3, 2, 1, 0)]


@pytest.mark.parametrize("kind", ["empty_page", "stuck_cursor"])
async def test_a_response_that_is_not_a_list_is_unchanged(emulator: Emulator, base_url: str, kind: str) -> None:
    emulator.add_faults(Fault(kind=kind), Fault(method="GET", kind=kind, times=2))  # type: ignore[arg-type]
    assert (await post(base_url)).json["object"] == "chatkit.session"
    assert (await get(base_url, f"{THREADS}/cthr_1")).json["id"] == "cthr_1"
    assert (await get(base_url, f"{THREADS}/cthr_9")).error["message"] == "Thread with id 'cthr_9' not found."


async def test_a_body_of_the_fault_that_is_not_json_is_unchanged(emulator: Emulator, base_url: str) -> None:
    emulator.add_faults(Fault(method="GET", body="no page", kind="empty_page"))
    assert (await get(base_url, THREADS)).body == b"no page"


async def test_a_made_up_page_can_be_broken_too(emulator: Emulator, base_url: str) -> None:
    emulator.add_faults(Fault(method="GET", body={"object": "list", "data": [{"id": "a"}]}, kind="stuck_cursor"))
    page = (await get(base_url, THREADS)).json
    assert page == {"object": "list", "data": [{"id": "a"}], "last_id": None, "has_more": True}


async def test_headers_and_delays_come_with_a_broken_page(emulator: Emulator, base_url: str) -> None:
    emulator.add_faults(Fault(method="GET", kind="empty_page", headers={"x-mark": "1"}, delay=0.001))
    response = await get(base_url, THREADS)
    assert (response.headers["x-mark"], response.json["data"]) == ("1", [])


async def test_this_client_goes_past_empty_pages_and_stops_at_a_stuck_cursor(emulator: Emulator, base_url: str) -> None:
    async with AsyncChatKit("sk-test", base_url=base_url) as client:
        emulator.add_faults(Fault(method="GET", kind="empty_page", times=3))
        met = [thread.id async for thread in client.threads.list(limit=2)]
        assert met == [f"cthr_{number}" for number in (5, 4, 3, 2, 1, 0)]
        emulator.add_faults(Fault(method="GET", kind="stuck_cursor", times=100))
        with pytest.raises(ChatKitError, match="which is not its last item"):
            await client.threads.list(limit=2).collect()
        for query in ({"after": "cthr_5"}, {"before": "cthr_0"}):
            with pytest.raises(ChatKitError, match="which an earlier page had"):
                await client.threads.list(limit=2, **query).collect()  # type: ignore[arg-type]
