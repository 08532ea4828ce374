"""What a broker needs from a store: a few steps, each atomic. Users and devices are digests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Protocol

import attrs

SESSION_LIFE_S = 600.0  # the longest that the API allows
KEPT_S = 3600.0  # A user's data outlives all sessions and creations that began before its last change.
MOST_DEVICES = 500  # More revocations of single devices than this are held as one of the whole user.
WINDOW_S = 60.0  # sessions_per_minute counts in fixed windows of this length.


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
class EncryptedSecret:
    """A live client secret as the store holds it, with the ticket of its creation and the seconds left."""

    text: str = attrs.field(repr=False)
    ticket: str
    left_s: float


@attrs.frozen
class PlaceState:
    """What a store holds of a place.

    Attributes:
        generation: the ids of the last revocations of the user and of the device, joined by `/`; empty without one.
        version: the ticket of the last renewal; empty without one.
        secret: the live secret, if brokers share secrets.
        is_from_store: False while the store is down: then all this comes from the memory of this process.
    """

    generation: str
    version: str
    secret: EncryptedSecret | None = None
    is_from_store: bool = True

    def is_revoked_since(self, began: PlaceState) -> bool:
        """Whether the user or device was revoked after an earlier state; data that the store lost is no revocation."""
        parts = zip(began.generation.split("/"), self.generation.split("/"), strict=False)
        return self.is_from_store == began.is_from_store and any(new and new != old for old, new in parts)


@attrs.frozen
class Creation:
    """A session that a broker wants to create.

    Attributes:
        place: the user and device.
        ticket: the id of this creation: a step repeated with it changes nothing.
        lease_s: seconds that it may take; afterwards another creation may begin.
        is_shared: whether brokers share secrets; then one creation at a time is under way for the place.
        is_renewal: whether a new session is needed in any case, and the earlier ones end.
        margin_s: a secret with no more seconds left than this is not found.
        unsuitable_ticket: that of a secret which is not found either.
        per_minute: sessions that the user may create in a minute; None for any number.
        own_generation: the ids of the last revocations by this process, when the creation began: a change shows a
            revocation even while the store is down.
    """

    place: Place
    ticket: str
    lease_s: float
    is_shared: bool = False
    is_renewal: bool = False
    margin_s: float = 0.0
    unsuitable_ticket: str = ""
    per_minute: int | None = None
    own_generation: str = ""


@attrs.frozen
class BeginReply:
    """The reply to `begin`.

    Attributes:
        status: `go`: the creation has begun; `found`: another process created a session, see `state.secret`;
            `wait`: another one is being created, since `seconds`; `limited`: the user may have more after `seconds`.
        state: what the store holds of the place.
        seconds: see `status`.
    """

    status: Literal["go", "found", "wait", "limited"]
    state: PlaceState
    seconds: float = 0.0


@attrs.frozen
class CreatedSession:
    """A session to remember.

    Attributes:
        creation: the creation that it came from.
        session_id: its id.
        life_s: seconds that it still lives.
        began: the state when the creation began; the secret is kept only if that has not changed.
        secret: its secret, encrypted, if brokers share secrets.
    """

    creation: Creation
    session_id: str
    life_s: float
    began: PlaceState
    secret: str | None = attrs.field(default=None, repr=False)

    def is_replaced(self, now: PlaceState) -> bool:
        """Whether another creation has renewed the place since this one began."""
        known = {"", self.began.version, self.creation.ticket}
        return self.began.is_from_store and now.is_from_store and now.version not in known


@attrs.frozen
class KeepReply:
    """The state after a session was remembered, and for a renewal the ids of the earlier sessions."""

    state: PlaceState
    earlier_ids: tuple[str, ...] = ()


@attrs.frozen
class RevokeReply:
    """The ids of the live sessions to cancel, and whether the store knows all that there are."""

    session_ids: tuple[str, ...]
    is_complete: bool


class Store(Protocol):
    """Where the brokers of one app meet: session ids, encrypted secrets, leases, counts; each until it expires.

    Every method is one atomic step. A store may lose what it holds: the broker then makes new sessions. What a store
    raises counts as a failure, and so does a reply that takes more than 1 s (after a failure, more than 0.25 s): the
    broker goes on without the store.
    """

    async def read(self, place: Place) -> PlaceState:
        """What is held of a place."""
        ...

    async def begin(self, creation: Creation) -> BeginReply:
        """Begins a creation, counts it and takes the lease; or returns why it cannot begin."""
        ...

    async def keep(self, session: CreatedSession) -> KeepReply:
        """Remembers the session and ends its creation; a renewal also changes the version."""
        ...

    async def fail(self, creation: Creation, *, is_unknown: bool) -> None:
        """Ends a creation without a session and gives back its count; `is_unknown`: the API may have created one."""
        ...

    async def owns(self, user: str, session_id: str) -> bool:
        """Whether this is a live session of the user."""
        ...

    async def revoke(self, user: str, revocation_id: str, device: str | None = None) -> RevokeReply:
        """Changes the generation of the user, or of one device; drops secrets and leases, but no session ids."""
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
