"""What the control plane does is what the methods of `Emulator` do."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest

from chatkit_async.emulator import Emulator, Fault
from tests.emulator.raw import SESSIONS, Answer, answered, parsed, post, request_bytes
from tests.emulator_control.asking import BEGINNING, MESSAGE, THREAD, show, tell

CREATE = request_bytes("POST", SESSIONS, b'{"user":"user_1","workflow":{"id":"wf_1"}}')
LIST = request_bytes("GET", "/v1/chatkit/threads")
SEED: dict[str, Any] = {
    "threads": [{"thread": THREAD, "items": [MESSAGE, {"type": "chatkit.task"}]}, {"thread": {}}],
    "sessions": [{"id": "cksess_1", "user": "user_1"}, {"status": "cancelled"}],
}
CHANGING = re.compile(rb"\r\n(openai-processing-ms|x-request-id): [^\r]*", re.IGNORECASE)

FAULTS: list[tuple[dict[str, Any], Fault]] = [
    ({"status": 429, "headers": {"retry-after": "3"}}, Fault(status=429, headers={"retry-after": "3"})),
    ({"status": 429, "headers": {"retry-after": 3}}, Fault(status=429, headers={"retry-after": "3"})),
    ({"status": 500, "times": 2}, Fault(status=500, times=2)),
    ({"status": 500, "path": "/chatkit/sessions"}, Fault(status=500, path="/chatkit/sessions")),
    ({"status": 500, "path": "/cancel"}, Fault(status=500, path="/cancel")),
    ({"status": 502, "method": "GET"}, Fault(status=502, method="GET")),
    ({"status": 502, "method": "get"}, Fault(status=502, method="GET")),
    ({"status": 400, "body": {"a": [1, None]}}, Fault(status=400, body={"a": [1, None]})),
    ({"status": 200, "body": {}}, Fault(status=200, body={})),
    ({"body": {}, "headers": {}, "status": None, "delay": 0.01, "drop": False}, Fault(delay=0.01)),
    ({"status": 429, "headers": {}, "body": {}, "delay": 0, "drop": "after"}, Fault(drop="after")),
    ({"body": "plain"}, Fault(body="plain")),
    ({"delay": 0.01}, Fault(delay=0.01)),
    ({"drop": True}, Fault(drop=True)),
    ({"drop": "after"}, Fault(drop="after")),
    ({"drop": False, "status": None, "body": None, "kind": None, "headers": {}, "delay": 0}, Fault()),
    ({"kind": "truncated"}, Fault(kind="truncated")),
    ({"kind": "broken_json"}, Fault(kind="broken_json")),
    ({"kind": "html"}, Fault(kind="html")),
    ({"kind": "trickle"}, Fault(kind="trickle")),
    ({"kind": "empty_page", "method": "GET"}, Fault(kind="empty_page", method="GET")),
    ({"kind": "stuck_cursor", "method": "GET"}, Fault(kind="stuck_cursor", method="GET")),
]


def still() -> Emulator:
    """An emulator whose clock stands and whose ids are counted."""
    numbers: Iterator[int] = itertools.count(1)
    return Emulator(read_clock=lambda: float(BEGINNING), new_token=lambda: f"{next(numbers):048x}")


def held(emulator: Emulator) -> tuple[object, ...]:
    threads = emulator.threads()
    return threads, [emulator.items(str(thread["id"])) for thread in threads], emulator.sessions()


@pytest.mark.parametrize("reset", [False, True])
async def test_a_seed_is_held_as_the_method_holds_it(reset: bool) -> None:
    earlier = [{"id": "cksess_1", "user": "earlier"}, {"id": "cksess_0"}]
    async with still() as told, still() as called:
        for emulator in (told, called):
            emulator.seed(sessions=earlier)
        answer = await tell(told, "seed", {**SEED, "reset": reset})
        called.seed(**SEED, reset=reset)
        assert held(told) == held(called)
        assert (answer.status, answer.json) == (200, {"threads": 2, "sessions": 2 if reset else 3})


@pytest.mark.parametrize(("row", "fault"), FAULTS)
async def test_a_fault_befalls_as_that_of_the_method_does(row: dict[str, Any], fault: Fault) -> None:
    async with still() as told, still() as called:
        answer = await tell(told, "faults", {"faults": [row]})
        assert (answer.status, answer.json) == (200, {"faults": 1})
        called.add_faults(fault)
        for emulator in (told, called):
            emulator.seed(**SEED)
        for request in (CREATE, CREATE, LIST, CREATE):
            assert await constant(told, request) == await constant(called, request)
        assert held(told) == held(called)


async def constant(emulator: Emulator, request: bytes) -> bytes:
    """What comes back, without what differs each time."""
    return CHANGING.sub(b"", await answered(emulator.base_url, request))


async def test_faults_come_one_after_the_other_in_place_of_those_before_and_none_clears_them(
    emulator: Emulator,
) -> None:
    await tell(emulator, "faults", {"faults": [{"status": 502, "times": 9}]})
    await tell(emulator, "faults", {"faults": [{"status": 429}, {"status": 500}, {"status": 503, "times": 5}]})
    assert [(await post(emulator.base_url)).status for _ in range(4)] == [429, 500, 503, 503]
    assert (await tell(emulator, "faults", {"faults": []})).json == {"faults": 0}
    assert (await post(emulator.base_url)).status == 200


async def test_the_clock_moves_and_tells_where_it_is() -> None:
    async with still() as emulator:
        session = (await post(emulator.base_url)).json
        assert (await tell(emulator, "clock", {"advance": 599.5})).json == {"now": BEGINNING + 599.5}
        assert emulator.sessions()[0]["status"] == "active"
        assert (await tell(emulator, "clock", {"advance": 1})).json == {"now": BEGINNING + 600.5}
        assert emulator.sessions()[0]["status"] == "expired"
        assert (await tell(emulator, "clock", {"now": session["expires_at"] - 1})).json == {"now": BEGINNING + 599}
        assert emulator.sessions()[0]["status"] == "active"
        assert (await tell(emulator, "clock", {"advance": -99})).json == {"now": BEGINNING + 500}


@pytest.mark.parametrize("body", [b"", b"{}"])
async def test_reset_forgets_everything(body: bytes) -> None:
    async with still() as emulator:
        emulator.seed(**SEED)
        emulator.add_faults(Fault(status=500))
        emulator.advance_clock(60)
        assert (await tell(emulator, "reset", body)).status == 200
        assert held(emulator) == ([], [], [])
        assert emulator.requests() == []
        assert (await show(emulator, "state")).json["now"] == BEGINNING
        assert (await post(emulator.base_url)).status == 200


async def test_reset_needs_neither_a_body_nor_its_type(emulator: Emulator) -> None:
    emulator.seed(**SEED)
    assert (await tell(emulator, "reset", b"", Content_Type=None)).status == 200
    assert emulator.threads() == []


async def test_requests_are_those_of_the_method_but_in_json() -> None:
    async with still() as emulator:
        await post(emulator.base_url, target=f"{SESSIONS}?a=1&b=%C3%A9")
        await post(emulator.base_url, b"no json", X_Trace="t1")
        await answered(emulator.base_url, LIST)
        first, second, third = (await show(emulator, "requests")).json["requests"]
        assert (first["method"], first["path"], first["query"]) == ("POST", SESSIONS, {"a": "1", "b": "é"})
        assert first["body"] == {"user": "user_1", "workflow": {"id": "wf_1"}}
        assert (first["received_at"], first["ended"], first["status"]) == (BEGINNING, "answered", 200)
        assert (second["body"], second["headers"]["x-trace"]) == ("no json", "t1")
        assert (third["method"], third["body"]) == ("GET", None)
        assert (await show(emulator, "requests?limit=1")).json["requests"] == [third]
        assert (await show(emulator, "requests?limit=0")).json["requests"] == []


async def test_the_state_is_everything_that_is_held() -> None:
    async with still() as emulator:
        emulator.seed(**SEED)
        await answered(emulator.base_url, LIST)
        state = (await show(emulator, "state?thread_id=cthr_1&thread_id=cthr_gone")).json
        assert state["now"] == BEGINNING
        assert state["threads"] == {"total": 2, "data": emulator.threads()}
        masked = [{**session, "client_secret": "***"} for session in emulator.sessions()]
        assert state["sessions"] == {"total": 2, "data": masked}
        assert state["requests"]["data"] == (await show(emulator, "requests")).json["requests"]
        assert state["items"] == {"cthr_1": {"total": 2, "data": emulator.items("cthr_1")}}


async def test_a_session_in_the_state_expires_by_the_clock() -> None:
    async with still() as emulator:
        emulator.seed(sessions=[{}])
        emulator.advance_clock(600)
        assert (await show(emulator, "state")).json["sessions"]["data"][0]["status"] == "expired"


async def test_the_state_shows_the_newest_of_many(emulator: Emulator) -> None:
    threads = [{"thread": {"id": f"cthr_{number}", "created_at": number}} for number in range(150)]
    emulator.seed(threads=threads)
    state = (await show(emulator, "state")).json
    assert state["threads"]["total"] == 150
    assert [one["id"] for one in state["threads"]["data"]] == [f"cthr_{number}" for number in range(50, 150)]
    assert [one["id"] for one in (await show(emulator, "state?limit=1")).json["threads"]["data"]] == ["cthr_149"]


async def test_the_state_cuts_long_texts_off(emulator: Emulator) -> None:
    emulator.seed(threads=[{"thread": {"id": "cthr_1", "title": "x" * 20_001}}])
    await post(emulator.base_url, b'"' + b"y" * 30_000 + b'"')
    state = (await show(emulator, "state")).json
    assert state["threads"]["data"][0]["title"] == "x" * 20_000 + "… (20,001 characters)"
    assert state["requests"]["data"][0]["body"].endswith("y… (30,002 bytes)")
    assert len(emulator.requests()[0].body) == 30_002


async def test_no_fault_befalls_the_control_plane_and_nothing_is_recorded(emulator: Emulator) -> None:
    emulator.add_faults(Fault(status=500), Fault(method="GET", drop=True))
    answers: list[Answer] = [
        await tell(emulator, "seed", {}),
        await tell(emulator, "clock", {"advance": 1}),
        await show(emulator, "state"),
        await show(emulator, "requests"),
        await show(emulator, "nothing"),
    ]
    assert [answer.status for answer in answers] == [200, 200, 200, 200, 404]
    assert parsed(await answered(emulator.base_url, request_bytes("GET", "/"))).status == 200
    assert emulator.requests() == []
    assert (await post(emulator.base_url)).status == 500


async def test_no_key_is_needed() -> None:
    async with Emulator(api_keys=["sk-only"]) as emulator:
        assert (await tell(emulator, "seed", SEED)).status == 200
