"""What a blocking object takes of the `ChatKit` it works through: its async half, and its way to the loop thread."""

from __future__ import annotations

from typing import Any

from .._async.client import AsyncChatKit
from ..errors import ConfigurationError
from .call import Work
from .channel import Channel
from .client import ChatKit


def async_half(client: ChatKit, name: str) -> AsyncChatKit:
    """The async client inside a blocking one; `name` is the class that was given it."""
    given: Any = client
    if not isinstance(given, ChatKit):
        raise ConfigurationError(f"{name} takes a ChatKit, not {type(given).__name__}; Async{name} an AsyncChatKit")
    return client._async


def channel_beside(client: ChatKit, aclose: Work[None], name: str) -> Channel:
    """A channel that behaves in event loops as the client's does, and closes by itself."""
    return Channel(aclose, name=name, in_event_loop=client._channel.in_event_loop)
