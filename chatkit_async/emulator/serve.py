"""Runs an emulator until it is told to stop: what the command line needs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from .emulator import Emulator


async def serve(
    host: str, port: int, api_keys: Iterable[str], *, on_ready: Callable[[str], None], stop: asyncio.Event
) -> None:
    """Serves until `stop` is set.

    Args:
        host: the address to listen on.
        port: the port to listen on; 0 takes a free one.
        api_keys: the keys that are accepted; none accepts any.
        on_ready: called with the base URL when it listens.
        stop: ends it when set.

    Raises:
        ConfigurationError: it cannot listen there, or a key is blank.
    """
    async with Emulator(host=host, port=port, api_keys=api_keys) as emulator:
        on_ready(emulator.base_url)
        await stop.wait()
