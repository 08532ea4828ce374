"""The store of one process: what brokers remember in memory, until it expires."""

from __future__ import annotations

import logging
import multiprocessing
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ._clock import Expiring, memory_lock, now_s
from ._store import (
    KEPT_S,
    MOST_DEVICES,
    SESSION_LIFE_S,
    WINDOW_S,
    BeginReply,
    CreatedSession,
    Creation,
    EncryptedSecret,
    KeepReply,
    Place,
    PlaceState,
    RevokeReply,
)

SERVERS = ("uvicorn", "gunicorn", "hypercorn", "granian", "fastapi")

log = logging.getLogger("chatkit_async")


class MemoryStore:
    """The default store: this process's memory. What has expired is dropped, so that it does not grow.

    With one process, nothing else is needed. Several processes each have their own: `revoke` then reaches only the
    sessions of the process that runs it; use a `RedisStore` there. Where the settings of
    uvicorn, gunicorn, hypercorn or granian, or WEB_CONCURRENCY, show that there are several, a warning in the log says
    so, and no `Revocation` is complete. Without such a sign it covers this process alone, and may be complete.

    Args:
        clock: seconds that only grow; default: the process's monotonic clock.
    """

    def __init__(self, clock: Callable[[], float] = now_s) -> None:
        self._clock = clock
        self._users: Expiring[str, _User] = Expiring(clock)
        self._gap_ends_s = 0.0
        self._process: int | None = None
        self._is_alone = True
        self._is_fallback = False  # for another store, which several workers share

    async def read(self, place: Place) -> PlaceState:
        with memory_lock:
            user = self._users.get(place.user)
            return PlaceState("/", "") if user is None else user.state(place, self._clock())

    def own_generation(self, place: Place) -> str:
        """It changes when this process revokes the place."""
        user = self._users.get(place.user)
        return "/" if user is None else user.generation(place.device)

    async def begin(self, creation: Creation) -> BeginReply:
        self._check_workers()
        with memory_lock:
            return self._user(creation.place.user).begin(creation, self._clock())

    async def keep(self, session: CreatedSession) -> KeepReply:
        with memory_lock:
            return self._user(session.creation.place.user).keep(session, self._clock())

    async def fail(self, creation: Creation, *, is_unknown: bool) -> None:
        with memory_lock:
            user = self._users.get(creation.place.user)
            if user is not None and creation.ticket in user.creations:
                if user.creations[creation.ticket][0] > self._clock():  # A repeated step gives nothing back.
                    user.count = max(0, user.count - 1)
                user.end(creation)
                if is_unknown:
                    user.creations[creation.ticket] = (self._clock(), creation.place.slot)

    async def owns(self, user: str, session_id: str) -> bool:
        with memory_lock:
            found = self._users.get(user)
            return found is not None and found.sessions.get(session_id, (0.0,))[0] > self._clock()

    async def revoke(self, user: str, revocation_id: str, device: str | None = None) -> RevokeReply:
        self._check_workers()
        with memory_lock:
            now = self._clock()
            session_ids, has_lapsed = self._user(user).revoke(revocation_id, device, now)
            return RevokeReply(session_ids, self._is_alone and not has_lapsed and self._gap_ends_s <= now)

    async def forget(self, user: str, session_ids: Iterable[str]) -> None:
        with memory_lock:
            found = self._users.get(user)
            if found is not None:
                for session_id in session_ids:
                    found.sessions.pop(session_id, None)

    async def report_gap(self, life_s: float) -> None:
        self._gap_ends_s = max(self._gap_ends_s, self._clock() + life_s)

    async def check(self) -> None:
        """Warns if there are several workers."""
        self._check_workers()

    async def aclose(self) -> None:
        """Does nothing: there are no connections."""

    def _user(self, name: str) -> _User:
        user = self._users.get(name) or _User()
        self._users.set(name, user, self._clock() + KEPT_S)
        return user

    def _check_workers(self) -> None:
        """Warns once in each worker if this process is one of several, which this store does not reach."""
        if self._is_fallback or self._process == os.getpid():
            return
        is_child, self._process = self._process is not None, os.getpid()
        evidence = several_workers()
        self._is_alone = evidence is None and not is_child  # The parent of a fork may go on creating sessions.
        if evidence is not None:
            log.warning(
                "A MemoryStore in one of several workers (%s): each makes sessions of its own, and revoke reaches only"
                " one worker's; use a RedisStore",
                evidence,
            )


class _User:
    """What is held of one user. The Lua scripts of a `RedisStore` do the same."""

    def __init__(self) -> None:
        self.revocations: dict[str, str] = {}  # id of the last one by device; of the user: ""
        self.versions: dict[str, str] = {}  # ticket of the last renewal by slot
        self.secrets: dict[str, tuple[float, str, str]] = {}  # end, ticket, encrypted secret by slot
        self.leases: dict[str, tuple[float, float, str]] = {}  # end, beginning, ticket by slot
        self.sessions: dict[str, tuple[float, str]] = {}  # end, slot by session id
        self.creations: dict[str, tuple[float, str]] = {}  # end of the lease, slot by ticket
        self.window_ends_s, self.count = 0.0, 0

    def generation(self, device: str) -> str:
        return f"{self.revocations.get('', '')}/{self.revocations.get(device, '')}"

    def state(self, place: Place, now: float) -> PlaceState:
        ends_s, ticket, text = self.secrets.get(place.slot, (now, "", ""))
        secret = EncryptedSecret(text, ticket, ends_s - now) if ends_s > now else None
        return PlaceState(self.generation(place.device), self.versions.get(place.slot, ""), secret)

    def begin(self, creation: Creation, now: float) -> BeginReply:
        state, slot = self.state(creation.place, now), creation.place.slot
        if creation.ticket in self.creations:
            return BeginReply("go", state)
        if creation.is_shared:
            found = None if creation.is_renewal else state.secret
            if found and found.ticket != creation.unsuitable_ticket and found.left_s > creation.margin_s:
                return BeginReply("found", state)
            lease_ends_s, began_s, _ = self.leases.get(slot, (now, now, ""))
            if lease_ends_s > now:
                return BeginReply("wait", state, now - began_s)
        if self.window_ends_s <= now:
            self.window_ends_s, self.count = now + WINDOW_S, 0
            self._drop_expired(now)
        if creation.per_minute is not None and self.count >= creation.per_minute:
            return BeginReply("limited", state, self.window_ends_s - now)
        self.count += 1
        self.creations[creation.ticket] = (now + creation.lease_s, slot)
        if creation.is_shared:
            self.leases[slot] = (now + creation.lease_s, now, creation.ticket)
        return BeginReply("go", state)

    def keep(self, session: CreatedSession, now: float) -> KeepReply:
        creation, ends_s, earlier = session.creation, now + session.life_s, []
        place, ticket = creation.place, creation.ticket
        if creation.is_renewal:
            self.versions[place.slot] = ticket
            self.secrets.pop(place.slot, None)
            earlier = [name for name, (end_s, slot) in self.sessions.items() if slot == place.slot and end_s > now]
        state, began = self.state(place, now), session.began
        is_unchanged = state.generation == began.generation and state.version in {began.version, ticket}
        if session.secret is not None and self._holds_lease(creation) and is_unchanged:
            self.secrets[place.slot] = (ends_s, ticket, session.secret)
        self.sessions[session.session_id] = (ends_s, place.slot)
        self.end(creation)
        return KeepReply(state, tuple(name for name in earlier if name != session.session_id))

    def end(self, creation: Creation) -> None:
        self.creations.pop(creation.ticket, None)
        if self._holds_lease(creation):
            del self.leases[creation.place.slot]

    def revoke(self, revocation_id: str, device: str | None, now: float) -> tuple[tuple[str, ...], bool]:
        """The ids of live sessions, and whether a creation lapsed, which may have created one."""
        self.revocations[device or ""] = revocation_id
        if len(self.revocations) + len(self.versions) > MOST_DEVICES:
            self.revocations, self.versions = {"": revocation_id}, {}
        self._drop_expired(now)
        self.secrets = {slot: held for slot, held in self.secrets.items() if not _is_of(slot, device)}
        self.leases = {slot: held for slot, held in self.leases.items() if not _is_of(slot, device)}
        has_lapsed = any(ends_s <= now and _is_of(slot, device) for ends_s, slot in self.creations.values())
        return tuple(name for name, (_, slot) in self.sessions.items() if _is_of(slot, device)), has_lapsed

    def _holds_lease(self, creation: Creation) -> bool:
        return self.leases.get(creation.place.slot, (0.0, 0.0, ""))[2] == creation.ticket

    def _drop_expired(self, now: float) -> None:
        """A creation that lapsed is remembered as long as its session may live."""
        self.sessions = {name: held for name, held in self.sessions.items() if held[0] > now}
        self.secrets = {slot: held for slot, held in self.secrets.items() if held[0] > now}
        self.creations = {name: held for name, held in self.creations.items() if held[0] + SESSION_LIFE_S > now}


def _is_of(slot: str, device: str | None) -> bool:
    return device is None or slot.startswith(f"{device}.")


def several_workers() -> str | None:
    """What shows that there are several workers; None without such a sign."""
    config: Any = getattr(multiprocessing.current_process(), "_kwargs", {}).get("config")
    if isinstance(getattr(config, "workers", None), int) and config.workers > 1:
        return f"a worker of uvicorn, workers={config.workers}"
    return sign_of_workers(sys.orig_argv, os.environ)


def sign_of_workers(arguments: Sequence[str], environment: Mapping[str, str]) -> str | None:
    """What in a command line and the environment shows several workers; None without such a sign."""
    name = next((server for server in SERVERS if any(Path(word).name == server for word in arguments[:4])), None)
    if name is None and "gunicorn" in environment.get("SERVER_SOFTWARE", ""):
        name = "gunicorn"
    words = [*shlex.split(environment.get("GUNICORN_CMD_ARGS", "")), *arguments] if name == "gunicorn" else arguments
    counts = re.findall(r"(?:^| )(?:-w|--workers)[ =]?(\d+)(?= |$)", " ".join(words)) if name else []
    if not counts and re.fullmatch(r"\d+", environment.get("WEB_CONCURRENCY", "")):
        counts, name = [environment["WEB_CONCURRENCY"]], "WEB_CONCURRENCY"
    if name == "gunicorn" and not counts and any(word.startswith(("-c", "--config")) for word in words):
        return "a worker of gunicorn, with a configuration file that may ask for several"
    return f"{name}, {counts[-1]} workers" if counts and int(counts[-1]) > 1 else None
