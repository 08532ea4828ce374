"""What the emulated API remembers."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import cast

import attrs

from ..types._json import JSONObject


def random_token() -> str:
    """48 random hex digits: the changing part of an id or a secret."""
    return secrets.token_hex(24)


@attrs.frozen
class Conversation:
    """A thread and its items, oldest first, each as the REST API shows it."""

    thread: JSONObject
    items: Sequence[JSONObject]


class State:
    """Sessions and threads by id; and where new ids come from. What it holds is replaced, never changed in place."""

    def __init__(self, new_token: Callable[[], str] = random_token) -> None:
        self.new_token = new_token
        self.sessions: dict[str, JSONObject] = {}
        self.conversations: dict[str, Conversation] = {}

    def threads_oldest_first(self) -> list[JSONObject]:
        """All threads; of the same second in the order they came."""
        return sorted((held.thread for held in self.conversations.values()), key=created_at)

    def keep_session(self, session: JSONObject) -> None:
        """Remembers a session, in place of an earlier one with its id."""
        self.sessions[cast("str", session["id"])] = session

    def drop_conversation(self, thread_id: str) -> None:
        """Forgets a thread and its items."""
        del self.conversations[thread_id]

    def fill(self, sessions: Iterable[JSONObject], conversations: Iterable[Conversation], *, reset: bool) -> None:
        """Remembers all of these, in place of earlier ones with their ids, or with `reset` of all there were."""
        if reset:
            self.reset()
        self.sessions.update({cast("str", session["id"]): session for session in sessions})
        self.conversations.update({cast("str", one.thread["id"]): one for one in conversations})

    def reset(self) -> None:
        """Forgets everything."""
        self.sessions.clear()
        self.conversations.clear()


def created_at(resource: JSONObject) -> int:
    """When it was made, in seconds since 1970."""
    return cast("int", resource["created_at"])
