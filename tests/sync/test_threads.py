"""Many threads on one client."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from chatkit_async import ChatKit
from chatkit_async._sync.channel import Channel

from .running import loop_threads


def test_32_threads_share_one_client_and_each_gets_its_own_response(client: ChatKit) -> None:
    together = threading.Barrier(32)

    def work(number: int) -> list[str]:
        together.wait()
        return [client.sessions.create(user=f"user-{number}", workflow="wf_1").user for _ in range(5)]

    with ThreadPoolExecutor(32) as pool:
        users = list(pool.map(work, range(32)))
    assert users == [[f"user-{number}"] * 5 for number in range(32)]


def test_threads_that_call_first_at_the_same_time_start_one_loop(channel: Channel) -> None:
    together = threading.Barrier(16)

    async def where() -> int:
        return threading.get_ident()

    def work(_: int) -> int:
        together.wait()
        return channel.call(where)

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(work, range(16)))) == 1
    assert len(loop_threads()) == 1


def test_clients_may_come_and_go_in_many_threads() -> None:
    async def nothing() -> None:
        pass

    async def forty_two() -> int:
        return 42

    def work(_: int) -> int:
        channel = Channel(nothing, name="ChatKit")
        try:
            return channel.call(forty_two)
        finally:
            channel.close()

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(work, range(400))) == {42}
    assert not loop_threads()
