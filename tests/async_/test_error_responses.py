"""Retries and outcomes: the rows about error responses, counted at the server."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from chatkit_async import AsyncChatKit, RequestOptions
from chatkit_async.emulator import Emulator, Fault
from chatkit_async.errors import APIStatusError, status_error_class

from .helpers import cancel, create, made, raised
from .raw import always, in_turn, raw_server, response

pytestmark = pytest.mark.transport

Call = Callable[..., Any]
each_call = pytest.mark.parametrize("call", [create, cancel])

SENT_AGAIN = [(409, "refused"), (429, "refused"), (503, "refused"), (408, "unknown")]
SENT_AGAIN += [(500, "unknown"), (502, "unknown"), (504, "unknown"), (520, "unknown")]
RAISED = [(status, "refused") for status in (400, 401, 402, 403, 404, 405, 410, 413, 418, 422, 424, 451)]
RAISED += [(status, "refused") for status in (300, 301, 302, 303, 304, 307, 308)]


@each_call
@pytest.mark.parametrize(("status", "outcome"), SENT_AGAIN)
async def test_a_temporary_refusal_is_sent_again_up_to_max_retries(
    emulator: Emulator, call: Call, status: int, outcome: str
) -> None:
    emulator.add_faults(Fault(status=status, times=9))
    async with made(emulator.base_url) as client:
        error = await raised(APIStatusError, call(client))
    assert (type(error), error.status, error.outcome) == (status_error_class(status), status, outcome)
    assert error.attempts == len(emulator.requests()) == 3


@each_call
@pytest.mark.parametrize(("status", "outcome"), RAISED)
async def test_a_permanent_refusal_is_raised_at_once(emulator: Emulator, call: Call, status: int, outcome: str) -> None:
    emulator.add_faults(Fault(status=status, times=9))
    async with made(emulator.base_url) as client:
        error = await raised(APIStatusError, call(client))
    assert (type(error), error.status, error.outcome) == (status_error_class(status), status, outcome)
    assert error.attempts == len(emulator.requests()) == 1


@each_call
async def test_a_used_up_quota_is_not_sent_again(emulator: Emulator, call: Call) -> None:
    emulator.add_faults(Fault(status=429, body={"error": {"code": "insufficient_quota", "message": "No."}}, times=9))
    async with made(emulator.base_url) as client:
        error = await raised(APIStatusError, call(client))
    assert (error.code, error.outcome, error.attempts) == ("insufficient_quota", "refused", 1)
    assert len(emulator.requests()) == 1


@each_call
@pytest.mark.parametrize("status", [302, 400, 401, 404, 409, 422, 429, 500, 503])
@pytest.mark.parametrize(("word", "sends"), [("true", 3), ("false", 1), ("TRUE ", 3)])
async def test_x_should_retry_overrides_the_status(
    emulator: Emulator, call: Call, status: int, word: str, sends: int
) -> None:
    emulator.add_faults(Fault(status=status, headers={"x-should-retry": word}, times=9))
    async with made(emulator.base_url) as client:
        error = await raised(APIStatusError, call(client))
    assert (error.status, error.attempts, len(emulator.requests())) == (status, sends, sends)


@pytest.mark.parametrize(("word", "sends"), [("true", 3), ("false", 1), ("maybe", 1)])
async def test_x_should_retry_overrides_a_used_up_quota(emulator: Emulator, word: str, sends: int) -> None:
    body = {"error": {"code": "insufficient_quota", "message": "No."}}
    emulator.add_faults(Fault(status=429, headers={"x-should-retry": word}, body=body, times=9))
    async with made(emulator.base_url) as client:
        await raised(APIStatusError, create(client))
    assert len(emulator.requests()) == sends


async def test_the_call_succeeds_as_soon_as_an_attempt_does(emulator: Emulator) -> None:
    emulator.add_faults(Fault(status=500), Fault(status=429))
    async with made(emulator.base_url) as client:
        session = await create(client)
    assert session.response.attempts == len(emulator.requests()) == 3
    assert len(emulator.sessions()) == 1


async def test_a_retry_imports_nothing_since_no_open_file_may_be_left(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.add_faults(Fault(status=500))
    async with made(emulator.base_url) as client:
        monkeypatch.setitem(sys.modules, "anyio", None)
        assert (await create(client)).response.attempts == 2


async def test_each_retry_has_its_number_in_a_header(emulator: Emulator) -> None:
    emulator.add_faults(Fault(status=503, times=3))
    async with made(emulator.base_url, max_retries=3) as client:
        await create(client)
    assert [received.headers.get("x-stainless-retry-count") for received in emulator.requests()] == [
        None,
        "1",
        "2",
        "3",
    ]


@pytest.mark.parametrize("retries", [0, 1, 5])
@pytest.mark.parametrize("where", ["client", "copy", "options"])
async def test_max_retries_counts_the_attempts_after_the_first(emulator: Emulator, retries: int, where: str) -> None:
    emulator.add_faults(Fault(status=503, times=9))
    async with made(emulator.base_url, max_retries=retries if where == "client" else 3) as client:
        used = client.with_options(max_retries=retries) if where == "copy" else client
        error = await raised(
            APIStatusError, create(used, RequestOptions(max_retries=retries) if where == "options" else None)
        )
    assert error.attempts == len(emulator.requests()) == retries + 1


@each_call
async def test_a_refusal_whose_body_breaks_off_is_still_that_refusal(call: Call) -> None:
    broken = response(b'{"error":', status="500 Internal Server Error", content_length="500")
    async with raw_server(always(broken, then_close=True)) as server, made(server.base_url) as client:
        error = await raised(APIStatusError, call(client))
    assert (error.status, error.outcome, error.attempts, len(server.requests)) == (500, "unknown", 3, 3)


@each_call
async def test_a_redirect_whose_body_breaks_off_is_still_that_redirect(call: Call) -> None:
    broken = response(b"<html>", status="302 Found", content_length="500", location="https://elsewhere.example/v1")
    async with raw_server(always(broken, then_close=True)) as server, made(server.base_url) as client:
        error = await raised(APIStatusError, call(client))
    assert (error.status, error.outcome, error.attempts, len(server.requests)) == (302, "refused", 1, 1)


async def test_a_refusal_after_an_attempt_that_may_have_worked_leaves_the_outcome_unknown() -> None:
    handler = in_turn(response(b"{}", status="500 Oops"), response(b"{}", status="400 Bad Request"))
    async with raw_server(handler) as server, made(server.base_url) as client:
        error = await raised(APIStatusError, create(client))
    assert (error.status, error.outcome, error.attempts) == (400, "unknown", 2)


async def test_the_caller_gets_the_result_of_the_last_attempt(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.add_faults(Fault(status=503, headers={"retry-after-ms": "0"}))
    emulator.add_faults(Fault(status=404, body={"error": {"message": "Workflow gone.", "code": None}}))
    error = await raised(APIStatusError, create(client))
    assert (error.status, error.outcome, error.attempts, error.message) == (404, "refused", 2, "Workflow gone.")
