"""Wrong input to the control plane: the response names its path, and nothing is changed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatkit_async.emulator import Emulator, _http_server
from tests.emulator.raw import post
from tests.emulator_control.control_requests import MESSAGE, THREAD, control_get, control_post, error_of

GOOD_FAULT = {"status": 500}

WRONG: list[tuple[str, Any, str]] = [
    ("seed", {"thread": []}, "thread"),
    ("seed", {"reset": 1}, "reset"),
    ("seed", {"threads": {}}, "threads"),
    ("seed", {"threads": None}, "threads"),
    ("seed", {"threads": "cthr_1"}, "threads"),
    ("seed", {"threads": [None]}, "threads[0]"),
    ("seed", {"threads": [{}]}, "threads[0].thread"),
    ("seed", {"threads": [{"thread": THREAD}, {"thread": {"title": 5}}]}, "threads[1].thread.title"),
    ("seed", {"threads": [{"thread": THREAD}, {"thread": THREAD}]}, "threads[1].thread.id"),
    ("seed", {"threads": [{"thread": THREAD, "items": [MESSAGE, {}]}]}, "threads[0].items[1].type"),
    ("seed", {"sessions": [{"status": "gone"}]}, "sessions[0].status"),
    ("seed", {"sessions": 1}, "sessions"),
    ("faults", {}, "faults"),
    ("faults", {"faults": {}}, "faults"),
    ("faults", {"faults": None}, "faults"),
    ("faults", {"fault": []}, "fault"),
    ("faults", {"faults": [GOOD_FAULT, 1]}, "faults[1]"),
    ("faults", {"faults": [GOOD_FAULT, {"state": 500}]}, "faults[1].state"),
    ("faults", {"faults": [{"times": 0}]}, "faults[0].times"),
    ("faults", {"faults": [{"times": "1"}]}, "faults[0].times"),
    ("faults", {"faults": [{"times": 1.5}]}, "faults[0].times"),
    ("faults", {"faults": [{"method": 1}]}, "faults[0].method"),
    ("faults", {"faults": [{"method": "GET /"}]}, "faults[0]"),
    ("faults", {"faults": [{"path": 1}]}, "faults[0].path"),
    ("faults", {"faults": [{"status": 199}]}, "faults[0].status"),
    ("faults", {"faults": [{"status": 600}]}, "faults[0].status"),
    ("faults", {"faults": [{"status": True}]}, "faults[0].status"),
    ("faults", {"faults": [{"headers": []}]}, "faults[0].headers"),
    ("faults", {"faults": [{"headers": {"a b": "1"}}]}, "faults[0].headers"),
    ("faults", {"faults": [{"headers": {"a": None}}]}, "faults[0].headers"),
    ("faults", {"faults": [{"headers": {"a": True}}]}, "faults[0].headers"),
    ("faults", {"faults": [{"headers": {"a": "1\r\nb: 2"}}]}, "faults[0].headers"),
    ("faults", {"faults": [{"delay": -1}]}, "faults[0].delay"),
    ("faults", {"faults": [{"delay": 10**400}]}, "faults[0].delay"),
    ("faults", {"faults": [{"delay": "1"}]}, "faults[0].delay"),
    ("faults", {"faults": [{"drop": "before"}]}, "faults[0].drop"),
    ("faults", {"faults": [{"drop": 1}]}, "faults[0].drop"),
    ("faults", {"faults": [{"drop": []}]}, "faults[0].drop"),
    ("faults", {"faults": [{"kind": "slow"}]}, "faults[0].kind"),
    ("faults", {"faults": [{"times": "never"}]}, "faults[0].times"),
    ("faults", {"faults": [{"skip": -1}]}, "faults[0].skip"),
    ("faults", {"faults": [{"query": {"limit": 5}}]}, "faults[0].query"),
    ("faults", {"faults": [GOOD_FAULT, {"method": "POST", "path": "/chatkit/threads"}]}, "faults[1]"),
    ("faults", {"faults": [], "append": 1}, "append"),
    ("clock", {}, "advance or now"),
    ("clock", {"advance": 1, "now": 1}, "advance, now"),
    ("clock", {"forward": 1}, "forward"),
    ("clock", {"advance": "1"}, "advance"),
    ("clock", {"advance": None}, "advance"),
    ("clock", {"advance": True}, "advance"),
    ("clock", {"advance": 10**400}, "advance"),
    ("clock", {"advance": -1e12}, "advance"),
    ("clock", {"now": -1}, "now"),
    ("clock", {"now": 1e300}, "now"),
    ("reset", {"hard": True}, "hard"),
    ("seed", [], "body"),
    ("faults", [], "body"),
    ("clock", 5, "body"),
    ("reset", None, "body"),
]


@pytest.mark.parametrize(("name", "document", "path"), WRONG)
async def test_a_wrong_value_is_named_by_its_path(emulator: Emulator, name: str, document: Any, path: str) -> None:
    emulator.seed(sessions=[{"id": "cksess_1"}])
    now_s = (await control_get(emulator, "state")).json["now"]
    response = await control_post(emulator, name, document)
    assert (response.status, error_of(response)["param"]) == (400, path)
    assert path in error_of(response)["message"]
    assert [session["id"] for session in emulator.sessions()] == ["cksess_1"]
    assert emulator.threads() == []
    assert (await control_get(emulator, "state")).json["now"] - now_s < 3600
    assert (await post(emulator.base_url)).status == 200


@pytest.mark.parametrize(
    "body",
    [b"{", b"\xff", b"NaN", b'{"now": NaN}', b'{"now": 1' + b"0" * 5000 + b"}", b'{"now": "\\ud800"}', b"[" * 100_000],
)
async def test_a_body_that_is_not_json_is_refused(emulator: Emulator, body: bytes) -> None:
    for name in ("seed", "faults", "clock", "reset"):
        response = await control_post(emulator, name, body)
        assert (response.status, error_of(response)["type"]) == (400, "invalid_request_error")


async def test_an_empty_body_is_an_empty_object(emulator: Emulator) -> None:
    assert (await control_post(emulator, "seed", b"")).status == 200
    assert error_of(await control_post(emulator, "faults", b""))["code"] == "missing_required_parameter"


@pytest.mark.parametrize("depth", [101, 900, 50_000])
@pytest.mark.parametrize(
    ("name", "around"),
    [
        ("seed", '{"threads": [{"thread": {"id": "cthr_1", "deep": %s}}]}'),
        ("seed", '{"sessions": %s}'),
        ("faults", '{"faults": [{"body": %s}]}'),
        ("clock", '{"now": %s}'),
    ],
)
async def test_a_body_nested_too_deeply_is_refused(emulator: Emulator, name: str, around: str, depth: int) -> None:
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        nested = opening * depth + "1" + closing * depth
        assert (await control_post(emulator, name, (around % nested).encode())).status == 400
    assert emulator.threads() == []
    assert (await post(emulator.base_url)).status == 200


async def test_a_body_that_is_too_large_is_refused(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http_server, "MAX_REQUEST_BODY_BYTES", 2000)
    document = {"threads": [{"thread": {"id": "cthr_1", "title": "x" * 2000}}]}
    assert (await control_post(emulator, "seed", document)).status == 413
    assert emulator.threads() == []
    assert (await post(emulator.base_url)).status == 200


async def test_the_largest_possible_seed_is_accepted(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http_server, "MAX_REQUEST_BODY_BYTES", 2000)
    document = {"threads": [{"thread": {"id": "cthr_1", "title": ""}}]}
    title = "x" * (2000 - len(json.dumps(document)))
    document = {"threads": [{"thread": {"id": "cthr_1", "title": title}}]}
    assert (await control_post(emulator, "seed", document)).status == 200
    assert emulator.threads()[0]["title"] == title


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("state?view=items", "view"),
        ("state?limit=1001", "limit"),
        ("state?limit=-1", "limit"),
        ("state?limit=x", "limit"),
        ("state?limit=1&limit=2", "limit"),
        ("state?thread=cthr_1", "thread"),
        ("requests?after=1", "after"),
        ("requests?limit=1.5", "limit"),
    ],
)
async def test_a_wrong_query_is_named_by_its_parameter(emulator: Emulator, target: str, path: str) -> None:
    response = await control_get(emulator, target)
    assert (response.status, error_of(response)["param"]) == (400, path)


async def test_a_seed_that_cannot_be_written_to_the_state_file_gets_500(tmp_path: Any) -> None:
    file = tmp_path / "state.sqlite"
    async with Emulator(state=file) as emulator:
        emulator._state.data.store._database.execute("PRAGMA query_only = ON")  # type: ignore[attr-defined]
        response = await control_post(emulator, "seed", {"threads": [{"thread": THREAD}]})
        assert response.status == 500
        assert str(file) in error_of(response)["message"]
        assert emulator.threads() == []
