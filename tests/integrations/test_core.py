"""The endpoint without a server: TLS, configuration errors, what is logged and what a traceback shows."""

from __future__ import annotations

import logging
import traceback
from collections.abc import AsyncIterator
from typing import Any

import attrs
import pytest

from chatkit_async import APITimeoutError, AsyncChatKit, ConfigurationError, RateLimitError
from chatkit_async.broker import AsyncSessionBroker
from chatkit_async.emulator import Emulator, Fault
from chatkit_async.errors import ChatKitError, ClientClosedError, MintingLimitError, SessionRevokedError
from chatkit_async.integrations import Identity
from chatkit_async.integrations._endpoint import Endpoint, run_blocking
from chatkit_async.integrations._refusals import refused_by

from .requesting import endpoint, error_of, post

KEYS = ["a key that signs cookies, of chance"]


@pytest.fixture
async def broker(client: AsyncChatKit) -> AsyncIterator[AsyncSessionBroker]:
    async with AsyncSessionBroker(client, workflow="wf_1", sessions_per_minute=2) as made:
        yield made


async def test_over_tls_a_page_served_over_http_is_foreign(broker: AsyncSessionBroker) -> None:
    request = post(identity="ada", Host="shop.example", Origin="http://shop.example")
    assert (await endpoint(broker).response(request)).status == 403
    assert (
        await endpoint(broker).response(post(identity="ada", Host="shop.example", Origin="https://shop.example"))
    ).status == 200


async def test_without_a_host_header_every_origin_is_foreign(broker: AsyncSessionBroker) -> None:
    assert (await endpoint(broker).response(post(identity="ada", Origin="https://shop.example"))).status == 403


@pytest.mark.parametrize("origin", ["capacitor://localhost", "chrome-extension://abcdefgh", "tauri://localhost"])
async def test_the_origin_of_a_mobile_or_desktop_app_can_be_allowed(broker: AsyncSessionBroker, origin: str) -> None:
    request = post(identity="ada", Host="shop.example", Origin=origin)
    assert (await endpoint(broker).response(request)).status == 403
    assert (await endpoint(broker, allowed_origins=[origin]).response(request)).status == 200


@pytest.mark.parametrize(
    "origins",
    ["https://shop.example", None, 7, ["*"], ["null"], ["https://shop.example/"], ["shop.example"], [""], [7]],
)
def test_allowed_origins_must_be_a_list_of_origins(broker: AsyncSessionBroker, origins: Any) -> None:
    with pytest.raises(ConfigurationError, match="allowed_origins"):
        endpoint(broker, allowed_origins=origins)


def test_an_endpoint_that_would_refuse_every_request_is_a_configuration_error(broker: AsyncSessionBroker) -> None:
    with pytest.raises(ConfigurationError, match="every request would get a 401; pass identify, or cookie_keys"):
        Endpoint(broker, {}, identify=None)


async def test_beyond_sessions_per_minute_a_user_gets_429_with_retry_after(broker: AsyncSessionBroker) -> None:
    made = endpoint(broker)
    for device in ("one", "two"):
        assert (await made.response(post(identity=Identity("ada", device)))).status == 200
    refused = await made.response(post(identity=Identity("ada", "three")))
    assert (refused.status, error_of(refused)["code"]) == (429, "rate_limited")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert (await made.response(post(identity="brook"))).status == 200


async def test_without_an_api_key_the_response_is_500_and_the_log_says_what_to_do(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        AsyncChatKit(base_url=emulator.base_url) as client,
        AsyncSessionBroker(client, workflow="wf_1") as broker,
    ):
        response = await endpoint(broker).response(post(identity="ada"))
    assert (response.status, error_of(response)["code"]) == (500, "server_error")
    assert b"OPENAI" not in response.body
    assert "OPENAI_API_KEY" in caplog.text


async def test_a_bad_result_of_identify_is_logged_without_the_user(
    broker: AsyncSessionBroker, caplog: pytest.LogCaptureFixture
) -> None:
    for identity in ("x" * 600, 7, "", Identity("ada", "d" * 600)):
        assert (await endpoint(broker).response(post(identity=identity))).status == 500
    assert "identify returned a user that has 600 characters; at most 512 are allowed" in caplog.text
    assert "identify returned a user that must be a string, not an integer" in caplog.text
    assert "identify returned a device that has 600 characters" in caplog.text
    assert "xxx" not in caplog.text


async def test_a_failure_is_logged_without_user_body_or_secret(
    broker: AsyncSessionBroker, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    body = {"error": {"message": "no user ada_lovelace", "code": "no_user"}}  # the API's message may name the user
    emulator.add_faults(Fault(path="/chatkit/sessions", status=400, body=body))
    caplog.set_level(logging.DEBUG)
    request = post(identity="ada_lovelace", body=b'{"currentClientSecret": "ek_held_by_ada"}')
    assert (await endpoint(broker).response(request)).status == 502
    assert "responded with 502: sessions.create: 400 no_user (request req_" in caplog.text
    assert "lovelace" not in caplog.text
    assert "held_by" not in caplog.text


async def test_state_variables_come_from_the_app_too(broker: AsyncSessionBroker, emulator: Emulator) -> None:
    made = endpoint(broker)
    for plan in ("free", "pro"):
        assert (await made.response(post(identity=Identity("ada", state_variables={"plan": plan})))).status == 200
    assert [session["workflow"]["state_variables"] for session in emulator.sessions()] == [
        {"plan": "free"},
        {"plan": "pro"},
    ]


@pytest.mark.parametrize("variables", [{"plan": ["a", "list"]}, {"p" * 65: 1}, "plan", 7])
async def test_bad_state_variables_from_identify_are_a_500(
    broker: AsyncSessionBroker, emulator: Emulator, variables: Any
) -> None:
    response = await endpoint(broker).response(post(identity=Identity("ada", state_variables=variables)))
    assert (response.status, error_of(response)["code"]) == (500, "server_error")
    assert emulator.sessions() == []


async def test_logout_raises_for_a_bad_result_of_identify(broker: AsyncSessionBroker) -> None:
    with pytest.raises(ConfigurationError, match="logout: identify returned a user that must be a string"):
        await endpoint(broker).revoke(post(identity=7))


@pytest.mark.parametrize("length", ["-1", "0x10", "١٢", "1 2", "5, 5", "1e3"])
async def test_a_content_length_that_is_not_a_number_is_a_400(
    broker: AsyncSessionBroker, emulator: Emulator, length: str
) -> None:
    response = await endpoint(broker).response(post(identity="ada", Content_Length=length))
    assert (response.status, error_of(response)["code"]) == (400, "bad_request")
    assert emulator.sessions() == []


async def test_logout_deletes_no_cookie_without_cookie_keys(broker: AsyncSessionBroker) -> None:
    await endpoint(broker).response(post(identity="ada"))
    revocation, cookie = await endpoint(broker).revoke(post(identity="ada"))
    assert len(revocation.sessions) == 1
    assert revocation.is_complete
    assert cookie is None


def refused_with(error: ChatKitError) -> tuple[int, str | None]:
    refused = refused_by(error)
    return refused.status, refused.headers.get("Retry-After")


@pytest.mark.parametrize(
    ("error", "expected"),
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
def test_each_error_has_its_status_and_a_retry_after_that_fits_a_header(
    error: ChatKitError, expected: tuple[int, str | None]
) -> None:
    assert refused_with(error) == expected


class Broken(Exception):
    """An error of the app's own code."""


def own_frames(error: BaseException) -> list[str]:
    """The locals of each of our frames, as error trackers show them."""
    stack = traceback.TracebackException.from_exception(error, capture_locals=True).stack
    return [str(frame.locals) for frame in stack if "chatkit_async/integrations" in frame.filename]


async def test_no_frame_shows_a_key_or_a_secret_when_the_apps_own_code_fails(broker: AsyncSessionBroker) -> None:
    made = endpoint(broker, cookie_keys=KEYS)
    [cookie, *_] = (await made.response(post())).headers["Set-Cookie"].split(";")

    def fail() -> Any:
        raise Broken

    request = attrs.evolve(post(body=b'{"currentClientSecret": "ek_held_by_ada"}', Cookie=cookie), identify=fail)
    with pytest.raises(Broken) as caught:
        await made.response(request)
    frames = own_frames(caught.value)
    assert len(frames) >= 2
    for hidden in ("ek_held", cookie.partition("=")[2], "of chance"):
        assert [frame for frame in frames if hidden in frame] == []


def test_no_frame_shows_a_key_when_options_are_refused(broker: AsyncSessionBroker) -> None:
    from chatkit_async.integrations.starlette import session_endpoint

    with pytest.raises(ConfigurationError) as caught:
        session_endpoint(broker, cookie_keys=KEYS, allowed_origins=["*"])
    frames = own_frames(caught.value)
    assert len(frames) >= 3
    assert [frame for frame in frames if "of chance" in frame] == []


def test_a_coroutine_that_waits_cannot_run_in_a_blocking_view() -> None:
    import asyncio

    with pytest.raises(ConfigurationError, match="a blocking view cannot await"):
        run_blocking(asyncio.sleep(0))


async def test_a_lazy_string_is_a_user(broker: AsyncSessionBroker, emulator: Emulator) -> None:
    from django.utils.functional import SimpleLazyObject

    lazy = SimpleLazyObject(lambda: "ada")
    assert (await endpoint(broker).response(post(identity=lazy))).status == 200
    assert (await endpoint(broker).response(post(identity=Identity(lazy)))).status == 200  # type: ignore[arg-type]
    assert [session["user"] for session in emulator.sessions()] == ["ada"]


async def test_a_user_object_is_refused_and_the_log_says_what_to_return(
    broker: AsyncSessionBroker, caplog: pytest.LogCaptureFixture
) -> None:
    from django.utils.functional import SimpleLazyObject

    response = await endpoint(broker).response(post(identity=SimpleLazyObject(lambda: object())))
    assert (response.status, error_of(response)["code"]) == (500, "identity_invalid")
    assert "must be a string, not" in caplog.text
    assert "such as str(request.user.pk)" in caplog.text
