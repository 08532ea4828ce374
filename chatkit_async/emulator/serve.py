"""Runs an emulator until it is told to stop: what the command line needs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable

from .behaviour import Answers
from .emulator import Emulator


async def serve(
    host: str,
    port: int,
    api_keys: Iterable[str],
    *,
    on_ready: Callable[[str], None],
    stop: asyncio.Event,
    state: str | os.PathLike[str] | None = None,
    answers: Answers = "real",
) -> None:
    """Serves until `stop` is set.

    Args:
        host: the address to listen on.
        port: the port to listen on; 0 takes a free one.
        api_keys: the keys that are accepted; none accepts any.
        on_ready: called with the base URL when it listens.
        stop: ends it when set.
        state: a SQLite file that keeps sessions and threads, secrets among them; None keeps them in memory.
        answers: "real" as the API, "examples" as the examples in its documentation.

    Raises:
        ConfigurationError: it cannot listen there, a key is blank, or the state file cannot be used.
    """
    async with Emulator(host=host, port=port, api_keys=api_keys, state=state, answers=answers) as emulator:
        on_ready(emulator.base_url)
        await stop.wait()
