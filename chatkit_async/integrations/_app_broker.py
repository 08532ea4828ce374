"""Brokers that start and end with an app, and the client behind them."""

from __future__ import annotations

import atexit
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import Self
from weakref import WeakSet

import anyio

from .._async.client import AsyncChatKit
from .._sync.client import ChatKit
from ..broker import AsyncSessionBroker, SessionBroker
from ..errors import ChatKitError, ConfigurationError, ParamsValidationError, Problem
from ..types.session_operations import WorkflowLike
from ._options import BrokerOptions

# With 100, most of a thousand users wait for others; more than 500 come near the usual limit of 1,024 open files.
APP_MAX_CONNECTIONS = 500
NO_KEY_AT_START = (
    "setup: no API key: set the environment variable OPENAI_API_KEY before the app starts, or pass"
    " client= with an api_key"
)
TWICE = (
    "setup: this app has a broker: use the one that the first setup returned; for another workflow, make a broker"
    " yourself: AsyncSessionBroker(client, workflow=...), or SessionBroker in Flask"
)


apps_set_up: WeakSet[object] = WeakSet()
"""The apps that have a broker."""


def check_app(app: object, kind: type[object], name: str) -> None:
    """Refuses what is not an app of the framework, and a second broker for an app.

    Args:
        app: what `setup` was given.
        kind: the class of the framework's apps.
        name: what to pass, for the error.

    Raises:
        ParamsValidationError: it is not an app.
        ConfigurationError: it has a broker.
    """
    if not isinstance(app, kind):
        problem = Problem("app", "invalid_type", f"must be the {name}, not {type(app).__name__}")
        raise ParamsValidationError("setup", [problem])
    if app in apps_set_up:
        raise ConfigurationError(TWICE)


class AppBroker(AsyncSessionBroker):
    """A broker to enter (`async with`) when the app starts; it closes its client too, unless that was given.

    Raises:
        ConfigurationError: entered without an API key.
    """

    def __init__(self, client: AsyncChatKit | None, workflow: WorkflowLike, options: BrokerOptions) -> None:
        self._arguments = (client, workflow, options)
        self.app_client = client or AsyncChatKit(max_connections=_max_connections())
        self._has_ended = False
        super().__init__(self.app_client, workflow=workflow, **options)

    def load(self) -> None:
        """Does what the first call needs, as far as that needs no event loop; raises ConfigurationError."""
        _load(self)

    async def __aenter__(self) -> Self:
        """Ready for the first visitor; as if new when an app that has ended starts again, as in tests."""
        if self._has_ended:
            AppBroker.__init__(self, *self._arguments)
        try:
            await self.start()
        except BaseException:
            await self.aclose()
            raise
        return self

    async def aclose(self) -> None:
        """Closes the broker, and its client unless that was given."""
        self._has_ended = True
        client, *_ = self._arguments
        try:
            await super().aclose()
        finally:
            if client is None:
                await self.app_client.aclose()


class BlockingAppBroker(SessionBroker):
    """A blocking broker that ends with the process; it closes its client too, unless that was given.

    Raises:
        ConfigurationError: there is no API key; these frameworks have no event for the start of an app.
    """

    def __init__(self, client: ChatKit | None, workflow: WorkflowLike, options: BrokerOptions) -> None:
        self._own_client = ChatKit() if client is None else None
        used = client or self._own_client
        assert used is not None
        super().__init__(used, workflow=workflow, **options)
        _load(self._async)
        # The thread of blocking clients is not started yet, since the server may fork; this loads what it needs.
        thread = Thread(target=partial(anyio.run, anyio.sleep, 0))
        thread.start()
        thread.join()
        atexit.register(self._close_quietly)

    def close(self) -> None:
        """Closes the broker, and its client unless that was given."""
        try:
            super().close()
        finally:
            if self._own_client is not None:
                self._own_client.close()

    def _close_quietly(self) -> None:
        # Where a fork stopped the loop, Python 3.12 starts no thread for it at exit; then nothing is open.
        with suppress(ChatKitError):
            self.close()


def _load(broker: AsyncSessionBroker) -> None:
    """Loads what a broker's first call needs, and refuses a client without a key; a callable key is not called yet."""
    config = broker._client._caller.config
    if config.api_key is None and "authorization" not in config.headers:
        raise ConfigurationError(NO_KEY_AT_START)
    broker._creator.load()


def _max_connections() -> int:
    """The connections of an app's own client: half of the files that the process may open, since browsers need some."""
    try:
        import resource  # noqa: PLC0415 - unknown to Windows
    except ImportError:
        return APP_MAX_CONNECTIONS
    open_files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return APP_MAX_CONNECTIONS if open_files < 0 else max(1, min(APP_MAX_CONNECTIONS, open_files // 2))
