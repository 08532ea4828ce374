"""Faults in the middle of a listing, and cursors of deleted threads, as a job that pages through threads meets them."""

from __future__ import annotations

import pytest

from chatkit_async import AsyncChatKit, BadRequestError, InternalServerError
from chatkit_async.emulator import Emulator, Fault
from chatkit_async.errors import ConfigurationError
from tests.emulator.raw import RawResponse, exchange, post, request_bytes
from tests.emulator.seeds import thread, threads

THREADS = "/v1/chatkit/threads"


@pytest.fixture(autouse=True)
def _seeded(emulator: Emulator) -> None:
    emulator.seed(threads=threads(6))


async def get(base_url: str, target: str) -> RawResponse:
    return await exchange(base_url, request_bytes("GET", target))


async def delete_while_paging(client: AsyncChatKit) -> None:
    async for page in client.threads.list(limit=2).pages():
        for one in page.data:
            await client.threads.delete(one.id)


async def test_deleting_while_paging_fails_where_cursors_of_deleted_threads_are_gone(emulator: Emulator) -> None:
    emulator.add_faults(Fault(kind="gone_cursor"))
    async with AsyncChatKit("sk-test", base_url=emulator.base_url) as client:
        with pytest.raises(BadRequestError) as caught:
            await delete_while_paging(client)
    assert (caught.value.code, caught.value.param) == ("invalid_value", "after")
    assert "Invalid 'after': this list has no element with the id 'cthr_4'" in str(caught.value)
    assert [one["id"] for one in emulator.threads()] == ["cthr_0", "cthr_1", "cthr_2", "cthr_3"]


async def test_paging_first_and_deleting_afterwards_meets_no_gone_cursor(emulator: Emulator) -> None:
    emulator.add_faults(Fault(kind="gone_cursor", times="always"))
    async with AsyncChatKit("sk-test", base_url=emulator.base_url) as client:
        for one in await client.threads.list(limit=2).collect():
            await client.threads.delete(one.id)
    assert emulator.threads() == []


async def note_ids(client: AsyncChatKit, ids: list[str]) -> None:
    async for page in client.threads.list(limit=2).pages():
        ids.extend(one.id for one in page.data)


@pytest.mark.parametrize(
    ("target", "param"),
    [
        (f"{THREADS}?after=cthr_9", "after"),
        (f"{THREADS}?before=cthr_9&after=cthr_1", "before"),
        (f"{THREADS}?user=user_0&after=cthr_1", "after"),
        (f"{THREADS}/cthr_1/items?before=cthr_1", "before"),
    ],
)
async def test_a_cursor_is_gone_if_this_list_does_not_hold_it(
    emulator: Emulator, base_url: str, target: str, param: str
) -> None:
    emulator.add_faults(Fault(kind="gone_cursor"))
    refused = await get(base_url, target)
    assert (refused.status, refused.error["code"], refused.error["param"]) == (400, "invalid_value", param)
    assert (await get(base_url, target)).status == 200


async def test_requests_whose_cursor_is_there_pass_and_are_not_counted(emulator: Emulator, base_url: str) -> None:
    emulator.add_faults(Fault(kind="gone_cursor"))
    for target in (THREADS, f"{THREADS}?after=cthr_3", f"{THREADS}/cthr_1/items?after=cthi_2", f"{THREADS}/cthr_1"):
        assert (await get(base_url, target)).status == 200
    assert (await post(base_url)).status == 200
    assert (await get(base_url, f"{THREADS}?limit=x&after=gone")).error["param"] == "limit"
    assert (await get(base_url, f"{THREADS}/gone/items?after=gone")).status == 404
    assert (await get(base_url, f"{THREADS}?after=gone")).status == 400


async def test_a_gone_cursor_takes_the_status_of_the_fault(emulator: Emulator, base_url: str) -> None:
    emulator.add_faults(Fault(kind="gone_cursor", status=404))
    assert (await get(base_url, f"{THREADS}?after=gone")).status == 404


async def test_the_third_page_of_a_listing_fails(emulator: Emulator) -> None:
    emulator.add_faults(Fault(path="/chatkit/threads", skip=2, status=500, headers={"x-should-retry": "false"}))
    met: list[str] = []
    async with AsyncChatKit("sk-test", base_url=emulator.base_url) as client:
        with pytest.raises(InternalServerError):
            await note_ids(client, met)
    assert met == ["cthr_5", "cthr_4", "cthr_3", "cthr_2"]


async def test_a_fault_strikes_the_page_behind_a_cursor(emulator: Emulator, base_url: str) -> None:
    emulator.add_faults(Fault(query={"after": "a&b", "limit": "2"}, status=500))
    for query in ("", "?after=a%26b", "?after=a&limit=2", "?limit=2"):
        assert (await get(base_url, THREADS + query)).status == 200
    assert (await get(base_url, f"{THREADS}?limit=2&after=a%26b&order=asc")).status == 500


async def test_each_fault_counts_the_requests_that_it_lets_pass(emulator: Emulator, base_url: str) -> None:
    emulator.add_faults(Fault(skip=1, times=2, status=500), Fault(skip=1, status=502), Fault(status=503))
    assert [(await get(base_url, THREADS)).status for _ in range(6)] == [503, 500, 500, 502, 200, 200]


async def test_a_fault_for_always_stays_until_it_is_cleared(emulator: Emulator, base_url: str) -> None:
    emulator.add_faults(Fault(times="always", status=500))
    assert [(await get(base_url, THREADS)).status for _ in range(5)] == [500] * 5
    emulator.clear_faults()
    assert (await get(base_url, THREADS)).status == 200


async def test_faults_of_pages_match_listings_only(emulator: Emulator, base_url: str) -> None:
    emulator.add_faults(Fault(kind="empty_page"), Fault(kind="stuck_cursor"))
    assert (await post(base_url)).status == 200
    assert (await get(base_url, f"{THREADS}/cthr_1")).status == 200
    assert (await get(base_url, THREADS)).json["data"] == []
    assert (await get(base_url, f"{THREADS}/cthr_1/items")).json["has_more"] is True


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"method": "POST", "path": "/chatkit/threads"}, "method must be None or GET for this path"),
        ({"method": "PATCH"}, "method must be None or POST or GET or DELETE for this path"),
        ({"path": "/v2/chatkit/threads"}, "it would never be used"),
        ({"path": "/chatkit/session/"}, "it would never be used"),
        ({"path": "/cancel", "kind": "empty_page"}, "it would never be used"),
        ({"method": "POST", "kind": "stuck_cursor"}, "method must be None or GET for this path"),
        ({"query": {"limit": 2}}, "query must be"),
        ({"skip": -1}, "skip must be 0 or more"),
        ({"times": "never"}, "times must be 1 or more"),
    ],
)
def test_a_fault_that_can_never_be_used_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Fault(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "path", ["", "l", "/cancel", "ads", "/cthr_1", "cthr_1/items", "/v1/chatkit/threads", "/chatkit/threads/a%2Fb"]
)
def test_a_fault_may_name_any_ending_of_a_path(path: str) -> None:
    assert Fault(path=path).path == path


async def test_two_thousand_threads_are_paged_exactly(emulator: Emulator) -> None:
    emulator.seed(
        threads=[thread(f"cthr_{n:04}", items=3, created_at=n, user=f"u{n % 9}") for n in range(2000)], reset=True
    )
    async with AsyncChatKit("sk-test", base_url=emulator.base_url) as client:
        ids = [one.id async for one in client.threads.list(limit=100)]
        of_one_user = [one.id async for one in client.threads.list(user="u4", order="asc", limit=100)]
        items = [one.id async for one in client.threads.list_items("cthr_1999", order="asc", limit=2)]
    assert ids == [f"cthr_{n:04}" for n in reversed(range(2000))]
    assert of_one_user == [f"cthr_{n:04}" for n in range(4, 2000, 9)]
    assert items == [f"cthi_{n}" for n in range(3)]
