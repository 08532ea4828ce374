"""An unsolicited response is never taken for the response to the next request."""

from __future__ import annotations

import asyncio

import pytest

from .helpers import create, made
from .raw import SESSION, Handler, ReceivedRequest, raw_server, response

FOREIGN = response(SESSION.replace(b"cksess_1", b"cksess_of_another"))


def followed(cut: int, *, pause_s: float) -> Handler:
    """A response in two parts, the second followed by an unsolicited one."""

    async def handler(writer: asyncio.StreamWriter, received: ReceivedRequest) -> None:
        own = response()
        writer.write(own[:cut])
        await asyncio.sleep(pause_s)
        writer.write(own[cut:] + FOREIGN)

    return handler


FOLLOWED = {
    "in one piece with the response": followed(0, pause_s=0),
    "with the end of the body": followed(-10, pause_s=0.02),
    "a moment after the response": followed(len(response()), pause_s=0.02),
}


@pytest.mark.usefixtures("both_paths")
@pytest.mark.parametrize("handler", FOLLOWED.values(), ids=FOLLOWED)
@pytest.mark.parametrize("quiet_s", [0.04, 0.15])
async def test_an_unsolicited_second_response_is_dropped(handler: Handler, quiet_s: float) -> None:
    async with raw_server(handler) as server, made(server.base_url, max_retries=0) as client:
        for number in (1, 2, 3):
            session = await create(client)
            assert (session.id, len(server.requests)) == ("cksess_1", number)
            await asyncio.sleep(quiet_s)
        assert server.connections == 3


@pytest.mark.usefixtures("both_paths")
async def test_unsolicited_responses_on_several_connections_are_dropped() -> None:
    async def handler(writer: asyncio.StreamWriter, received: ReceivedRequest) -> None:
        await server.until(lambda state: len(state.requests) % 3 == 0)
        writer.write(response())
        asyncio.get_running_loop().call_later(0.02, writer.write, FOREIGN)

    async with raw_server(handler) as server, made(server.base_url, max_retries=0) as client:
        for _ in range(3):
            sessions = await asyncio.gather(*(create(client) for _ in range(3)))
            assert {session.id for session in sessions} == {"cksess_1"}
            await asyncio.sleep(0.06)
