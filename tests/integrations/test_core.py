"""What the endpoint decides where no real server shows it: TLS, the server's own faults, what is logged and shown."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import AsyncIterator
from typing import Any

import pytest

from chatkit_async import APITimeoutError, AsyncChatKit, ConfigurationError, RateLimitError
from chatkit_async.broker import AsyncSessionBroker
from chatkit_async.emulator import Emulator, Fault
from chatkit_async.errors import ChatKitError, ClientClosedError, MintingLimitError, SessionRevokedError
from chatkit_async.integrations import Identity
from chatkit_async.integrations.answer import Answer
from chatkit_async.integrations.endpoint import Endpoint
from chatkit_async.integrations.failure import failed
from chatkit_async.integrations.waiting import run_blocking

from .visiting import endpoint, visit

KEYS = ["a key that signs cookies, of chance"]


@pytest.fixture
async def broker(client: AsyncChatKit) -> AsyncIterator[AsyncSessionBroker]:
    async with AsyncSessionBroker(client, workflow="wf_1", sessions_per_minute=2) as made:
        yield made


def error_of(answer: Answer) -> Any:
    return json.loads(answer.body)["error"]


async def test_over_tls_a_page_that_came_without_is_foreign(broker: AsyncSessionBroker) -> None:
    asked = visit(identity="ada", Host="shop.example", Origin="http://shop.example")
    assert (await endpoint(broker).answer(asked)).status == 403
    assert (
        await endpoint(broker).answer(visit(identity="ada", Host="shop.example", Origin="https://shop.example"))
    ).status == 200


async def test_without_a_host_no_page_is_the_apps_own(broker: AsyncSessionBroker) -> None:
    assert (await endpoint(broker).answer(visit(identity="ada", Origin="https://shop.example"))).status == 403


@pytest.mark.parametrize("origin", ["capacitor://localhost", "chrome-extension://abcdefgh", "tauri://localhost"])
async def test_the_origin_of_an_app_that_is_no_website_can_be_allowed(broker: AsyncSessionBroker, origin: str) -> None:
    asked = visit(identity="ada", Host="shop.example", Origin=origin)
    assert (await endpoint(broker).answer(asked)).status == 403
    assert (await endpoint(broker, allowed_origins=[origin]).answer(asked)).status == 200


@pytest.mark.parametrize(
    "origins",
    ["https://shop.example", None, 7, ["*"], ["null"], ["https://shop.example/"], ["shop.example"], [""], [7]],
)
def test_what_is_no_origin_cannot_be_allowed(broker: AsyncSessionBroker, origins: Any) -> None:
    with pytest.raises(ConfigurationError, match="allowed_origins"):
        endpoint(broker, allowed_origins=origins)


def test_an_endpoint_that_could_serve_nobody_is_refused(broker: AsyncSessionBroker) -> None:
    with pytest.raises(ConfigurationError, match="identify, or cookie_keys"):
        Endpoint(broker, {}, knows_users=False)


def test_a_misspelt_option_is_a_type_error(broker: AsyncSessionBroker) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'cookie_key'"):
        endpoint(broker, cookie_key=KEYS)


async def test_too_many_sessions_for_a_user_are_refused_with_the_wait(broker: AsyncSessionBroker) -> None:
    made = endpoint(broker)
    for device in ("one", "two"):
        assert (await made.answer(visit(identity=Identity("ada", device)))).status == 200
    refused = await made.answer(visit(identity=Identity("ada", "three")))
    assert (refused.status, error_of(refused)["code"]) == (429, "rate_limited")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert (await made.answer(visit(identity="brook"))).status == 200


async def test_without_an_api_key_the_fault_is_the_servers_and_the_log_says_what_to_do(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        AsyncChatKit(base_url=emulator.base_url) as client,
        AsyncSessionBroker(client, workflow="wf_1") as broker,
    ):
        answer = await endpoint(broker).answer(visit(identity="ada"))
    assert (answer.status, error_of(answer)["code"]) == (500, "server_error")
    assert b"OPENAI" not in answer.body
    assert "OPENAI_API_KEY" in caplog.text


async def test_what_identify_did_wrong_is_logged_without_the_user(
    broker: AsyncSessionBroker, caplog: pytest.LogCaptureFixture
) -> None:
    for identity in ("x" * 600, 7, "", Identity("ada", "d" * 600)):
        assert (await endpoint(broker).answer(visit(identity=identity))).status == 500
    assert "identify returned a user that has 600 characters; at most 512 are allowed" in caplog.text
    assert "identify returned a user that must be a string, not an integer" in caplog.text
    assert "identify returned a device that has 600 characters" in caplog.text
    assert "xxx" not in caplog.text


async def test_a_failure_is_logged_without_user_body_or_secret(
    broker: AsyncSessionBroker, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    said = {"error": {"message": "no user ada_lovelace", "code": "no_user"}}  # the API's words may name him
    emulator.add_faults(Fault(path="/chatkit/sessions", status=400, body=said))
    caplog.set_level(logging.DEBUG)
    asked = visit(identity="ada_lovelace", body=b'{"currentClientSecret": "ek_held_by_ada"}')
    assert (await endpoint(broker).answer(asked)).status == 502
    assert "answered with 502: sessions.create: 400 no_user (request req_" in caplog.text
    assert "lovelace" not in caplog.text
    assert "held_by" not in caplog.text


async def test_state_variables_come_from_the_app_too(broker: AsyncSessionBroker, emulator: Emulator) -> None:
    made = endpoint(broker)
    for plan in ("free", "pro"):
        assert (await made.answer(visit(identity=Identity("ada", state_variables={"plan": plan})))).status == 200
    assert [session["workflow"]["state_variables"] for session in emulator.sessions()] == [
        {"plan": "free"},
        {"plan": "pro"},
    ]


@pytest.mark.parametrize("variables", [{"plan": ["a", "list"]}, {"p" * 65: 1}, "plan", 7])
async def test_state_variables_that_cannot_be_are_the_servers_fault(
    broker: AsyncSessionBroker, emulator: Emulator, variables: Any
) -> None:
    answer = await endpoint(broker).answer(visit(identity=Identity("ada", state_variables=variables)))
    assert (answer.status, error_of(answer)["code"]) == (500, "server_error")
    assert emulator.sessions() == []


async def test_logout_says_what_identify_did_wrong(broker: AsyncSessionBroker) -> None:
    with pytest.raises(ConfigurationError, match="logout: identify returned a user that must be a string"):
        await endpoint(broker).revoke(visit(identity=7))


@pytest.mark.parametrize("length", ["-1", "0x10", "١٢", "1 2", "5, 5", "1e3"])
async def test_a_length_that_is_no_number_is_refused(
    broker: AsyncSessionBroker, emulator: Emulator, length: str
) -> None:
    answer = await endpoint(broker).answer(visit(identity="ada", Content_Length=length))
    assert (answer.status, error_of(answer)["code"]) == (400, "bad_request")
    assert emulator.sessions() == []


async def test_logout_drops_no_cookie_where_there_never_is_one(broker: AsyncSessionBroker) -> None:
    await endpoint(broker).answer(visit(identity="ada"))
    revocation, cookie = await endpoint(broker).revoke(visit(identity="ada"))
    assert len(revocation.sessions) == 1
    assert revocation.is_complete
    assert cookie is None


def refused_with(error: ChatKitError) -> tuple[int, str | None]:
    answer = failed(error)
    return answer.status, answer.headers.get("Retry-After")


@pytest.mark.parametrize(
    ("error", "answered"),
    [
        (MintingLimitError("too many", 12.2), (429, "13")),
        (MintingLimitError("too many", 0.0), (429, "1")),
        (RateLimitError("slow down", status=429, retry_after_s=float("inf")), (429, "5")),
        (RateLimitError("slow down", status=429, retry_after_s=1e9), (429, "3600")),
        (RateLimitError("pay", status=429, code="insufficient_quota"), (503, "30")),
        (APITimeoutError("late"), (504, None)),
        (ClientClosedError("closed"), (503, "30")),
        (SessionRevokedError("gone"), (409, None)),
        (ConfigurationError("no key"), (500, None)),
    ],
)
def test_an_error_has_its_status_and_a_wait_that_a_header_can_hold(
    error: ChatKitError, answered: tuple[int, str | None]
) -> None:
    assert refused_with(error) == answered


class Broken(Exception):
    """What an app's own code may raise."""


def own_frames(error: BaseException) -> list[str]:
    """The locals of each of our frames, as whoever reports errors shows them."""
    stack = traceback.TracebackException.from_exception(error, capture_locals=True).stack
    return [str(frame.locals) for frame in stack if "chatkit_async/integrations" in frame.filename]


async def test_no_frame_shows_a_key_or_a_secret_when_the_apps_own_code_fails(broker: AsyncSessionBroker) -> None:
    made = endpoint(broker, cookie_keys=KEYS)
    first = await made.answer(visit(identity=None))
    assert first.cookie is not None

    def fail() -> Any:
        raise Broken

    asked = visit(body=b'{"currentClientSecret": "ek_held_by_ada"}', cookies={first.cookie.name: first.cookie.value})
    object.__setattr__(asked, "identify", fail)
    with pytest.raises(Broken) as caught:
        await made.answer(asked)
    frames = own_frames(caught.value)
    assert len(frames) >= 2
    for hidden in ("ek_held", first.cookie.value, "of chance"):
        assert [frame for frame in frames if hidden in frame] == []


def test_no_frame_shows_a_key_when_settings_are_refused(broker: AsyncSessionBroker) -> None:
    from chatkit_async.integrations.starlette import session_endpoint

    with pytest.raises(ConfigurationError) as caught:
        session_endpoint(broker, cookie_keys=KEYS, allowed_origins=["*"])
    frames = own_frames(caught.value)
    assert len(frames) >= 3
    assert [frame for frame in frames if "of chance" in frame] == []


def test_a_coroutine_that_waits_cannot_run_in_a_blocking_view() -> None:
    import asyncio

    with pytest.raises(ConfigurationError, match="something to wait for"):
        run_blocking(asyncio.sleep(0))
