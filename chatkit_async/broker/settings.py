"""The settings of a broker, checked when it is made."""

from __future__ import annotations

import math

from .._async.client import AsyncChatKit
from ..errors import ConfigurationError
from ..types.checks import as_float, whole_number
from ..types.secret import Hidden, without_value
from .memory_store import MemoryStore
from .store import Store

_STEPS = tuple(name for name in vars(Store) if not name.startswith("_"))


def checked_client(client: AsyncChatKit) -> AsyncChatKit:
    """The async client.

    Raises:
        ConfigurationError: it is something else.
    """
    given: object = client
    if not isinstance(given, AsyncChatKit):
        raise ConfigurationError(
            f"AsyncSessionBroker takes an AsyncChatKit, not {type(given).__name__}; SessionBroker a ChatKit"
        )
    return given


def store_or_hidden(store: Store | None) -> Store | None:
    """The store; what is none as `Hidden`: a URL in its place may hold a password, and is not for tracebacks."""
    is_one = not isinstance(store, type) and all(callable(getattr(store, name, None)) for name in _STEPS)
    return store if is_one else without_value(store)


def checked_store(store: Store | None) -> Store:
    """The store, `store_or_hidden` before; by default this process's memory.

    Raises:
        ConfigurationError: it is something else, which would look like an outage without an end.
    """
    if isinstance(store, Hidden):
        raise ConfigurationError(f"store: a MemoryStore, a RedisStore or one of your own, not {store.kind.__name__}")
    return MemoryStore() if store is None else store


def checked_margin(margin_s: float, lives_s: int) -> float:
    """Seconds of life below which a session is not handed out any more.

    Raises:
        ConfigurationError: no session could ever be handed out twice.
    """
    seconds = as_float(margin_s)
    if seconds is None or not 0 <= seconds < lives_s:
        raise ConfigurationError(
            f"margin_s: seconds from 0 to less than a session lives, which is {lives_s} here (expires_after),"
            f" not {margin_s!r}"
        )
    return seconds


def checked_lease(lease_s: float) -> float:
    """Seconds that making a session may take, which is as long as one that died blocks others.

    Raises:
        ConfigurationError: no session could be made in it.
    """
    seconds = as_float(lease_s)
    if seconds is None or not 0 < seconds < math.inf:
        raise ConfigurationError(f"lease_s: seconds above 0, not {lease_s!r}")
    return seconds


def checked_limit(sessions_per_minute: int | None) -> int | None:
    """How many sessions a user may have made in a minute.

    Raises:
        ConfigurationError: it is no whole number of at least 1.
    """
    if sessions_per_minute is None or isinstance(whole_number(sessions_per_minute, minimum=1), int):
        return sessions_per_minute
    raise ConfigurationError(
        f"sessions_per_minute: a whole number of at least 1, or None for any number, not {sessions_per_minute!r}"
    )
