"""What the emulated API remembers."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import cast

import attrs

from ..types._json import JSONObject
from .paging import Line
from .store import Change, Kind, Store


def random_token() -> str:
    """48 random hex digits: the changing part of an id or a secret."""
    return secrets.token_hex(24)


@attrs.frozen
class Conversation:
    """A thread and its items, oldest first, each as the REST API shows it."""

    thread: JSONObject
    items: Line


class State:
    """Sessions and threads by id; and where new ids come from. What it holds is replaced, never changed in place.

    Each change is kept in the store before it shows: no answer tells of what a sudden end would undo.
    """

    def __init__(self, new_token: Callable[[], str], store: Store) -> None:
        self.new_token = new_token
        self.store = store
        self.sessions: dict[str, JSONObject] = {}
        self.conversations: dict[str, Conversation] = {}
        self._lines: dict[str | None, Line] = {}

    def threads_of(self, user: str | None) -> Line:
        """The threads of a user, or with None all; of the same second in the order they came."""
        if not self._lines:
            self._lines = lines_by_user([one.thread for one in self.conversations.values()])
        return self._lines.get(user) or Line(())

    def keep_session(self, session: JSONObject) -> None:
        """Remembers a session, in place of an earlier one with its id."""
        session_id = id_of(session)
        self.store.save([Change("sessions", session_id, session)])
        self.sessions[session_id] = session

    def drop_conversation(self, thread_id: str) -> None:
        """Forgets a thread and its items."""
        self.store.save([Change("conversations", thread_id, None)])
        del self.conversations[thread_id]
        self._lines.clear()

    def fill(self, content: Content, *, reset: bool) -> None:
        """Remembers all of this, in place of earlier ones with their ids, or with `reset` of all there were."""
        self.store.save([*(self._removals() if reset else ()), *content.changes()])
        self.show(content, reset=reset)

    def show(self, content: Content, *, reset: bool) -> None:
        """Holds what the store has already; otherwise as `fill`."""
        if reset:
            self.sessions.clear()
            self.conversations.clear()
        self.sessions.update({id_of(session): session for session in content.sessions})
        self.conversations.update({id_of(one.thread): one for one in content.conversations})
        self._lines.clear()

    def reset(self) -> None:
        """Forgets everything."""
        self.fill(Content(), reset=True)

    def _removals(self) -> list[Change]:
        held: Mapping[Kind, Mapping[str, object]] = {"sessions": self.sessions, "conversations": self.conversations}
        return [Change(kind, held_id, None) for kind, by_id in held.items() for held_id in by_id]


@attrs.frozen
class Content:
    """Sessions and threads, to be held together."""

    conversations: Sequence[Conversation] = ()
    sessions: Sequence[JSONObject] = ()

    def changes(self) -> list[Change]:
        """What a store has to do to keep it."""
        return [
            *(Change("sessions", id_of(one), one) for one in self.sessions),
            *(Change("conversations", id_of(one.thread), document(one)) for one in self.conversations),
        ]


def document(conversation: Conversation) -> JSONObject:
    """The conversation as a seed names it."""
    return {"thread": conversation.thread, "items": [*conversation.items.oldest_first]}


def lines_by_user(threads: Sequence[JSONObject]) -> dict[str | None, Line]:
    """The threads of each user, and under None those of all, oldest first."""
    by_user: dict[str | None, list[JSONObject]] = {None: sorted(threads, key=created_at)}
    for thread in by_user[None]:
        by_user.setdefault(cast("str", thread["user"]), []).append(thread)
    return {user: Line(oldest_first) for user, oldest_first in by_user.items()}


def id_of(resource: JSONObject) -> str:
    """Its id."""
    return cast("str", resource["id"])


def created_at(resource: JSONObject) -> int:
    """When it was made, in seconds since 1970."""
    return cast("int", resource["created_at"])
