"""What the control plane does is what the methods of `Emulator` do."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest

from chatkit_async.emulator import Emulator, Fault
from tests.emulator.raw import SESSIONS, RawResponse, parsed, post, raw_response, request_bytes
from tests.emulator_control.control_requests import BEGINNING, MESSAGE, THREAD, control_get, control_post

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


def contents(emulator: Emulator) -> tuple[object, ...]:
    threads = emulator.threads()
    return threads, [emulator.items(str(thread["id"])) for thread in threads], emulator.sessions()


@pytest.mark.parametrize("reset", [False, True])
async def test_a_seed_has_the_effect_of_the_method(reset: bool) -> None:
    earlier = [{"id": "cksess_1", "user": "earlier"}, {"id": "cksess_0"}]
    async with still() as by_http, still() as by_method:
        for emulator in (by_http, by_method):
            emulator.seed(sessions=earlier)
        response = await control_post(by_http, "seed", {**SEED, "reset": reset})
        by_method.seed(**SEED, reset=reset)
        assert contents(by_http) == contents(by_method)
        assert (response.status, response.json) == (200, {"threads": 2, "sessions": 2 if reset else 3})


@pytest.mark.parametrize(("row", "fault"), FAULTS)
async def test_a_fault_has_the_effect_of_the_method(row: dict[str, Any], fault: Fault) -> None:
    async with still() as by_http, still() as by_method:
        response = await control_post(by_http, "faults", {"faults": [row]})
        assert (response.status, response.json) == (200, {"faults": 1})
        by_method.add_faults(fault)
        for emulator in (by_http, by_method):
            emulator.seed(**SEED)
        for request in (CREATE, CREATE, LIST, CREATE):
            assert await constant(by_http, request) == await constant(by_method, request)
        assert contents(by_http) == contents(by_method)


async def constant(emulator: Emulator, request: bytes) -> bytes:
    """What comes back, without what differs each time."""
    return CHANGING.sub(b"", await raw_response(emulator.base_url, request))


async def test_faults_come_one_after_the_other_in_place_of_those_before_and_none_clears_them(
    emulator: Emulator,
) -> None:
    await control_post(emulator, "faults", {"faults": [{"status": 502, "times": 9}]})
    await control_post(emulator, "faults", {"faults": [{"status": 429}, {"status": 500}, {"status": 503, "times": 5}]})
    assert [(await post(emulator.base_url)).status for _ in range(4)] == [429, 500, 503, 503]
    assert (await control_post(emulator, "faults", {"faults": []})).json == {"faults": 0}
    assert (await post(emulator.base_url)).status == 200


async def test_the_clock_moves_and_tells_where_it_is() -> None:
    async with still() as emulator:
        session = (await post(emulator.base_url)).json
        assert (await control_post(emulator, "clock", {"advance": 599.5})).json == {"now": BEGINNING + 599.5}
        assert emulator.sessions()[0]["status"] == "active"
        assert (await control_post(emulator, "clock", {"advance": 1})).json == {"now": BEGINNING + 600.5}
        assert emulator.sessions()[0]["status"] == "expired"
        assert (await control_post(emulator, "clock", {"now": session["expires_at"] - 1})).json == {
            "now": BEGINNING + 599
        }
        assert emulator.sessions()[0]["status"] == "active"
        assert (await control_post(emulator, "clock", {"advance": -99})).json == {"now": BEGINNING + 500}


@pytest.mark.parametrize("body", [b"", b"{}"])
async def test_reset_forgets_everything(body: bytes) -> None:
    async with still() as emulator:
        emulator.seed(**SEED)
        emulator.add_faults(Fault(status=500))
        emulator.advance_clock(60)
        assert (await control_post(emulator, "reset", body)).status == 200
        assert contents(emulator) == ([], [], [])
        assert emulator.requests() == []
        assert (await control_get(emulator, "state")).json["now"] == BEGINNING
        assert (await post(emulator.base_url)).status == 200


async def test_reset_needs_neither_a_body_nor_its_type(emulator: Emulator) -> None:
    emulator.seed(**SEED)
    assert (await control_post(emulator, "reset", b"", Content_Type=None)).status == 200
    assert emulator.threads() == []


async def test_requests_are_those_of_the_method_but_in_json() -> None:
    async with still() as emulator:
        await post(emulator.base_url, target=f"{SESSIONS}?a=1&b=%C3%A9")
        await post(emulator.base_url, b"no json", X_Trace="t1")
        await raw_response(emulator.base_url, LIST)
        first, second, third = (await control_get(emulator, "requests")).json["requests"]
        assert (first["method"], first["path"], first["query"]) == ("POST", SESSIONS, {"a": "1", "b": "é"})
        assert first["body"] == {"user": "user_1", "workflow": {"id": "wf_1"}}
        assert (first["received_at"], first["ended"], first["status"]) == (BEGINNING, "responded", 200)
        assert (second["body"], second["headers"]["x-trace"]) == ("no json", "t1")
        assert (third["method"], third["body"]) == ("GET", None)
        assert (await control_get(emulator, "requests?limit=1")).json["requests"] == [third]
        assert (await control_get(emulator, "requests?limit=0")).json["requests"] == []


async def test_requests_come_with_their_responses_and_faults() -> None:
    async with still() as emulator:
        emulator.add_faults(Fault(status=429, headers={"x-request-id": "req_1"}), Fault(drop="after"))
        await post(emulator.base_url)
        await raw_response(emulator.base_url, CREATE)
        await post(emulator.base_url)
        limited, dropped, created = (await control_get(emulator, "requests")).json["requests"]
        assert (limited["response"]["status"], limited["request_id"]) == (429, "req_1")
        assert limited["response"]["body"]["error"]["code"] == "rate_limit_exceeded"
        assert limited["failure"] == "Rate limit reached for requests. Please try again later."
        assert limited["fault"] == {"status": 429, "headers": {"x-request-id": "req_1"}}
        assert (dropped["response"], dropped["status"], dropped["fault"]) == (None, None, {"drop": "after"})
        assert dropped["failure"] == "A fault closed the connection after the work was done."
        assert created["response"]["body"] == {**emulator.sessions()[1], "client_secret": "***"}
        assert created["response"]["headers"]["content-type"] == "application/json"
        assert (created["failure"], created["fault"]) == (None, None)
        assert created["duration_ms"] >= 0


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        (Fault(drop=True), "A fault closed the connection before any work was done."),
        (Fault(kind="truncated"), "A fault closed the connection in the middle of the body."),
        (Fault(status=404, body="<p>"), "The response has the status 404."),
        (Fault(status=302), None),
        (Fault(kind="html"), None),
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_a_request_says_why_it_failed(fault: Fault, failure: str | None) -> None:
    async with still() as emulator:
        emulator.add_faults(fault)
        await raw_response(emulator.base_url, CREATE)
        assert (await control_get(emulator, "requests")).json["requests"][0]["failure"] == failure


async def test_faults_are_appended_on_request(emulator: Emulator) -> None:
    await control_post(emulator, "faults", {"faults": [{"status": 502}]})
    assert (await control_post(emulator, "faults", {"faults": [{"status": 503}], "append": True})).json == {"faults": 2}
    assert [(await post(emulator.base_url)).status for _ in range(3)] == [502, 503, 200]


async def test_the_state_counts_everything_and_has_the_faults_that_wait() -> None:
    async with still() as emulator:
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
    async with still() as emulator:
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
    async with still() as emulator:
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
        ("search=405", [f"{SESSIONS}/x"]),
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


async def test_the_sample_is_a_seed(emulator: Emulator) -> None:
    sample = (await control_get(emulator, "sample")).json
    assert (await control_post(emulator, "seed", sample)).json == {"threads": 2, "sessions": 2}


async def test_the_control_plane_meets_no_faults_and_is_not_logged(emulator: Emulator) -> None:
    emulator.add_faults(Fault(status=500), Fault(method="GET", drop=True))
    responses: list[RawResponse] = [
        await control_post(emulator, "seed", {}),
        await control_post(emulator, "clock", {"advance": 1}),
        await control_get(emulator, "state"),
        await control_get(emulator, "requests"),
        await control_get(emulator, "nothing"),
    ]
    assert [response.status for response in responses] == [200, 200, 200, 200, 404]
    assert parsed(await raw_response(emulator.base_url, request_bytes("GET", "/"))).status == 200
    assert emulator.requests() == []
    assert (await post(emulator.base_url)).status == 500


async def test_no_key_is_needed() -> None:
    async with Emulator(api_keys=["sk-only"]) as emulator:
        assert (await control_post(emulator, "seed", SEED)).status == 200


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
