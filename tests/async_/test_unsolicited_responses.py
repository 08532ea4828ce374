"""What a server sends without being asked, or beyond its answer, is never taken for the answer to the next request."""

from __future__ import annotations

import asyncio

import pytest

from .helpers import create, made
from .raw import SESSION, Answer, Asked, raw_server, response

FOREIGN = response(SESSION.replace(b"cksess_1", b"cksess_of_another"))


def followed(cut: int, *, pause_s: float) -> Answer:
    """An answer, cut somewhere, whose second part brings another one along; the server then waits a little."""

    async def answer(writer: asyncio.StreamWriter, asked: Asked) -> None:
        own = response()
        writer.write(own[:cut])
        await asyncio.sleep(pause_s)
        writer.write(own[cut:] + FOREIGN)

    return answer


FOLLOWED = {
    "in one piece with the answer": followed(0, pause_s=0),
    "with the end of the body": followed(-10, pause_s=0.02),
    "a moment after the answer": followed(len(response()), pause_s=0.02),
}


@pytest.mark.usefixtures("both_paths")
@pytest.mark.parametrize("answer", FOLLOWED.values(), ids=FOLLOWED)
@pytest.mark.parametrize("quiet_s", [0.04, 0.15])
async def test_a_second_answer_is_nobodys(answer: Answer, quiet_s: float) -> None:
    async with raw_server(answer) as server, made(server.base_url, max_retries=0) as client:
        for number in (1, 2, 3):
            session = await create(client)
            assert (session.id, len(server.requests)) == ("cksess_1", number)
            await asyncio.sleep(quiet_s)
        assert server.connections == 3


@pytest.mark.usefixtures("both_paths")
async def test_nor_if_it_comes_on_several_pooled_connections() -> None:
    async def answer(writer: asyncio.StreamWriter, asked: Asked) -> None:
        await server.until(lambda state: len(state.requests) % 3 == 0)
        writer.write(response())
        asyncio.get_running_loop().call_later(0.02, writer.write, FOREIGN)

    async with raw_server(answer) as server, made(server.base_url, max_retries=0) as client:
        for _ in range(3):
            sessions = await asyncio.gather(*(create(client) for _ in range(3)))
            assert {session.id for session in sessions} == {"cksess_1"}
            await asyncio.sleep(0.06)
