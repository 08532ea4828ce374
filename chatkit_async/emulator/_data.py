"""The sessions and threads that the emulated API has."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import cast

import attrs

from ..types._json import JSON, JSONObject
from ._store import Change, Kind, StateStore


def random_token() -> str:
    """48 random hex digits: the variable part of an id or a secret."""
    return secrets.token_hex(24)


class ResourceList:
    """Resources in the order of a listing, oldest first, with an index of their ids: a page costs no scan."""

    def __init__(self, oldest_first: Sequence[JSONObject]) -> None:
        self.oldest_first = oldest_first

    @cached_property
    def index_by_id(self) -> dict[JSON, int]:
        """The position of each id."""
        return {resource["id"]: index for index, resource in enumerate(self.oldest_first)}

    def slice(self, start: int, stop: int, *, descending: bool) -> Sequence[JSONObject]:
        """The resources from `start` up to `stop`, as positions in the given order."""
        if not descending:
            return self.oldest_first[start:stop]
        count = len(self.oldest_first)
        return self.oldest_first[count - stop : count - start][::-1]

    def position(self, resource_id: JSON, *, descending: bool) -> int | None:
        """The position of this id in the given order; None if it is not in the list."""
        index = None if resource_id is None else self.index_by_id.get(resource_id)
        return len(self.oldest_first) - 1 - index if descending and index is not None else index


@attrs.frozen
class Conversation:
    """A thread and its items, each as the REST API shows it."""

    thread: JSONObject
    items: ResourceList

    def document(self) -> JSONObject:
        """The conversation as a seed writes it."""
        return {"thread": self.thread, "items": [*self.items.oldest_first]}


@attrs.frozen
class Content:
    """Sessions and threads to add."""

    conversations: Sequence[Conversation] = ()
    sessions: Sequence[JSONObject] = ()

    def changes(self) -> list[Change]:
        """The same as changes of a store."""
        return [
            *(Change("sessions", id_of(one), one) for one in self.sessions),
            *(Change("conversations", id_of(one.thread), one.document()) for one in self.conversations),
        ]


class ApiData:
    """Sessions and threads by id. Values are replaced, never mutated.

    Each change is in the store before it is visible here: no response shows what a crash would undo.
    """

    def __init__(self, new_token: Callable[[], str], store: StateStore) -> None:
        self.new_token = new_token
        self.store = store
        self.sessions: dict[str, JSONObject] = {}
        self.conversations: dict[str, Conversation] = {}
        self._threads_by_user: dict[str | None, ResourceList] = {}

    def threads_of(self, user: str | None) -> ResourceList:
        """The threads of a user; None: of all users. Threads of the same second are in the order they were added."""
        if not self._threads_by_user:
            self._threads_by_user = by_user([one.thread for one in self.conversations.values()])
        return self._threads_by_user.get(user) or ResourceList(())

    def add_session(self, session: JSONObject) -> None:
        """Adds a session, or replaces the one with its id."""
        session_id = id_of(session)
        self.store.save([Change("sessions", session_id, session)])
        self.sessions[session_id] = session

    def remove_conversation(self, thread_id: str) -> None:
        """Removes a thread and its items."""
        self.store.save([Change("conversations", thread_id, None)])
        del self.conversations[thread_id]
        self._threads_by_user.clear()

    def add(self, content: Content, *, reset: bool) -> None:
        """Adds content, replacing what has the same ids; `reset` removes everything else."""
        self.store.save([*(self._removals() if reset else ()), *content.changes()])
        self.add_stored(content, reset=reset)

    def add_stored(self, content: Content, *, reset: bool) -> None:
        """Adds content that is in the store already."""
        if reset:
            self.sessions.clear()
            self.conversations.clear()
        self.sessions.update({id_of(session): session for session in content.sessions})
        self.conversations.update({id_of(one.thread): one for one in content.conversations})
        self._threads_by_user.clear()

    def reset(self) -> None:
        """Removes everything."""
        self.add(Content(), reset=True)

    def _removals(self) -> list[Change]:
        ids: Mapping[Kind, Mapping[str, object]] = {"sessions": self.sessions, "conversations": self.conversations}
        return [Change(kind, one, None) for kind, by_id in ids.items() for one in by_id]


def by_user(threads: Sequence[JSONObject]) -> dict[str | None, ResourceList]:
    """The threads of each user; under None, those of all users."""
    grouped: dict[str | None, list[JSONObject]] = {None: sorted(threads, key=created_at)}
    for thread in grouped[None]:
        grouped.setdefault(cast("str", thread["user"]), []).append(thread)
    return {user: ResourceList(oldest_first) for user, oldest_first in grouped.items()}


def id_of(resource: JSONObject) -> str:
    """The id of a resource."""
    return cast("str", resource["id"])


def created_at(resource: JSONObject) -> int:
    """The time of creation, in Unix seconds."""
    return cast("int", resource["created_at"])


def session_at(session: JSONObject, now_s: float) -> JSONObject:
    """The session as the API shows it at this time: an active one expires by the clock alone."""
    if session["status"] == "active" and now_s >= cast("int", session["expires_at"]):
        return {**session, "status": "expired"}
    return session


def client_secret(token: str, expires_at: int) -> str:
    """A client secret of the form seen in public."""
    tail = base64.b64encode(b'{"expires_at": %d}' % expires_at).decode()
    return f"ek_{token}_00{tail}"
