"""What a broker needs from a store: values that are read, and changed only as a whole."""

from __future__ import annotations

from typing import Protocol

KEPT_S = 3600.0  # A user's data outlives all sessions and creations that began before its last change.


class StoreRefusedError(Exception):
    """The store replied and refuses to work, as with a wrong password or no memory left; raised from the cause."""


class Store(Protocol):
    """Where the brokers of one app meet: one value for each user, and one for the state of the store.

    A store need not understand the values: JSON with ids of sessions, leases, counts and encrypted secrets. It may lose
    them: the broker then makes new sessions. What a store raises counts as a failure, and so does a reply that takes
    more than 1 s (after a failure, more than 0.25 s): the broker goes on without the store.
    """

    async def get(self, key: str) -> tuple[bytes, float]:
        """The value, empty if there is none; and the time in seconds, by a clock that all brokers share."""
        ...

    async def swap(self, key: str, old: bytes, new: bytes) -> bool:
        """Writes a value if the present one is `old`, in one atomic step, and keeps it for an hour at least.

        Returns:
            Whether it was written: False if another broker changed it meanwhile.
        """
        ...

    async def is_whole(self) -> bool:
        """Whether it reaches all brokers, and has dropped no value in the last ten minutes, as far as it knows."""
        ...

    async def aclose(self) -> None:
        """Closes connections; a call after it may open new ones."""
        ...
