"""`sessions.open`: whatever happens in the block, the session is cancelled at its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import anyio
import attrs
import pytest

from chatkit_async import AsyncChatKit, ChatSession, RequestOptions
from chatkit_async.emulator import Emulator, Fault
from chatkit_async.errors import InternalServerError, MissingFieldError, NotFoundError, ParamsValidationError

from ..conftest import KEY
from .helpers import made, raised

REFUSED = Fault(
    path="/cancel",
    status=500,
    headers={"x-should-retry": "false", "x-request-id": "req_9"},
    body={"error": {"message": "There is no place for user u1."}},
)
LOGGED = "InternalServerError, status 500, request req_9"


def opened(client: AsyncChatKit, options: RequestOptions | None = None) -> Any:
    return client.sessions.open(user="u1", workflow="wf_1", options=options)


def statuses(emulator: Emulator) -> list[Any]:
    return [session["status"] for session in emulator.sessions()]


async def test_a_session_is_active_in_the_block_and_cancelled_after_it(
    client: AsyncChatKit, emulator: Emulator
) -> None:
    async with opened(client) as session:
        assert isinstance(session, ChatSession)
        assert statuses(emulator) == ["active"]
    assert statuses(emulator) == ["cancelled"]


async def test_a_mapping_serves_as_well(client: AsyncChatKit, emulator: Emulator) -> None:
    async with client.sessions.open({"user": "u1", "workflow": {"id": "wf_1"}}):
        pass
    assert statuses(emulator) == ["cancelled"]


async def test_invalid_params_are_refused_before_the_block(client: AsyncChatKit, emulator: Emulator) -> None:
    with pytest.raises(ParamsValidationError):
        client.sessions.open(user="", workflow="wf_1")
    assert emulator.requests() == []


async def test_a_create_that_fails_is_raised_and_nothing_cancelled(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.add_faults(Fault(status=404))
    await raised(NotFoundError, opened(client).__aenter__())
    assert len(emulator.requests()) == 1


@pytest.mark.parametrize("error", [LookupError("theirs"), KeyboardInterrupt(), GeneratorExit()])
async def test_an_error_of_the_block_goes_on_after_the_cancel(
    client: AsyncChatKit, emulator: Emulator, error: BaseException
) -> None:
    async def block() -> None:
        async with opened(client):
            raise error

    assert await raised(type(error), block()) is error
    assert statuses(emulator) == ["cancelled"]


async def test_the_blocks_error_wins_over_a_failed_cancel_which_is_logged(
    client: AsyncChatKit, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    emulator.add_faults(REFUSED)

    async def block() -> None:
        async with opened(client):
            raise LookupError("theirs")

    await raised(LookupError, block())
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert record.name == "chatkit_async"
    assert record.getMessage().endswith(LOGGED)


async def test_a_failed_cancel_is_raised_after_a_block_that_ended_well(
    client: AsyncChatKit, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    emulator.add_faults(REFUSED)

    async def block() -> None:
        async with opened(client):
            pass

    error = await raised(InternalServerError, block())
    assert error.operation == "sessions.cancel"
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_response_without_an_id_is_an_error_at_the_end(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.add_faults(Fault(body={"client_secret": "ek_1"}, times=2))

    async def block(fails: bool) -> None:
        async with opened(client):
            if fails:
                raise LookupError("theirs")

    assert "id" in str(await raised(MissingFieldError, block(False)))
    await raised(LookupError, block(True))
    assert len(emulator.requests()) == 2


async def test_options_go_with_both_calls_and_the_body_with_the_first(client: AsyncChatKit, emulator: Emulator) -> None:
    options = RequestOptions(headers={"x-a": "1"}, body={"user": "u2"})
    async with opened(client, options):
        pass
    first, second = emulator.requests()
    assert (first.headers["x-a"], second.headers["x-a"]) == ("1", "1")
    assert (b'"u2"' in first.body, second.body) == (True, b"")


async def sleeping(client: AsyncChatKit, entered: asyncio.Event) -> None:
    async with opened(client):
        entered.set()
        await asyncio.sleep(30)


async def cancelled_once(client: AsyncChatKit, emulator: Emulator) -> None:
    entered = asyncio.Event()
    task = asyncio.create_task(sleeping(client, entered))
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def cancelled_again_and_again(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.add_faults(Fault(path="/cancel", delay=0.3))
    entered = asyncio.Event()
    task = asyncio.create_task(sleeping(client, entered))
    await entered.wait()
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=0.02)
    assert task.cancelled()


async def cancelled_during_the_cancel_of_a_block_that_ended(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.add_faults(Fault(path="/cancel", delay=0.3))

    async def block() -> None:
        async with opened(client):
            pass

    task = asyncio.create_task(block())
    while len(emulator.requests()) < 2:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def asyncio_timeout(client: AsyncChatKit, emulator: Emulator) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(None) as limit, opened(client):
            limit.reschedule(asyncio.get_running_loop().time())
            await asyncio.sleep(30)
    assert limit.expired()


async def anyio_fail_after(client: AsyncChatKit, emulator: Emulator) -> None:
    with suppress(TimeoutError), anyio.fail_after(None) as scope:
        async with opened(client):
            scope.deadline = anyio.current_time()
            await asyncio.sleep(30)
    assert scope.cancelled_caught


async def anyio_task_group(client: AsyncChatKit, emulator: Emulator) -> None:
    entered = asyncio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(sleeping, client, entered)
        await entered.wait()
        group.cancel_scope.cancel()


async def a_scope_cancelled_in_the_block(client: AsyncChatKit, emulator: Emulator) -> None:
    with anyio.CancelScope() as scope:
        async with opened(client):
            scope.cancel()
            await asyncio.sleep(30)
    assert scope.cancelled_caught


ENDS = [cancelled_once, cancelled_again_and_again, cancelled_during_the_cancel_of_a_block_that_ended]
ENDS += [asyncio_timeout, anyio_fail_after, anyio_task_group, a_scope_cancelled_in_the_block]


@pytest.mark.parametrize("end", ENDS)
async def test_however_the_block_is_cancelled_the_session_is_cancelled_before_the_client_can_close(
    emulator: Emulator, end: Callable[[AsyncChatKit, Emulator], Awaitable[None]]
) -> None:
    async with AsyncChatKit(KEY, base_url=emulator.base_url) as client:
        await end(client, emulator)
    assert statuses(emulator) == ["cancelled"]
    assert [received.ended for received in emulator.requests()] == ["responded", "responded"]


async def test_a_cancel_that_fails_after_a_second_interruption_is_logged(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    emulator.add_faults(attrs.evolve(REFUSED, delay=0.3, times=9))
    async with made(emulator.base_url, max_retries=0) as client:
        entered = asyncio.Event()
        task = asyncio.create_task(sleeping(client, entered))
        await entered.wait()
        while not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=0.02)
        assert task.cancelled()
    (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert record.name == "chatkit_async"
    assert record.getMessage().endswith(LOGGED)
