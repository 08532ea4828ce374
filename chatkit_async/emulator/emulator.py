"""The emulator: a server's life, and the methods tests drive it by."""

from __future__ import annotations

import copy
import math
import os
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Self

from aiohttp import web

from ..errors import ConfigurationError
from ..types._json import JSONObject
from .behaviour import Answers
from .connection import Connections
from .faults import Fault
from .held import Held, store_at
from .record import RecordedRequest
from .server import Server
from .sessions import shown
from .state import random_token
from .thread import running_in_thread

# What is under way at the end is cut off: whoever leaves does not want to wait.
SHUTDOWN_TIMEOUT_S = 0.05
# Addresses that mean "every address of this machine", and the one to reach them by.
REACHABLE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read here, not bound to


class Emulator:
    """The ChatKit REST API on this machine, over real HTTP.

        async with Emulator() as emulator:
            client = AsyncChatKit("sk-test", base_url=emulator.base_url)

    Sessions are made, cancelled and expire as on the API, and threads are those of `seed`. The methods may be called
    from any thread, also before the start and after the end.

    Args:
        host: the address to listen on; default 127.0.0.1.
        port: the port to listen on, 0..65535; default 0, which takes a free one at each start.
        api_keys: the keys that are accepted; default none, which accepts any bearer key.
        keep_alive_s: how many seconds an unused connection is kept, finite and above 0; default 75.
        read_clock: the clock to go by, in seconds since 1970; default the machine's.
        new_token: gives the 48 hex digits of the next id or secret; default random ones.
        state: a SQLite file that keeps sessions and threads, for one emulator at a time; default None, which keeps them
            in memory. An answer is sent when its work is on the disk. The file holds client secrets as they are: its
            mode is 0600, and it does not belong into backups or repositories.
        answers: "real" (the default) answers as the API does; "examples" as the examples in its documentation, which
            differ from its schema: to whatever id, and holding nothing. What is refused, both refuse.

    Raises:
        ConfigurationError: a key is blank, `api_keys` is a string, or `keep_alive_s` is out of its range; the state
            file is in use, damaged, or none of ours; at the start: it cannot listen there, or it runs already.

    Source: ChatKit REST API, WIRE.md.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        api_keys: Iterable[str] = (),
        keep_alive_s: float = 75.0,
        read_clock: Callable[[], float] = time.time,
        new_token: Callable[[], str] = random_token,
        state: str | os.PathLike[str] | None = None,
        answers: Answers = "real",
    ) -> None:
        if not 0 < keep_alive_s < math.inf:
            raise ConfigurationError(f"Emulator(keep_alive_s={keep_alive_s}): pass finite seconds above 0")
        self._host = host
        self._port = port
        self._keep_alive_s = keep_alive_s
        self._held = Held(api_keys, read_clock, new_token, store_at(state), answers)
        self._runner: web.ServerRunner | None = None
        self._base_url: str | None = None

    @classmethod
    def in_thread(
        cls,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        api_keys: Iterable[str] = (),
        keep_alive_s: float = 75.0,
        read_clock: Callable[[], float] = time.time,
        new_token: Callable[[], str] = random_token,
        state: str | os.PathLike[str] | None = None,
        answers: Answers = "real",
    ) -> AbstractContextManager[Self]:
        """An emulator that runs in a thread and an event loop of its own, for tests and programs that do not await.

            with Emulator.in_thread() as emulator:
                client = ChatKit("sk-test", base_url=emulator.base_url)

        Args and errors are those of the class.
        """
        return running_in_thread(
            cls(
                host=host,
                port=port,
                api_keys=api_keys,
                keep_alive_s=keep_alive_s,
                read_clock=read_clock,
                new_token=new_token,
                state=state,
                answers=answers,
            )
        )

    @property
    def base_url(self) -> str:
        """Where a client finds it, such as `http://127.0.0.1:8787/v1`. Raises ConfigurationError before the start."""
        if self._base_url is None:
            raise ConfigurationError(
                "the emulator has not been started: enter it by `async with` or `with Emulator.in_thread()`"
            )
        return self._base_url

    async def __aenter__(self) -> Self:
        if self._runner is not None:
            raise ConfigurationError(f"this emulator already runs at {self._base_url}")
        with self._held.lock:
            self._held.open()
        server = Server(self._held)
        connections = Connections(server.handle, server.unreadable, self._keep_alive_s)
        runner = self._runner = web.ServerRunner(connections, shutdown_timeout=SHUTDOWN_TIMEOUT_S)
        try:
            await runner.setup()
            await web.TCPSite(runner, self._host, self._port).start()
        except (OSError, OverflowError) as error:
            await self._stop()
            raise ConfigurationError(f"the emulator cannot listen on {self._host}:{self._port}: {error}") from error
        self._base_url = base_url(*runner.addresses[0][:2])
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._stop()

    async def _stop(self) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()
            with self._held.lock:
                self._held.close()

    def sessions(self) -> list[JSONObject]:
        """All sessions, oldest first, as the API shows them now; secrets whole."""
        with self._held.lock:
            now_s = self._held.clock.now_s()
            return [copy.deepcopy(shown(session, now_s)) for session in self._held.state.sessions.values()]

    def threads(self) -> list[JSONObject]:
        """All threads, oldest first, as the API shows them."""
        with self._held.lock:
            return copy.deepcopy([*self._held.state.threads_of(None).oldest_first])

    def items(self, thread_id: str) -> list[JSONObject]:
        """All items of a thread, oldest first, as the API shows them. Raises ConfigurationError if there is no such."""
        with self._held.lock:
            found = self._held.state.conversations.get(thread_id)
        if found is None:
            raise ConfigurationError(f"the emulator holds no thread with the id {thread_id!r}")
        return copy.deepcopy([*found.items.oldest_first])

    def seed(
        self,
        *,
        threads: Iterable[Mapping[str, object]] = (),
        sessions: Iterable[Mapping[str, object]] = (),
        reset: bool = False,
    ) -> None:
        """Holds these threads and sessions from now on, each in place of an earlier one with its id.

            emulator.seed(threads=[{"thread": {"id": "cthr_1", "user": "user_123"}, "items": [
                {"type": "chatkit.user_message", "content": [{"type": "input_text", "text": "Hello"}]},
            ]}])

        What a resource leaves out is filled in, ids included; what the API does not document is kept as it is, unknown
        kinds of items among it. Items are ordered by `created_at`, and those of the same second as given.

        Args:
            threads: `{"thread": {...}, "items": [{...}, ...]}` for each, as the REST API shows them.
            sessions: sessions as the REST API shows them.
            reset: forgets first all threads and sessions held; default False.

        Raises:
            ConfigurationError: something does not fit; the message names its path, and nothing is changed.
        """
        with self._held.lock:
            self._held.seed(threads, sessions, reset=reset)

    def requests(self) -> list[RecordedRequest]:
        """What was asked, oldest first, as it stands now; of the last 10,000 requests and 256 MiB of bodies."""
        with self._held.lock:
            return self._held.log.recorded()

    def add_faults(self, *faults: Fault) -> None:
        """Lets these go wrong with the next requests that fit, in this order, after those added before."""
        with self._held.lock:
            self._held.faults.add(*faults)

    def clear_faults(self) -> None:
        """Nothing goes wrong any more, but for what is under way."""
        with self._held.lock:
            self._held.faults.clear()

    def advance_clock(self, seconds: float) -> None:
        """Moves the emulator's clock on by so many seconds; back when negative."""
        with self._held.lock:
            self._held.clock.advance(seconds)

    def set_clock(self, unix_s: float) -> None:
        """Sets the emulator's clock to a time in seconds since 1970, from which it runs on."""
        with self._held.lock:
            self._held.clock.set(unix_s)

    def reset(self) -> None:
        """Forgets sessions, threads, requests and faults, and shows the machine's time again."""
        with self._held.lock:
            self._held.reset()


def base_url(host: str, port: int) -> str:
    """The URL to reach this address by."""
    reachable = REACHABLE.get(host, host)
    return f"http://[{reachable}]:{port}/v1" if ":" in reachable else f"http://{reachable}:{port}/v1"
