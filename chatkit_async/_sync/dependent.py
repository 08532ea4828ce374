"""How blocking objects and functions that are given a `ChatKit` reach its async half and its event loop."""

from __future__ import annotations

import contextlib
from typing import Any, TypeVar

from ..errors import ClientClosedError, ConfigurationError
from .blocking_call import AsyncWork
from .channel import Channel
from .client import ChatKit

T = TypeVar("T")


def checked_twin(given: T, kind: type[T], taker: str) -> T:
    """The blocking object that `taker`, a class or function, was given.

    Raises:
        ConfigurationError: it is not a `kind`.
    """
    if not isinstance(given, kind):
        text = f"{taker} takes a {kind.__name__}, not {type(given).__name__}; an Async{kind.__name__} goes with the"
        raise ConfigurationError(f"{text} async form of {taker}")
    return given


def call_alone(function: AsyncWork[T], /, *args: Any, **kwargs: Any) -> T:
    """Runs, on the event loop of the blocking clients, a coroutine function that takes no client."""
    channel = _FunctionChannel(_nothing, name=function.__name__)
    try:
        return channel.call(function, *args, **kwargs)
    finally:
        channel.close()


class _FunctionChannel(Channel):
    """The channel of a single call."""

    @property
    def advice(self) -> str:
        return f"await the async form of {self.name} instead"


async def _nothing() -> None:
    """Closes nothing."""


class DependentChannel(Channel):
    """The channel of a client for an object that is given that client: closing it leaves the client open."""

    def __init__(self, client: ChatKit, aclose: AsyncWork[None], name: str) -> None:
        """`aclose` closes what the dependent's async half has opened; `name` is its class, for messages."""
        self._connection = client._channel._connection
        self.in_event_loop = client._channel.in_event_loop
        self._aclose = aclose
        self._name = name
        self._is_used = self._is_closed = False

    @property
    def name(self) -> str:
        return self._name

    def call(self, function: AsyncWork[T], /, *args: Any, **kwargs: Any) -> T:
        """See `Channel.call`."""
        if self._is_closed:
            raise ClientClosedError(f"This {self._name} is closed: make a new one")
        self._is_used = True
        return super().call(function, *args, **kwargs)

    def close(self) -> None:
        """Closes what the dependent has opened; after its client was closed there is nothing left to close."""
        is_open, self._is_closed = self._is_used and not self._is_closed, True
        if is_open:
            self.in_event_loop = "allow"  # closing needs no warning
            with contextlib.suppress(ClientClosedError):
                super().call(self._aclose)
