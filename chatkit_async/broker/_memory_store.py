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

from ._clock import now_s
from ._expiring import Expiring, lock
from ._store import (
    ANY_RECORD,
    KEPT_S,
    SESSION_LIFE_S,
    WINDOW_S,
    Begun,
    Creation,
    Ended,
    Kept,
    Minted,
    Place,
    SealedRecord,
    Seen,
)

SERVERS = ("uvicorn", "gunicorn", "hypercorn", "granian", "fastapi")

log = logging.getLogger("chatkit_async")


class _User:
    """All that is held of one user; times are the store's clock."""

    __slots__ = ("count", "leases", "mark", "marks", "records", "sessions", "tickets", "versions", "window_ends_s")

    def __init__(self) -> None:
        self.mark = ""
        self.marks: dict[str, str] = {}  # by device
        self.versions: dict[str, str] = {}  # by slot, as all that follows
        self.records: dict[str, tuple[float, str, str]] = {}  # end, ticket, text
        self.leases: dict[str, tuple[float, float, str]] = {}  # beginning, end, ticket
        self.sessions: dict[str, tuple[float, str]] = {}  # end and slot by id
        self.tickets: dict[str, tuple[float, str]] = {}  # when its creator counts as stopped, and slot
        self.window_ends_s = 0.0
        self.count = 0

    def generation(self, device: str) -> str:
        return f"{self.mark}/{self.marks.get(device, '')}"

    def sweep(self, now: float) -> None:
        """Drops what has ended; a creation that stopped is remembered as long as its session may live."""
        self.sessions = {name: held for name, held in self.sessions.items() if held[0] > now}
        self.tickets = {name: held for name, held in self.tickets.items() if held[0] + SESSION_LIFE_S > now}
        self.records = {slot: held for slot, held in self.records.items() if held[0] > now}


class MemoryStore:
    """The default store: this process's memory. What has expired is dropped, so that it does not grow.

    With one process, nothing else is needed. Several processes each have their own: `revoke` then reaches only the
    sessions of the process that runs it, and is never complete; use a `RedisStore` there. A warning in the log says so
    where a worker of uvicorn or gunicorn, or WEB_CONCURRENCY, shows that there are several.

    Args:
        clock: seconds that only grow; default: the process's monotonic clock.
    """

    def __init__(self, clock: Callable[[], float] = now_s) -> None:
        self._clock = clock
        self._users: Expiring[str, _User] = Expiring(clock)
        self._gap_ends_s = 0.0
        self._process: int | None = None
        self._is_alone = True

    async def read(self, place: Place) -> Seen:
        with lock:
            user = self._users.get(place.user)
            return _UNSEEN if user is None else self._seen(user, place)

    def generation(self, place: Place) -> str:
        """What changes when this process revokes a place."""
        user = self._users.get(place.user)
        return _UNSEEN.generation if user is None else user.generation(place.device)

    async def begin(self, creation: Creation) -> Begun:
        self._check_workers()
        with lock:
            user, now = self._user(creation.place.user), self._clock()
            seen = self._seen(user, creation.place)
            held = self._in_the_way(user, creation, seen, now)
            if held is not None:
                return held
            self._reserve(user, creation, now)
            return Begun("go", seen)

    async def keep(self, minted: Minted) -> Kept:
        with lock:
            place, now = minted.place, self._clock()
            user = self._user(place.user)
            others: list[str] = []
            if minted.is_renewal:
                user.versions[place.slot] = minted.ticket
                user.records.pop(place.slot, None)
                others = [name for name, (ends_s, slot) in user.sessions.items() if slot == place.slot and ends_s > now]
            seen, ends_s = self._seen(user, place), now + minted.life_s
            has_lease = user.leases.get(place.slot, ("", "", ""))[2] == minted.ticket
            is_current = seen.generation == minted.began.generation and seen.version in {
                minted.began.version,
                minted.ticket,
            }
            if minted.record is not None and has_lease and is_current:
                user.records[place.slot] = (ends_s, minted.ticket, minted.record)
            user.sessions[minted.session_id] = (ends_s, place.slot)
            self._end_ticket(user, minted.ticket, place.slot)
            return Kept(seen, tuple(name for name in others if name != minted.session_id))

    async def fail(self, creation: Creation, *, is_unknown: bool) -> None:
        with lock:
            user = self._users.get(creation.place.user)
            if user is not None and creation.ticket in user.tickets:
                user.count = max(0, user.count - 1)
                self._end_ticket(user, creation.ticket, creation.place.slot)
                if is_unknown:
                    user.tickets[creation.ticket] = (self._clock(), creation.place.slot)

    async def owns(self, user: str, session_id: str) -> bool:
        with lock:
            found = self._users.get(user)
            return found is not None and found.sessions.get(session_id, (0.0,))[0] > self._clock()

    async def revoke(self, user: str, mark: str, device: str | None = None) -> Ended:
        self._check_workers()
        with lock:
            found, now = self._user(user), self._clock()
            if device is None:
                found.mark = mark
            else:
                found.marks[device] = mark
            found.sweep(now)
            for held in (found.records, found.leases):
                for slot in [slot for slot in held if _is_of(slot, device)]:
                    del held[slot]
            has_stopped = any(ends_s <= now and _is_of(slot, device) for ends_s, slot in found.tickets.values())
            names = [name for name, (_, slot) in found.sessions.items() if _is_of(slot, device)]
            return Ended(tuple(names), self._is_alone and not has_stopped and self._gap_ends_s <= now)

    async def forget(self, user: str, session_ids: Iterable[str]) -> None:
        with lock:
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
        """Nothing is open."""

    def _check_workers(self) -> None:
        """Warns once in each process that has siblings, which this store does not reach."""
        if self._process == os.getpid():
            return
        is_child, self._process = self._process is not None, os.getpid()
        evidence = several_workers()
        self._is_alone = evidence is None and not is_child  # the parent may go on making sessions
        if evidence is not None:
            log.warning(
                "A MemoryStore in one of several workers (%s): each makes sessions of its own, and revoke reaches only"
                " one worker's; use a RedisStore",
                evidence,
            )

    def _user(self, name: str) -> _User:
        user = self._users.get(name) or _User()
        self._users.set(name, user, self._clock() + KEPT_S)
        return user

    def _seen(self, user: _User, place: Place) -> Seen:
        record = user.records.get(place.slot)
        left_s = 0.0 if record is None else record[0] - self._clock()
        sealed = SealedRecord(record[2], record[1], left_s) if record is not None and left_s > 0 else None
        return Seen(user.generation(place.device), user.versions.get(place.slot, ""), sealed)

    def _in_the_way(self, user: _User, creation: Creation, seen: Seen, now: float) -> Begun | None:
        """What keeps a creation from beginning now, if anything does."""
        if creation.ticket in user.tickets:
            return None  # it has begun already
        slot, found = creation.place.slot, seen.record
        is_wanted = found is not None and creation.unsuitable not in {ANY_RECORD, found.ticket}
        if creation.is_shared and found is not None and is_wanted and found.left_s > creation.margin_s:
            return Begun("found", seen)
        since_s, ends_s, ticket = user.leases.get(slot, (0.0, 0.0, ""))
        if creation.is_shared and ends_s > now and ticket not in {creation.ticket, creation.replaces}:
            return Begun("wait", seen, now - since_s)
        if user.window_ends_s <= now:
            user.sweep(now)
            user.window_ends_s, user.count = now + WINDOW_S, 0
        if creation.per_minute is not None and user.count >= creation.per_minute:
            return Begun("limited", seen, user.window_ends_s - now)
        return None

    def _reserve(self, user: _User, creation: Creation, now: float) -> None:
        if creation.replaces in user.tickets:
            user.tickets[creation.replaces] = (now, creation.place.slot)
        if creation.ticket not in user.tickets:
            user.count += 1
            user.tickets[creation.ticket] = (now + creation.lease_s, creation.place.slot)
        if creation.is_shared:
            user.leases[creation.place.slot] = (now, now + creation.lease_s, creation.ticket)

    def _end_ticket(self, user: _User, ticket: str, slot: str) -> None:
        user.tickets.pop(ticket, None)
        if user.leases.get(slot, (0.0, 0.0, ""))[2] == ticket:
            del user.leases[slot]


_UNSEEN = Seen("/", "")


def _is_of(slot: str, device: str | None) -> bool:
    return device is None or slot.startswith(f"{device}.")


def several_workers() -> str | None:
    """The sign that there are several workers; None if there is none."""
    config: Any = getattr(multiprocessing.current_process(), "_kwargs", {}).get("config")
    if isinstance(getattr(config, "workers", None), int) and config.workers > 1:
        return f"a worker of uvicorn, workers={config.workers}"
    return sign_of_workers(sys.orig_argv, os.environ)


def sign_of_workers(arguments: Sequence[str], environment: Mapping[str, str]) -> str | None:
    """What a command line and the environment say of several workers; None if they say of none."""
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
