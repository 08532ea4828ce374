"""`ChatSession`, the result of creating and cancelling a session, and its parts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypedDict

import attrs

from ._clock import unix_now_s, utc
from .result import Result
from .secret import Secret

ChatSessionStatus = Literal["active", "expired", "cancelled"]
"""The documented states of a session; `ChatSession.status` is typed `ChatSessionStatus | str`, for others may come."""


class BrowserSecret(TypedDict):
    """The part of a session that a browser needs."""

    client_secret: str
    expires_at: int


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class ChatKitWorkflowTracing(Result):
    """Whether runs of the workflow are traced."""

    enabled: bool


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class ChatKitWorkflow(Result):
    """The workflow behind a session.

    Attributes:
        id: the workflow's id, `wf_...`.
        version: the deployed version; None means the latest.
        state_variables: the workflow's variables by name; None or empty without any.
        tracing: whether runs are traced.
    """

    id: str
    version: str | None
    state_variables: Mapping[str, str | int | bool | float] | None
    tracing: ChatKitWorkflowTracing


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class ChatSessionRateLimits(Result):
    """How often the session may be used: requests per minute."""

    max_requests_per_1_minute: int


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class ChatSessionAutomaticThreadTitling(Result):
    """Whether threads get titles by themselves."""

    enabled: bool


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class ChatSessionFileUpload(Result):
    """Whether files may be uploaded, how large each (megabytes) and how many."""

    enabled: bool
    max_file_size: int | None
    max_files: int | None


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class ChatSessionHistory(Result):
    """Whether earlier threads are shown, and how many of them; None is all."""

    enabled: bool
    recent_threads: int | None


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class ChatSessionChatKitConfiguration(Result):
    """The ChatKit features of a session, with the API's defaults filled in."""

    automatic_thread_titling: ChatSessionAutomaticThreadTitling
    file_upload: ChatSessionFileUpload
    history: ChatSessionHistory


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class ChatSession(Result):
    """A ChatKit session: what a browser needs to talk to a workflow as one of your users, for at most ten minutes.

    Attributes:
        id: the session's id, `cksess_...`; what `cancel` takes.
        object: always `chatkit.session`.
        client_secret: authenticates the browser; its repr is masked. `for_browser()` gives it in plain text.
        expires_at: when the secret stops working, Unix seconds, UTC.
        user: your id of its user.
        status: `active`, `expired` or `cancelled`.
        max_requests_per_1_minute: a copy of `rate_limits.max_requests_per_1_minute`.
        rate_limits, workflow, chatkit_configuration: as created, with the API's defaults.

    Source: ChatKit REST API, schema ChatSessionResource. The API's own examples lack fields: absent ones raise
    `MissingFieldError` when read.
    """

    id: str
    object: Literal["chatkit.session"] | str
    client_secret: Secret = attrs.field(converter=Secret)
    expires_at: int
    user: str
    status: ChatSessionStatus | str
    max_requests_per_1_minute: int
    rate_limits: ChatSessionRateLimits
    workflow: ChatKitWorkflow
    chatkit_configuration: ChatSessionChatKitConfiguration

    @property
    def expires_at_utc(self) -> datetime:
        """`expires_at` as an aware datetime in UTC."""
        return utc(self.expires_at, "ChatSession.expires_at")

    def expires_in(self, now_s: float | None = None) -> float:
        """Seconds until the secret expires; negative once it has.

        Args:
            now_s: the time to count from, Unix seconds; default: this machine's clock.
        """
        return self.expires_at - (unix_now_s() if now_s is None else now_s)

    def is_expired(self, leeway_s: float = 0, now_s: float | None = None) -> bool:
        """Whether the secret has expired.

        Args:
            leeway_s: count it as expired this many seconds early; default 0.
            now_s: the time to judge by, Unix seconds; default: this machine's clock.
        """
        return self.expires_in(now_s) <= leeway_s

    def for_browser(self) -> BrowserSecret:
        """Exactly `{"client_secret", "expires_at"}`, the secret unmasked: what your endpoint sends to the browser."""
        return {"client_secret": str(self.client_secret), "expires_at": self.expires_at}

    def to_json(self) -> str:
        """The session as JSON text, as the API sent it, the client secret whole: not for logs."""
        return json.dumps(self.to_dict(), ensure_ascii=False)
