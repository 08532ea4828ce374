"""The settings of a broker, checked when it is made."""

from __future__ import annotations

import math

import attrs

from .._async.client import AsyncChatKit
from ..errors import ConfigurationError
from ..types.checks import as_float, whole_number
from ..types.secret import Hidden, without_value
from ._memory_store import MemoryStore
from ._store import Store

_STEPS = tuple(name for name in vars(Store) if not name.startswith("_"))


@attrs.frozen
class Settings:
    """What decides how sessions are made; see `AsyncSessionBroker`."""

    life_s: int
    margin_s: float
    lease_s: float
    per_minute: int | None


def checked_settings(life_s: int, margin_s: float, lease_s: float, per_minute: int | None) -> Settings:
    """The settings.

    Raises:
        ConfigurationError: a value that cannot work.
    """
    margin, lease = as_float(margin_s), as_float(lease_s)
    if margin is None or not 0 <= margin < life_s:
        raise ConfigurationError(
            f"margin_s must be at least 0 and below the life of a session (expires_after, {life_s} s), got {margin_s!r}"
        )
    if lease is None or not 0 < lease < math.inf:
        raise ConfigurationError(f"lease_s must be a number of seconds above 0, got {lease_s!r}")
    if per_minute is not None and not isinstance(whole_number(per_minute, minimum=1), int):
        raise ConfigurationError(
            f"sessions_per_minute must be a whole number of at least 1, or None for any number, got {per_minute!r}"
        )
    return Settings(life_s, margin, lease, per_minute)


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
    """The store; anything else as `Hidden`: a URL in its place may hold a password, and is not for tracebacks."""
    is_store = not isinstance(store, type) and all(callable(getattr(store, name, None)) for name in _STEPS)
    return store if is_store else without_value(store)


def checked_store(store: Store | None) -> Store:
    """The store, `store_or_hidden` before; by default this process's memory.

    Raises:
        ConfigurationError: it is something else, which would look like an outage without an end.
    """
    if isinstance(store, Hidden):
        raise ConfigurationError(f"store: a MemoryStore, a RedisStore or one of your own, not {store.kind.__name__}")
    return MemoryStore() if store is None else store
