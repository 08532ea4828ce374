"""What a broker asks of a store: a few steps, each atomic, on keys that are digests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Protocol

import attrs

SESSION_LIFE_S = 600.0  # the API's longest
KEPT_S = 3600.0  # a user's data after the last change: longer than sessions and creations that began before it
WINDOW_S = 60.0  # of sessions_per_minute
ANY_RECORD = "*"


class StoreRefusedError(Exception):
    """The store replied and refuses to work, as with a wrong password or no memory left; raised from the cause."""


@attrs.frozen
class Place:
    """Where a live session belongs, as digests.

    Attributes:
        user: the user.
        device: the user's device.
        slot: the device, a dot, and the broker's workflow and settings: brokers with other ones share no session.
    """

    user: str
    device: str
    slot: str


@attrs.frozen
class SealedRecord:
    """A live session as the store holds it, encrypted, with the ticket of its creation and the seconds left."""

    text: str = attrs.field(repr=False)
    ticket: str
    left_s: float


@attrs.frozen
class Seen:
    """What a store holds of a place.

    Attributes:
        generation: user's and device's marks joined by `/`; each is empty until a revocation, and changes with each.
        version: changes when the session is renewed.
        record: the live session, if brokers share secrets.
        is_known: False while the store is down: then generation and version are this process's own.
    """

    generation: str
    version: str
    record: SealedRecord | None = None
    is_known: bool = True


@attrs.frozen
class Creation:
    """A session that a broker wants to make.

    Attributes:
        place, ticket: for which user and device; names this attempt: a step repeated with it does nothing twice.
        lease_s: seconds that it may take; afterwards another creation may begin.
        is_shared: whether only one creation may be under way for the place, over all processes.
        margin_s: a record with no more seconds left than this is not found.
        unsuitable: ticket of a record that is not found either; `ANY_RECORD` for any.
        replaces: ticket of a creation that is known to have stopped.
        per_minute: sessions that the user may have made in a minute; None for any number.
    """

    place: Place
    ticket: str
    lease_s: float
    is_shared: bool = False
    margin_s: float = 0.0
    unsuitable: str = ""
    replaces: str = ""
    per_minute: int | None = None


@attrs.frozen
class Begun:
    """The reply to a creation.

    Attributes:
        status: `go`: it has begun; `found`: another process made a session, see `seen.record`;
            `wait`: another one is being made, since `seconds`; `limited`: the user may have more after `seconds`.
        seen: what the store holds of the place.
        seconds: see `status`.
    """

    status: Literal["go", "found", "wait", "limited"]
    seen: Seen
    seconds: float = 0.0


@attrs.frozen
class Minted:
    """A session to remember.

    Attributes:
        place, ticket: of its creation.
        session_id: its id.
        life_s: seconds that it still lives.
        began: what was seen when the creation began; the record is kept only if that has not changed.
        record: the live session, encrypted, if brokers share secrets.
        is_renewal: whether the sessions before it are to end.
    """

    place: Place
    ticket: str
    session_id: str
    life_s: float
    began: Seen
    record: str | None = attrs.field(default=None, repr=False)
    is_renewal: bool = False


@attrs.frozen
class Kept:
    """What a store holds of the place after a session was remembered, and, for a renewal, the ids before it."""

    seen: Seen
    others: tuple[str, ...] = ()


@attrs.frozen
class Ended:
    """The ids of live sessions that a revocation is to cancel, and whether the store knows of all that there are."""

    session_ids: tuple[str, ...]
    is_complete: bool


class Store(Protocol):
    """Where the brokers of one app meet: session ids, encrypted records, leases, counts; each until it expires.

    Every method is one atomic step. A store may lose what it holds: the broker then makes new sessions. What a store
    raises counts as a failure, and so does a reply after more than a second: the broker goes on without the store.
    """

    async def read(self, place: Place) -> Seen:
        """What is held of a place."""
        ...

    async def begin(self, creation: Creation) -> Begun:
        """Begins a creation, counts it and takes the lease; or says what is in its way."""
        ...

    async def keep(self, minted: Minted) -> Kept:
        """Remembers the session and ends its creation; a renewal also changes the version."""
        ...

    async def fail(self, creation: Creation, *, is_unknown: bool) -> None:
        """Ends a creation without a session and gives back its count; `is_unknown`: the API may have made one."""
        ...

    async def owns(self, user: str, session_id: str) -> bool:
        """Whether this is a live session of the user."""
        ...

    async def revoke(self, user: str, mark: str, device: str | None = None) -> Ended:
        """Gives the user, or one device, a new mark; drops records and leases. Ids stay until they are forgotten."""
        ...

    async def forget(self, user: str, session_ids: Iterable[str]) -> None:
        """Drops sessions that no longer live."""
        ...

    async def report_gap(self, life_s: float) -> None:
        """Says that sessions may be missing here: for so many seconds no revocation is complete."""
        ...

    async def aclose(self) -> None:
        """Closes connections; a call after it may open new ones."""
        ...


def is_revoked(began: str, now: str) -> bool:
    """Whether user or device were revoked between two generations; a store that lost its data revokes nobody."""
    return began != now and any(new and new != old for old, new in zip(began.split("/"), now.split("/"), strict=False))
