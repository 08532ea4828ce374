"""Threads: `ChatKitThread`, its status, and the result of deleting one."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

import attrs

from ._clock import utc
from .result import Result
from .unknown import UnknownThreadStatus


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class ChatKitThreadStatusActive(Result):
    """The thread takes messages."""

    type: Literal["active"]


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class ChatKitThreadStatusLocked(Result):
    """The thread takes no messages for now; `reason` may be None."""

    type: Literal["locked"]
    reason: str | None


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class ChatKitThreadStatusClosed(Result):
    """The thread has ended; `reason` may be None."""

    type: Literal["closed"]
    reason: str | None


ChatKitThreadStatus: TypeAlias = (
    ChatKitThreadStatusActive | ChatKitThreadStatusLocked | ChatKitThreadStatusClosed | UnknownThreadStatus
)


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class ChatKitThread(Result):
    """A conversation of one user; its items are listed apart.

    Attributes:
        id: the thread's id, `cthr_...`.
        object: always `chatkit.thread`.
        created_at: Unix seconds, UTC.
        title: None until it has one.
        status: one of the four status classes; compare `status.type`, or `match` the class.
        user: your id of its user.

    Source: ChatKit REST API, schema ThreadResource.
    """

    id: str
    object: Literal["chatkit.thread"] | str
    created_at: int
    title: str | None
    status: ChatKitThreadStatus
    user: str

    @property
    def created_at_utc(self) -> datetime:
        """`created_at` as an aware datetime in UTC."""
        return utc(self.created_at, "ChatKitThread.created_at")

    @property
    def is_active(self) -> bool:
        """Whether the thread takes messages."""
        return isinstance(self.status, ChatKitThreadStatusActive)


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class ThreadDeleteResponse(Result):
    """The result of deleting a thread.

    Source: ChatKit REST API, schema DeletedThreadResource.
    """

    id: str
    object: Literal["chatkit.thread.deleted"] | str
    deleted: bool
