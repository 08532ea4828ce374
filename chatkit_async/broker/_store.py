"""What a broker needs from a store: values that are read, and changed only as a whole."""

from __future__ import annotations

from typing import Protocol

KEPT_S = 3600.0  # A user's data outlives all sessions and creations that began before its last change.


class StoreRefusedError(Exception):
    """The store replied and refuses to work, as with a wrong password or no memory left; raised from the cause."""


class Store(Protocol):
    """Where the brokers of one app meet: one value for each user, and one for the state of the store.

    A store of your own needs these four methods. It need not understand the values, which are JSON with session ids,
    leases, counts and encrypted secrets: a few KiB, and 1 KiB for each session where a user has many. It may lose
    values: the broker then makes new sessions. What a store raises counts as a failure, and so does a reply that takes
    more than 1 s (after a failure, more than 0.25 s): the broker goes on without the store.
    """

    async def get(self, key: str) -> tuple[bytes, float]:
        """Reads a value.

        Args:
            key: at most 40 characters, ASCII.

        Returns:
            The value, empty if there is none; and the time in seconds, by one clock for all, which does not jump.
        """
        ...

    async def swap(self, key: str, old: bytes, new: bytes) -> bool:
        """Replaces a value in one atomic step, unless another broker changed it.

        Args:
            key: as for `get`.
            old: what the present value must be; empty: there must be none.
            new: kept for an hour at least.

        Returns:
            Whether it was replaced.
        """
        ...

    async def is_whole(self) -> bool:
        """Whether it reaches all brokers, and has dropped no value in the last ten minutes, as far as it knows."""
        ...

    async def aclose(self) -> None:
        """Closes connections; a call after it may open new ones."""
        ...
