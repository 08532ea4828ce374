"""What a broker asks of a store: a few small steps, each atomic, on keys that are digests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

import attrs
from attrs.validators import instance_of, optional

REVOKED = "revoked-"
GENERATION_LIVES_S = 3600.0  # longer than any session made under it


@attrs.frozen
class Place:
    """Where a live session belongs, as digests: a user, and a device of that user (with what its sessions are like)."""

    user: str
    device: str


@attrs.frozen
class Generations:
    """Opaque marks of a user and a place; what was made under other ones counts no more.

    The user's changes when he is revoked, and when the store has lost its memory; the place's when it is renewed.
    """

    user: str = attrs.field(validator=instance_of(str))
    device: str = attrs.field(validator=instance_of(str))

    def revoked_since(self, earlier: Generations) -> bool:
        """Whether the user was revoked after `earlier`; a store that lost its memory revokes nobody."""
        return self.user != earlier.user and self.user.startswith(REVOKED)


@attrs.frozen
class Seen:
    """What a store holds of a place: its generations, and the sealed record of its live session if there is one."""

    generations: Generations = attrs.field(validator=instance_of(Generations))
    record: str | None = attrs.field(default=None, repr=False, validator=optional(instance_of(str)))


@attrs.frozen
class Minted:
    """A session to remember: for so many seconds, and its sealed record, if it is to be kept, for fewer."""

    session_id: str
    lives_s: float
    generations: Generations
    record: str | None = attrs.field(default=None, repr=False)
    record_lives_s: float = 0.0


@attrs.frozen
class Count:
    """How many were counted in the window under way, and the seconds until it ends."""

    number: int = attrs.field(validator=instance_of(int))
    left_s: float = attrs.field(validator=instance_of((int, float)))


class Store(Protocol):
    """Where the brokers of one app meet: session ids, sealed records, counters; each until it expires.

    Every method is one atomic step. A store may lose its memory: the broker then mints anew. What a store raises, the
    broker takes for an outage, says once in the log, and goes on without it.
    """

    async def read(self, place: Place, new_generation: str) -> Seen:
        """What is held of a place. A user without a generation gets `new_generation`."""
        ...

    async def keep(self, place: Place, minted: Minted) -> Generations:
        """Remembers the session, and its record if the generations are still those; says what they are."""
        ...

    async def sessions(self, user: str) -> Mapping[str, str]:
        """The ids of a user's live sessions, and the device of each."""
        ...

    async def revoke(self, user: str, generation: str, device: str | None = None) -> Mapping[str, str]:
        """Gives the user, or one device of his, a new generation; the sessions it had until now, as `sessions` does."""
        ...

    async def forget(self, user: str, session_ids: Iterable[str]) -> None:
        """Drops sessions that live no more."""
        ...

    async def count(self, user: str, window_s: float) -> Count:
        """Counts one more for the user, in a window that begins with the first."""
        ...

    async def lease(self, place: Place, holder: str, lease_s: float) -> bool:
        """Whether the place is now, or was, leased to this holder; nobody else gets it before the lease ends."""
        ...

    async def release(self, place: Place, holder: str) -> None:
        """Ends the lease of this holder."""
        ...

    async def aclose(self) -> None:
        """Closes connections; a call after it may open new ones."""
        ...
