"""What is awaited and what blocks: the endpoint is written once, and runs in views of either kind."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from ..broker.broker import AsyncSessionBroker
from ..errors import ConfigurationError

T = TypeVar("T")

NOT_AWAITED = "session_endpoint: a blocking view cannot await identify; make it a plain function"


async def settled(value: T | Awaitable[T]) -> T:
    """The value, awaited where it has to be: brokers, bodies and `identify` may be of either kind."""
    if inspect.isawaitable(value):
        awaited: T = await value
        return awaited
    return value


def run_blocking(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine in which nothing waits, because everything it calls blocks instead."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise ConfigurationError("a blocking view came upon something to wait for")


def called_blocking(function: Callable[..., T], *arguments: object) -> T:
    """What a function returns, which must be nothing to await; raises ConfigurationError."""
    found = function(*arguments)
    if inspect.iscoroutine(found):
        found.close()
        raise ConfigurationError(NOT_AWAITED)
    return found


def is_coroutine_function(function: object) -> bool:
    """Whether calling it gives a coroutine, by what can be seen of a function or of an object that can be called."""
    return inspect.iscoroutinefunction(function) or (
        callable(function) and inspect.iscoroutinefunction(function.__call__)
    )


def check_async(broker: object) -> None:
    """Refuses a broker that would block the event loop; raises ConfigurationError."""
    if not isinstance(broker, AsyncSessionBroker):
        raise ConfigurationError(
            f"session_endpoint: an async view needs an AsyncSessionBroker, not a {type(broker).__name__}"
        )


def check_blocking(broker: object, identify: object) -> None:
    """Refuses what a blocking view cannot wait for; raises ConfigurationError."""
    if isinstance(broker, AsyncSessionBroker):
        raise ConfigurationError("session_endpoint: a blocking view needs a SessionBroker, not an AsyncSessionBroker")
    if is_coroutine_function(identify):
        raise ConfigurationError(NOT_AWAITED)
