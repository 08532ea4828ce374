"""The emulator: starting and stopping its server, and the methods for tests."""

from __future__ import annotations

import asyncio
import copy
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import wait
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Self, TypeVar

from aiohttp import web

from ..errors import ConfigurationError
from ..types._json import JSONObject
from ..types.misuse import answering_methods
from ._api import Responses
from ._data import random_token, session_at
from ._faults import Fault
from ._http_server import HttpServer, read_what_was_sent
from ._request_log import RecordedRequest
from ._state import EmulatorState, store_at

# Short: leaving the emulator cuts off pending requests rather than wait for them.
SHUTDOWN_TIMEOUT_S = 0.05
READ_WAIT_S = 1.0  # a loop that ends, or that a clock of the user blocks, reads nothing
# Addresses that mean "every address of this machine", and one to connect to.
REACHABLE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound to


@answering_methods
class Emulator:
    """The ChatKit REST API on this machine, over real HTTP.

    Example:
        async with Emulator() as emulator:
            client = AsyncChatKit("sk-test", base_url=emulator.base_url)

    Sessions are created, cancelled and expire as on the API; threads come from `seed`. Any workflow id is accepted: the
    schema asks for a string, and the API responds 404 to a workflow that it does not know. Any thread may call the
    methods, also before the start and after the end.

    Args:
        host: the address to listen on; default 127.0.0.1.
        port: the port to listen on, 0..65535; default 0, which takes a free one at each start.
        api_keys: the keys that the emulator accepts; default none, which accepts any bearer key.
        keep_alive_s: how many seconds an idle connection stays open, finite and above 0; default 75.
        read_clock: returns the time in Unix seconds; default the machine's clock.
        new_token: returns the 48 hex digits of the next id or secret; default random ones.
        state: a SQLite file that keeps sessions and threads over restarts, for one emulator at a time; default None,
            which keeps them in memory. A response is sent after its work is on the disk. The file contains client
            secrets in plain text: its mode is 0600; keep it out of backups and repositories.
        responses: "real" (the default) responds as the API does; "examples" with the examples of its documentation,
            which differ from its schema, for any id, and stores nothing. Both refuse the same requests.

    Raises:
        ConfigurationError: a key is blank, `api_keys` is a string, or `keep_alive_s` is out of its range; the state
            file is in use, damaged, or of another program; at the start: the address cannot be used, or the emulator
            runs already.

    Source: ChatKit REST API.
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
        responses: Responses = "real",
    ) -> None:
        if not 0 < keep_alive_s < math.inf:
            raise ConfigurationError(f"Emulator(keep_alive_s={keep_alive_s}): pass finite seconds above 0")
        self._host = host
        self._port = port
        self._keep_alive_s = keep_alive_s
        self._state = EmulatorState(api_keys, read_clock, new_token, store_at(state), responses)
        self._runner: web.ServerRunner | None = None
        self._base_url: str | None = None
        self._thread: threading.Thread | None = None  # of `in_thread`
        self._loop: asyncio.AbstractEventLoop  # of that thread

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
        responses: Responses = "real",
    ) -> AbstractContextManager[Self]:
        """An emulator in its own thread and event loop, for tests and programs without asyncio.

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
                responses=responses,
            )
        )

    @property
    def base_url(self) -> str:
        """The base URL for clients. Raises ConfigurationError before the start."""
        if self._base_url is None:
            raise ConfigurationError(
                "the emulator has not been started: use `async with Emulator()` or `with Emulator.in_thread()`"
            )
        return self._base_url

    async def __aenter__(self) -> Self:
        if self._runner is not None:
            raise ConfigurationError(f"this emulator already runs at {self._base_url}")
        with self._state.lock:
            self._state.open()
        server = HttpServer(self._state, self._keep_alive_s)
        runner = self._runner = web.ServerRunner(server, shutdown_timeout=SHUTDOWN_TIMEOUT_S)
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
            with self._state.lock:
                self._state.close()

    def sessions(self) -> list[JSONObject]:
        """All sessions, oldest first, as the API shows them now; secrets whole."""
        with self._state.lock:
            now_s = self._state.clock.now_s()
            return [copy.deepcopy(session_at(session, now_s)) for session in self._state.data.sessions.values()]

    def threads(self) -> list[JSONObject]:
        """All threads, oldest first, as the API shows them."""
        with self._state.lock:
            return copy.deepcopy([*self._state.data.threads_of(None).oldest_first])

    def items(self, thread_id: str) -> list[JSONObject]:
        """All items of a thread, oldest first, as the API shows them.

        Args:
            thread_id: the thread's id.

        Raises:
            ConfigurationError: there is no thread with this id.
        """
        with self._state.lock:
            found = self._state.data.conversations.get(thread_id)
        if found is None:
            raise ConfigurationError(f"the emulator has no thread with the id {thread_id!r}")
        return copy.deepcopy([*found.items.oldest_first])

    def seed(
        self,
        *,
        threads: Iterable[Mapping[str, object]] = (),
        sessions: Iterable[Mapping[str, object]] = (),
        reset: bool = False,
    ) -> None:
        """Adds threads and sessions; one with the id of an earlier one replaces it.

        Example:
            emulator.seed(threads=[{"thread": {"id": "cthr_1", "user": "user_123"}, "items": [
                {"type": "chatkit.user_message", "content": [{"type": "input_text", "text": "Hello"}]},
            ]}])

        Missing fields are filled in, ids included. Fields and kinds of items that the API does not document are kept as
        they are. Items are ordered by `created_at`, and items of the same second as given.

        Args:
            threads: `{"thread": {...}, "items": [{...}, ...]}` for each thread, as the REST API shows them.
            sessions: sessions as the REST API shows them.
            reset: removes all earlier threads and sessions first; default False.

        Raises:
            ConfigurationError: a value is one that no client could read; the message names its path and the allowed
                values, and nothing is changed.
        """
        with self._state.lock:
            self._state.seed(threads, sessions, reset=reset)

    def requests(self) -> list[RecordedRequest]:
        """The requests received, oldest first, with their responses: the last 10,000, and at most 128 MiB of bodies."""
        with self._state.lock:
            return self._state.log.recorded()

    def add_faults(self, *faults: Fault) -> None:
        """Adds faults for the next requests that match, behind those added before.

        Args:
            faults: the faults, in the order in which they are tried.

        Raises:
            ConfigurationError: one is no `Fault`.
        """
        with self._state.lock:
            self._state.faults.add(*faults)

    def clear_faults(self) -> None:
        """Removes all waiting faults; a request that met one already is not affected."""
        with self._state.lock:
            self._state.faults.clear()

    def advance_clock(self, seconds: float) -> None:
        """Moves the emulator's clock.

        Args:
            seconds: how many seconds forward; back if negative.
        """
        with self._state.lock:
            self._state.clock.advance(seconds)

    def set_clock(self, unix_s: float) -> None:
        """Sets the emulator's clock; it runs on from there.

        Args:
            unix_s: the time in Unix seconds.
        """
        with self._state.lock:
            self._state.clock.set(unix_s)

    def reset(self) -> None:
        """Removes sessions, threads, requests and faults, and sets the clock to the machine's time.

        An emulator in its own thread first reads what was sent to it: a request of an earlier test, whose client may
        be closed by now, must not use up a fault of the next test.
        """
        thread = self._thread
        # It is not alive after the end, nor in a forked child; in its own thread the wait would last to its limit.
        if thread is not None and thread.is_alive() and thread is not threading.current_thread():
            with suppress(RuntimeError):  # the loop was closed meanwhile
                wait([asyncio.run_coroutine_threadsafe(read_what_was_sent(), self._loop)], READ_WAIT_S)
        with self._state.lock:
            self._state.reset()


def base_url(host: str, port: int) -> str:
    """The base URL of a server that listens on this address."""
    reachable = REACHABLE.get(host, host)
    return f"http://[{reachable}]:{port}/v1" if ":" in reachable else f"http://{reachable}:{port}/v1"


EmulatorT = TypeVar("EmulatorT", bound=Emulator)


@contextmanager
def running_in_thread(emulator: EmulatorT) -> Generator[EmulatorT]:
    """Starts the emulator in another thread; raises here what its start raises there."""
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=serve, args=[emulator, loop, stop], name="chatkit-emulator", daemon=True)
    emulator._thread, emulator._loop = thread, loop
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(emulator.__aenter__(), loop).result()
        yield emulator
    finally:
        # A forked child does not have the thread, and an interpreter that ends has frozen it: it would never stop.
        if thread.is_alive() and not sys.is_finalizing():
            loop.call_soon_threadsafe(stop.set)
            thread.join()


def serve(emulator: Emulator, loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """The target of the thread."""
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(stop.wait())
        runner.run(emulator.__aexit__())
