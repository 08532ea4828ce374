"""Awaitable or not: the endpoint is written once as a coroutine, and blocking views run it without an event loop."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from ..broker import AsyncSessionBroker
from ..errors import ConfigurationError
from ._identity import MUST_NOT_WAIT, is_coroutine_function

T = TypeVar("T")


def run_blocking(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never waits, because everything it calls blocks instead.

    Raises:
        ConfigurationError: it does wait.
    """
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise ConfigurationError("a blocking view cannot await: pass a SessionBroker and a plain identify")


def check_async(broker: object) -> None:
    """Refuses a broker that would block the event loop; raises ConfigurationError."""
    if not isinstance(broker, AsyncSessionBroker):
        raise ConfigurationError(
            f"session_endpoint: an async view needs an AsyncSessionBroker, not a {type(broker).__name__}"
        )


def check_blocking(broker: object, identify: object) -> None:
    """Refuses what a blocking view would have to await; raises ConfigurationError."""
    if isinstance(broker, AsyncSessionBroker):
        raise ConfigurationError("session_endpoint: a blocking view needs a SessionBroker, not an AsyncSessionBroker")
    if is_coroutine_function(identify):
        raise ConfigurationError(f"session_endpoint: {MUST_NOT_WAIT}")
