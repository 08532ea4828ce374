"""The control plane does the same as the methods of `Emulator`."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chatkit_async.emulator import Emulator, Fault
from tests.emulator.raw import SESSIONS, RawResponse, parsed, post, raw_response, request_bytes
from tests.emulator_control.control_requests import (
    BEGINNING,
    CREATE,
    LIST,
    SEED,
    constant_emulator,
    control_get,
    control_post,
)

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


def contents(emulator: Emulator) -> tuple[object, ...]:
    threads = emulator.threads()
    return threads, [emulator.items(str(thread["id"])) for thread in threads], emulator.sessions()


@pytest.mark.parametrize("reset", [False, True])
async def test_a_seed_has_the_effect_of_the_method(reset: bool) -> None:
    earlier = [{"id": "cksess_1", "user": "earlier"}, {"id": "cksess_0"}]
    async with constant_emulator() as by_http, constant_emulator() as by_method:
        for emulator in (by_http, by_method):
            emulator.seed(sessions=earlier)
        response = await control_post(by_http, "seed", {**SEED, "reset": reset})
        by_method.seed(**SEED, reset=reset)
        assert contents(by_http) == contents(by_method)
        assert (response.status, response.json) == (200, {"threads": 2, "sessions": 2 if reset else 3})


@pytest.mark.parametrize(("row", "fault"), FAULTS)
async def test_a_fault_has_the_effect_of_the_method(row: dict[str, Any], fault: Fault) -> None:
    async with constant_emulator() as by_http, constant_emulator() as by_method:
        response = await control_post(by_http, "faults", {"faults": [row]})
        assert (response.status, response.json) == (200, {"faults": 1})
        by_method.add_faults(fault)
        for emulator in (by_http, by_method):
            emulator.seed(**SEED)
        for request in (CREATE, CREATE, LIST, CREATE):
            assert await constant(by_http, request) == await constant(by_method, request)
        assert contents(by_http) == contents(by_method)


async def constant(emulator: Emulator, request: bytes) -> bytes:
    """The response without values that differ each time."""
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
    async with constant_emulator() as emulator:
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
    async with constant_emulator() as emulator:
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
    async with constant_emulator() as emulator:
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
    async with constant_emulator() as emulator:
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
    async with constant_emulator() as emulator:
        emulator.add_faults(fault)
        await raw_response(emulator.base_url, CREATE)
        assert (await control_get(emulator, "requests")).json["requests"][0]["failure"] == failure


async def test_faults_are_appended_on_request(emulator: Emulator) -> None:
    await control_post(emulator, "faults", {"faults": [{"status": 502}]})
    assert (await control_post(emulator, "faults", {"faults": [{"status": 503}], "append": True})).json == {"faults": 2}
    assert [(await post(emulator.base_url)).status for _ in range(3)] == [502, 503, 200]


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
