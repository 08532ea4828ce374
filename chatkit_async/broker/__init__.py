"""Live client secrets for browsers: one broker for the whole app.

    from chatkit_async.broker import AsyncSessionBroker

    broker = AsyncSessionBroker(client, workflow="wf_abc")
    live = await broker.secret_for("user_123")

Every name is imported when it is first used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._blocking import SessionBroker as SessionBroker
    from ._broker import AsyncSessionBroker as AsyncSessionBroker
    from ._memory_store import MemoryStore as MemoryStore
    from ._redis_store import RedisStore as RedisStore
    from ._revocation import Revocation as Revocation
    from ._revocation import RevokedSession as RevokedSession
    from ._secret_cache import LiveSecret as LiveSecret
    from ._store import Store as Store

_HOMES = {
    "_blocking": ("SessionBroker",),
    "_broker": ("AsyncSessionBroker",),
    "_memory_store": ("MemoryStore",),
    "_redis_store": ("RedisStore",),
    "_revocation": ("Revocation", "RevokedSession"),
    "_secret_cache": ("LiveSecret",),
    "_store": ("Store",),
}
_LAZY = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [*_LAZY]  # noqa: PLE0604 # pyright: ignore[reportUnsupportedDunderAll]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in _LAZY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module  # noqa: PLC0415 - Redis and encryption are paid for by who uses them

        value = getattr(import_module(f".{_LAZY[name]}", __name__), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *_LAZY})
