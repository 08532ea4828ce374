"""What the first call needs, done when the app starts rather than under its first visitor."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING

from .._async.client import AsyncChatKit
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from .._sync.client import ChatKit

NO_KEY = (
    "setup: no API key: set the environment variable OPENAI_API_KEY before the app starts, or pass"
    " client= with an api_key"
)


def check_key(client: AsyncChatKit) -> None:
    """Refuses a client without a key; raises ConfigurationError. A callable api_key is not called yet."""
    config = client._caller.config
    if config.api_key is None and "authorization" not in config.headers:
        raise ConfigurationError(NO_KEY)


def warm_up(client: AsyncChatKit) -> None:
    """Imports aiohttp, which makes its TLS context, and what encodes, sends and decodes a session: 0.1 to 0.3 s."""
    from .._core.codec import structure  # noqa: PLC0415 - see above
    from ..types.session import ChatSession  # noqa: PLC0415

    import_module("chatkit_async._async.exchange")
    client._caller.shared.transport()
    client._caller.shared.proxy(client._caller.config.base_url)
    client.sessions  # noqa: B018 - loads the resource
    structure({}, ChatSession)


def warm_up_blocking(client: ChatKit) -> None:
    """The same for a blocking client; its own thread is not started, since the server may fork after this."""
    import anyio  # noqa: PLC0415

    warm_up(client._async)
    thread = Thread(target=partial(anyio.run, anyio.sleep, 0))  # loads what anyio imports when a loop runs
    thread.start()
    thread.join()
