"""The data of the inspector's page: counts, waiting faults, and a page of one view with its open rows."""

from __future__ import annotations

import asyncio

import pytest

from chatkit_async.emulator import Emulator, Fault
from tests.emulator.raw import SESSIONS, post, raw_response, request_bytes
from tests.emulator_control.control_requests import BEGINNING, LIST, SEED, constant_emulator, control_get


async def test_the_state_counts_everything_and_has_the_faults_that_wait() -> None:
    async with constant_emulator() as emulator:
        emulator.seed(**SEED)
        emulator.add_faults(Fault(status=500, skip=1, times=2), Fault(kind="gone_cursor", times="always"))
        await post(emulator.base_url)
        state = (await control_get(emulator, "state")).json
        assert (state["now"], state["counts"]) == (BEGINNING, {"requests": 1, "threads": 2, "sessions": 3})
        assert state["faults"] == [
            {"fault": {"status": 500, "skip": 1, "times": 2}, "skip": 0, "times": 2},
            {"fault": {"kind": "gone_cursor", "times": "always"}, "skip": 0, "times": None},
        ]
        assert [(row["method"], row["status"]) for row in state["rows"]] == [("POST", 200)]


async def test_a_view_of_the_state_opens_rows() -> None:
    async with constant_emulator() as emulator:
        emulator.seed(**SEED)
        await raw_response(emulator.base_url, LIST)
        threads = (await control_get(emulator, "state?view=threads&open=cthr_1&open=cthr_gone")).json
        shown = {"thread": emulator.threads()[0], "items": emulator.items("cthr_1"), "total": 2}
        assert threads["details"] == {"cthr_1": shown}
        assert [(row["key"], row["items"]) for row in threads["rows"]][1] == ("cthr_1", 2)
        sessions = (await control_get(emulator, "state?view=sessions&open=cksess_1")).json
        masked = [{**session, "client_secret": "***"} for session in reversed(emulator.sessions())]
        assert [row["session"] for row in sessions["rows"]] == masked
        assert sessions["details"]["cksess_1"]["session"] == masked[1]
        requests = (await control_get(emulator, "state?open=1")).json
        assert requests["details"]["1"] == (await control_get(emulator, "requests")).json["requests"][0]


async def test_a_session_in_the_state_expires_by_the_clock() -> None:
    async with constant_emulator() as emulator:
        emulator.seed(sessions=[{}])
        emulator.advance_clock(600)
        assert (await control_get(emulator, "state?view=sessions")).json["rows"][0]["session"]["status"] == "expired"


async def test_the_state_is_paged_newest_first(emulator: Emulator) -> None:
    threads = [{"thread": {"id": f"cthr_{number}", "created_at": number}} for number in range(150)]
    emulator.seed(threads=threads)
    first = (await control_get(emulator, "state?view=threads")).json
    assert (first["matching"], first["offset"]) == (150, 0)
    assert [row["key"] for row in first["rows"]] == [f"cthr_{number}" for number in range(149, 49, -1)]
    rest = (await control_get(emulator, "state?view=threads&offset=100&open=cthr_149")).json
    assert [row["key"] for row in rest["rows"]] == [f"cthr_{number}" for number in range(49, -1, -1)]
    assert list(rest["details"]) == ["cthr_149"]
    assert [row["key"] for row in (await control_get(emulator, "state?view=threads&limit=1")).json["rows"]] == [
        "cthr_149"
    ]


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        ("search=CHATKIT%2FTHREADS", ["/v1/chatkit/threads"]),
        ("search=us%C3%A9r", [SESSIONS]),
        ("search=method_not_supported", [f"{SESSIONS}/x"]),
        ("search=req_", ["/v1/chatkit/threads", f"{SESSIONS}/x", SESSIONS, SESSIONS]),
        ("search=nowhere", []),
        ("filter=failed", [f"{SESSIONS}/x", SESSIONS]),
        ("filter=4xx", [f"{SESSIONS}/x"]),
        ("filter=5xx", [SESSIONS]),
        ("filter=fault", [SESSIONS]),
        ("filter=2xx&search=sessions", [SESSIONS]),
        ("filter=GET", ["/v1/chatkit/threads", f"{SESSIONS}/x"]),
    ],
)
async def test_requests_are_searched_and_filtered(emulator: Emulator, query: str, paths: list[str]) -> None:
    emulator.add_faults(Fault(status=503))
    await post(emulator.base_url)
    await post(emulator.base_url, {"user": "usér", "workflow": {"id": "wf_1"}})
    await raw_response(emulator.base_url, request_bytes("GET", f"{SESSIONS}/x/cancel"))
    await raw_response(emulator.base_url, LIST)
    rows = (await control_get(emulator, f"state?{query}")).json["rows"]
    assert [row["path"].removesuffix("/cancel") for row in rows] == paths


async def test_threads_and_sessions_are_searched_and_filtered(emulator: Emulator) -> None:
    emulator.seed(
        threads=[
            {"thread": {"id": "cthr_1", "title": "Opening Hours", "user": "ada"}},
            {"thread": {"id": "cthr_2", "user": "Bob", "status": {"type": "closed"}}},
        ],
        sessions=[{"id": "cksess_1", "user": "ada"}, {"id": "cksess_2", "workflow": {"id": "wf_9"}, "expires_at": 5}],
    )
    for target, keys in (
        ("view=threads&search=hours", ["cthr_1"]),
        ("view=threads&search=bob", ["cthr_2"]),
        ("view=threads&filter=closed", ["cthr_2"]),
        ("view=sessions&search=wf_9", ["cksess_2"]),
        ("view=sessions&filter=active", ["cksess_1"]),
        ("view=sessions&filter=cancelled", []),
    ):
        assert [row["key"] for row in (await control_get(emulator, f"state?{target}")).json["rows"]] == keys


async def test_the_state_cuts_long_texts_off(emulator: Emulator) -> None:
    emulator.seed(threads=[{"thread": {"id": "cthr_1", "title": "x" * 20_001}}])
    await post(emulator.base_url, b'"' + b"y" * 30_000 + b'"')
    thread = (await control_get(emulator, "state?view=threads")).json["rows"][0]["thread"]
    assert thread["title"] == "x" * 20_000 + "… (20,001 characters)"
    assert (await control_get(emulator, "state?open=1")).json["details"]["1"]["body"].endswith("y… (30,002 bytes)")
    assert len(emulator.requests()[0].body) == 30_002


async def test_a_search_finds_the_response_of_a_request_that_was_pending(emulator: Emulator) -> None:
    emulator.add_faults(Fault(delay=600), Fault(status=418))
    pending = asyncio.create_task(post(emulator.base_url))
    while not emulator.sessions():
        await asyncio.sleep(0.001)
    assert (await control_get(emulator, "state?search=pending")).json["matching"] == 1
    assert (await control_get(emulator, "state?search=disconnected")).json["matching"] == 0
    pending.cancel()
    while emulator.requests()[0].ended == "pending":
        await asyncio.sleep(0.001)
    assert (await control_get(emulator, "state?search=disconnected")).json["matching"] == 1
