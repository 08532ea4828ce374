"""What a blocking object takes of the `ChatKit` it works through: its async half, and its way to the loop thread."""

from __future__ import annotations

import contextlib
from typing import Any, TypeVar

from .._async.client import AsyncChatKit
from ..errors import ClientClosedError, ConfigurationError
from .call import Work
from .channel import Channel
from .client import ChatKit

T = TypeVar("T")


def async_half(client: ChatKit, name: str) -> AsyncChatKit:
    """The async client inside a blocking one; `name` is the class that was given it."""
    given: Any = client
    if not isinstance(given, ChatKit):
        raise ConfigurationError(f"{name} takes a ChatKit, not {type(given).__name__}; Async{name} an AsyncChatKit")
    return client._async


class GuestChannel(Channel):
    """The channel of a blocking client as a guest uses it: closing it closes what is the guest's alone."""

    def __init__(self, client: ChatKit, aclose: Work[None], name: str) -> None:
        """`aclose` closes what the guest's async half has opened; `name` is the guest's class, for messages."""
        self._line = client._channel._line
        self.in_event_loop = client._channel.in_event_loop
        self._aclose = aclose
        self._name = name
        self._is_used = self._is_closed = False

    @property
    def name(self) -> str:
        return self._name

    def call(self, function: Work[T], /, *args: Any, **kwargs: Any) -> T:
        """As any channel's."""
        if self._is_closed:
            raise ClientClosedError(f"This {self._name} is closed: make a new one")
        self._is_used = True
        return super().call(function, *args, **kwargs)

    def close(self) -> None:
        """Closes what the guest has opened; after its client was closed there is nothing left to close it by."""
        is_open, self._is_closed = self._is_used and not self._is_closed, True
        if is_open:
            self.in_event_loop = "allow"  # closing is no call to object to
            with contextlib.suppress(ClientClosedError):
                super().call(self._aclose)
