"""What brokers share of one user, and the steps that change it. A store writes the whole record, or nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from secrets import token_hex
from typing import Literal

import attrs
import cattrs

from ._clock import now_s

SESSION_LIFE_S = 600.0  # the longest that the API allows
WINDOW_S = 60.0  # sessions_per_minute counts in fixed windows of this length.
SLACK_S = 60.0  # Times further ahead than they can be are those of a clock that was set back since.
MOST_DEVICES = 100  # With more device revocations and renewals than this, one counts for the whole user.
RECORDS_CACHED = 1024  # Parsing one takes 10 us.


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
    """What is held of a place.

    Attributes:
        generation: `user/device`, the ids of their last revocations; a part is empty without one.
        version: the ticket of the last renewal; empty without one.
        secret: the live secret, if brokers share secrets.
        is_from_store: False while the store is down: then all this is what this process knows.
    """

    generation: str
    version: str
    secret: EncryptedSecret | None = None
    is_from_store: bool = True

    def is_revoked_since(self, began: PlaceState) -> bool:
        """Whether the user or device was surely revoked after an earlier state.

        Data that the store lost is no revocation, nor is one that shows when an outage has ended: it may be old.
        """
        parts = zip(began.generation.split("/"), self.generation.split("/"), strict=False)
        is_known = began.is_from_store or not self.is_from_store
        return is_known and any(new and new != old for old, new in parts)


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
    """

    place: Place
    ticket: str
    lease_s: float
    is_shared: bool = False
    is_renewal: bool = False
    margin_s: float = 0.0
    unsuitable_ticket: str = ""
    per_minute: int | None = None


@attrs.frozen
class BeginReply:
    """The reply to `begin`.

    Attributes:
        status: `go`: the creation has begun; `found`: another process created a session, see `state.secret`;
            `wait`: another one is being created, since `seconds`; `limited`: the user may have more after `seconds`.
        state: what is held of the place.
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
        ends_s: when it expires, by this process's clock.
        began: the state when the creation began; the secret is kept only if that has not changed.
        secret: its secret, encrypted, if brokers share secrets.
    """

    creation: Creation
    session_id: str
    ends_s: float
    began: PlaceState
    secret: str | None = attrs.field(default=None, repr=False)

    def is_replaced(self, now: PlaceState) -> bool:
        """Whether another creation has renewed the place since this one began."""
        known = {"", self.began.version, self.creation.ticket}
        return self.began.is_from_store and now.is_from_store and now.version not in known


@attrs.frozen
class RevokeReply:
    """The ids of the live sessions to cancel, and whether there are surely no others."""

    session_ids: tuple[str, ...]
    is_complete: bool


@attrs.define
class UserRecord:
    """What is held of one user; times are seconds of the store's clock.

    Attributes:
        revocations: id of the last one by device; of the user: "".
        versions: ticket of the last renewal by slot.
        secrets: end, ticket and encrypted secret by slot.
        leases: end, beginning and ticket by slot.
        sessions: end and slot by session id.
        creations: end of the lease and slot by ticket.
        window: end and count of the present minute.
        is_from_store: False if the store is down, and this is what this process knows.
    """

    revocations: dict[str, str] = attrs.Factory(dict)
    versions: dict[str, str] = attrs.Factory(dict)
    secrets: dict[str, tuple[float, str, str]] = attrs.Factory(dict)
    leases: dict[str, tuple[float, float, str]] = attrs.Factory(dict)
    sessions: dict[str, tuple[float, str]] = attrs.Factory(dict)
    creations: dict[str, tuple[float, str]] = attrs.Factory(dict)
    window: tuple[float, int] = (0.0, 0)
    is_from_store: bool = attrs.field(default=True, init=False, eq=False)

    def state(self, place: Place, now: float) -> PlaceState:
        ends_s, ticket, text = self.secrets.get(place.slot, (now, "", ""))
        secret = EncryptedSecret(text, ticket, ends_s - now) if 0 < ends_s - now <= SESSION_LIFE_S + SLACK_S else None
        generation = f"{self.revocations.get('', '')}/{self.revocations.get(place.device, '')}"
        return PlaceState(generation, self.versions.get(place.slot, ""), secret, self.is_from_store)

    def session_ids(self, now: float, device: str | None = None) -> list[str]:
        """Of the live sessions, or of those of one device."""
        return [name for name, (ends_s, slot) in self.sessions.items() if ends_s > now and _is_of(slot, device)]

    def begin(self, now: float, creation: Creation) -> BeginReply:
        """Begins a creation, counts it and takes the lease; or returns why it cannot begin."""
        state, slot = self.state(creation.place, now), creation.place.slot
        if creation.ticket in self.creations:
            return BeginReply("go", state)
        if creation.is_shared and self.is_from_store:
            found = None if creation.is_renewal else state.secret
            if found and found.ticket != creation.unsuitable_ticket and found.left_s > creation.margin_s:
                return BeginReply("found", state)
            lease_ends_s, began_s, _ = self.leases.get(slot, (now, now, ""))
            if lease_ends_s > now > began_s - SLACK_S:
                return BeginReply("wait", state, now - began_s)
            self.leases[slot] = (now + creation.lease_s, now, creation.ticket)
        if not self._count(creation.per_minute, now):
            self._end(creation)
            return BeginReply("limited", state, self.window[0] - now)
        self.creations[creation.ticket] = (now + creation.lease_s, slot)
        return BeginReply("go", state)

    def keep(self, now: float, session: CreatedSession) -> tuple[PlaceState, list[str]]:
        """Remembers a session and ends its creation; a renewal also changes the version.

        Returns:
            The state of the place, and the ids of the sessions that a renewal replaces.
        """
        creation, place, earlier_ids = session.creation, session.creation.place, []
        ends_s = now + session.ends_s - now_s()
        if creation.is_renewal and not session.is_replaced(self.state(place, now)):
            if self.versions.get(place.slot) != creation.ticket:
                self.secrets.pop(place.slot, None)
            self.versions[place.slot] = creation.ticket
            self.sessions.pop(session.session_id, None)  # of the same step, repeated
            earlier_ids = [name for name in self.session_ids(now) if self.sessions[name][1] == place.slot]
        state = self.state(place, now)
        is_unchanged = state.generation == session.began.generation
        is_unchanged &= state.version in {session.began.version, creation.ticket}
        if session.secret is not None and self._holds_lease(creation) and is_unchanged:
            self.secrets[place.slot] = (ends_s, creation.ticket, session.secret)
        self.sessions[session.session_id] = (ends_s, place.slot)
        self._end(creation)
        return state, earlier_ids

    def fail(self, now: float, creation: Creation, *, is_unknown: bool) -> None:
        """Ends a creation without a session and gives back its count; `is_unknown`: the API may have created one."""
        ends_s, _ = self.creations.get(creation.ticket, (now, ""))
        if ends_s > now and ends_s - creation.lease_s >= self.window[0] - WINDOW_S:  # It counts in this window.
            self.window = (self.window[0], max(0, self.window[1] - 1))
        if creation.ticket in self.creations:
            self._end(creation)
            if is_unknown:
                self.creations[creation.ticket] = (now, creation.place.slot)

    def revoke(self, now: float, device: str | None) -> RevokeReply:
        """Changes the generation of the user, or of one device; drops secrets and leases, but no session ids."""
        revocation_id = token_hex(8)  # A step that is repeated with an earlier id could undo a later revocation.
        self.revocations[device or ""] = revocation_id
        if len(self.revocations) + len(self.versions) > MOST_DEVICES:
            self.revocations, self.versions = {"": revocation_id}, {}
        self._drop_expired(now)
        self.secrets = {slot: held for slot, held in self.secrets.items() if not _is_of(slot, device)}
        self.leases = {slot: held for slot, held in self.leases.items() if not _is_of(slot, device)}
        has_lapsed = any(ends_s <= now and _is_of(slot, device) for ends_s, slot in self.creations.values())
        return RevokeReply(tuple(self.session_ids(now, device)), self.is_from_store and not has_lapsed)

    def forget(self, _now: float, session_ids: Iterable[str]) -> None:
        """Drops sessions that no longer live."""
        for session_id in session_ids:
            self.sessions.pop(session_id, None)

    def _count(self, per_minute: int | None, now: float) -> bool:
        """Counts a creation, unless the limit is reached."""
        if not 0 < self.window[0] - now <= WINDOW_S + SLACK_S:
            self.window = (now + WINDOW_S, 0)
            self._drop_expired(now)
        if per_minute is not None and self.window[1] >= per_minute:
            return False
        self.window = (self.window[0], self.window[1] + 1)
        return True

    def _holds_lease(self, creation: Creation) -> bool:
        return self.leases.get(creation.place.slot, (0.0, 0.0, ""))[2] == creation.ticket

    def _end(self, creation: Creation) -> None:
        self.creations.pop(creation.ticket, None)
        if self._holds_lease(creation):
            del self.leases[creation.place.slot]

    def _drop_expired(self, now: float) -> None:
        """A creation that lapsed is remembered as long as its session may live."""
        self.sessions = {name: held for name, held in self.sessions.items() if held[0] > now}
        self.secrets = {slot: held for slot, held in self.secrets.items() if held[0] > now}
        self.leases = {slot: held for slot, held in self.leases.items() if held[0] > now}
        self.creations = {name: held for name, held in self.creations.items() if held[0] + SESSION_LIFE_S > now}
        used = {slot for _, slot in (*self.sessions.values(), *self.creations.values())}
        self.versions = {slot: ticket for slot, ticket in self.versions.items() if slot in used}


def _is_of(slot: str, device: str | None) -> bool:
    return device is None or slot.startswith(f"{device}.")


_converter = cattrs.Converter()


def loads(value: bytes) -> UserRecord:
    """The record in a value; an empty one if that is not a record: any program can write to the store."""
    try:
        return _converter.structure(json.loads(value), UserRecord) if value else UserRecord()
    except Exception:  # of cattrs or json
        return UserRecord()


def dumps(record: UserRecord) -> bytes:
    return b"" if record == UserRecord() else json.dumps(_converter.unstructure(record)).encode()


loads_for_reading = lru_cache(RECORDS_CACHED)(loads)  # its records are shared: they must not be changed
