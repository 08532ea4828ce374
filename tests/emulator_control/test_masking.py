"""The control plane shows no secret."""

from __future__ import annotations

import json

from chatkit_async.emulator import Emulator, Fault
from tests.emulator.raw import SESSIONS, post
from tests.emulator_control.control_requests import control_get

SECRET = "s3cr3t-0123456789"


async def shown(emulator: Emulator) -> str:
    """Everything the control plane shows, as text."""
    opened = "&".join(f"open={number}" for number in range(1, 9))
    targets = ("requests", f"state?{opened}", "state?view=sessions", "state?search=s3cr3t", "state?search=ek_")
    responses = [await control_get(emulator, target) for target in targets]
    return "".join(response.body.decode() for response in responses)


async def test_client_secrets_are_masked_but_stored(emulator: Emulator) -> None:
    created = (await post(emulator.base_url)).json
    assert created["client_secret"] not in await shown(emulator)
    assert (await control_get(emulator, "state?view=sessions")).json["rows"][0]["session"]["client_secret"] == "***"
    assert emulator.sessions()[0]["client_secret"] == created["client_secret"]


async def test_no_search_finds_a_secret(emulator: Emulator) -> None:
    created = (await post(emulator.base_url)).json
    for view in ("requests", "sessions"):
        target = f"state?view={view}&search={created['client_secret'][:20]}"
        assert (await control_get(emulator, target)).json["matching"] == 0


async def test_faults_show_no_secret(emulator: Emulator) -> None:
    emulator.add_faults(Fault(body={"client_secret": SECRET}, headers={"set-cookie": SECRET}, times=2))
    await post(emulator.base_url)
    assert SECRET not in await shown(emulator)


async def test_headers_with_secrets_are_masked(emulator: Emulator) -> None:
    await post(
        emulator.base_url,
        Authorization=f"Bearer sk-{SECRET}",
        Cookie=f"session={SECRET}",
        X_Api_Key=SECRET,
        Proxy_Authorization=f"Basic {SECRET}",
        X_Other=f"Bearer {SECRET}",
    )
    assert SECRET not in await shown(emulator)
    (request,) = (await control_get(emulator, "requests")).json["requests"]
    assert request["headers"]["authorization"] == "Bearer ***"
    assert request["headers"]["cookie"] == "***"


async def test_a_key_without_a_scheme_is_masked(emulator: Emulator) -> None:
    await post(emulator.base_url, Authorization=SECRET)
    assert SECRET not in await shown(emulator)


async def test_secrets_in_bodies_paths_and_queries_are_masked(emulator: Emulator) -> None:
    document = {"api_key": SECRET, "deep": [{"client_secret": SECRET}, f"use ek_{SECRET}"], f"sk-{SECRET}": 1}
    await post(
        emulator.base_url, document, target=f"{SESSIONS}/ek_{SECRET}/cancel?key=sk-{SECRET}&client_secret={SECRET}"
    )
    await post(emulator.base_url, b'{"client_secret": "' + SECRET.encode() + b'", ')
    await post(emulator.base_url, json.dumps({"client_secret": SECRET, "long": "x" * 30_000}).encode())
    assert SECRET not in await shown(emulator)


async def test_everything_else_is_shown_unchanged(emulator: Emulator) -> None:
    document = {"user": "user_1", "number": 1.5, "list": [True, None, "text"]}
    await post(emulator.base_url, document)
    assert (await control_get(emulator, "requests")).json["requests"][0]["body"] == document


async def test_a_body_that_no_parser_takes_is_shown_as_text(emulator: Emulator) -> None:
    for body in (b"[" * 5000, b"NaN", b'"\\ud800"', b"\xff\xfe", b"[" * 700 + b"]" * 700):
        await post(emulator.base_url, body)
    bodies = [request["body"] for request in (await control_get(emulator, "requests")).json["requests"]]
    assert bodies[:4] == ["[" * 5000, "NaN", '"\\ud800"', "\ufffd\ufffd"]
    assert len(bodies) == 5
