"""Parameters of the two session operations: `SessionCreateParams` and `SessionCancelParams`, checked when built."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar, TypeAlias

import attrs

from ..errors import ParamsValidationError, Problem
from .checks import path_segment, required, text
from .configuration_params import ChatSessionChatKitConfigurationParam, ChatSessionChatKitConfigurationParamDict
from .params import Params, build, whole
from .session import ChatKitWorkflow, ChatSessionChatKitConfiguration, ChatSessionRateLimits
from .session_params import (
    ChatSessionExpiresAfterParam,
    ChatSessionExpiresAfterParamDict,
    ChatSessionRateLimitsParam,
    ChatSessionRateLimitsParamDict,
    ChatSessionWorkflowParam,
    ChatSessionWorkflowParamDict,
)

MAX_USER_LENGTH = 512  # the API accepts longer ones for a session, and cannot list their threads afterwards


WorkflowLike: TypeAlias = str | ChatSessionWorkflowParam | ChatKitWorkflow | ChatSessionWorkflowParamDict
"""What `workflow` of a session takes."""
ExpiresAfterLike: TypeAlias = int | timedelta | ChatSessionExpiresAfterParam | ChatSessionExpiresAfterParamDict
"""What `expires_after` of a session takes."""
RateLimitsLike: TypeAlias = ChatSessionRateLimitsParam | ChatSessionRateLimits | ChatSessionRateLimitsParamDict
"""What `rate_limits` of a session takes."""
ChatKitConfigurationLike: TypeAlias = (
    ChatSessionChatKitConfigurationParam | ChatSessionChatKitConfiguration | ChatSessionChatKitConfigurationParamDict
)
"""What `chatkit_configuration` of a session takes."""


def _user(value: str) -> str:
    return text(value, max_length=MAX_USER_LENGTH, is_required=True)


def _workflow(value: WorkflowLike) -> ChatSessionWorkflowParam:
    given: Any = value
    if given is None:
        given = required(given)
    return build(ChatSessionWorkflowParam, given, result_class=ChatKitWorkflow, shorthand=(str,), words="a workflow id")


def _expires_after(value: ExpiresAfterLike | None) -> ChatSessionExpiresAfterParam | None:
    if value is None:
        return None
    return build(
        ChatSessionExpiresAfterParam, value, shorthand=(int, float, timedelta), words="whole seconds, a timedelta"
    )


def _rate_limits(value: RateLimitsLike | None) -> ChatSessionRateLimitsParam | None:
    return None if value is None else build(ChatSessionRateLimitsParam, value, result_class=ChatSessionRateLimits)


def _configuration(value: ChatKitConfigurationLike | None) -> ChatSessionChatKitConfigurationParam | None:
    if value is None:
        return None
    return build(ChatSessionChatKitConfigurationParam, value, result_class=ChatSessionChatKitConfiguration)


_PER_MINUTE = 'write rate_limits={"max_requests_per_1_minute": ...}'
_IN_WORKFLOW = "it belongs in workflow"
_IN_CONFIGURATION = "it belongs in chatkit_configuration"
_EXPIRY = "write expires_after=... in seconds, 1 to 600"


@attrs.frozen(kw_only=True, repr=False)
class SessionCreateParams(Params):
    """Parameters of `sessions.create` as one object; `user` and `workflow` are required.

    Wire form: the JSON body of `POST /chatkit/sessions`.

    Args:
        user: your stable id of the user, at most 512 characters; threads are listed by it.
        workflow: its id, a `ChatSessionWorkflowParam`, a mapping, or the `workflow` of another session.
        chatkit_configuration: its class, a mapping, or that of another session; default: the API's.
        expires_after: seconds (1 to 600), a `timedelta` of whole seconds, its class or a mapping; default: 600.
        rate_limits: its class or a mapping; default: the API's, 10 requests a minute.

    A mapping is typed as the class's `...ParamDict`, so that an editor sees a misspelt key. A plain `dict[str, object]`
    goes through `from_mapping` of the class, or whole through the positional form of `sessions.create`.

    Raises:
        ParamsValidationError: everything that the API would refuse, at once; nothing is sent.

    Source: ChatKit REST API, schema CreateChatSessionBody.
    """

    _KNOWN_MISTAKES: ClassVar = {
        "scope": "a session is scoped by user",
        "user_id": "write user=...",
        "workflow_id": "write workflow=...",
        "requests_per_minute": _PER_MINUTE,
        "max_requests_per_1_minute": _PER_MINUTE,
        "max_requests_per_session": f"it has no limit per session; for one per minute {_PER_MINUTE}",
        "version": _IN_WORKFLOW,
        "state_variables": _IN_WORKFLOW,
        "tracing": _IN_WORKFLOW,
        "automatic_thread_titling": _IN_CONFIGURATION,
        "file_upload": _IN_CONFIGURATION,
        "history": _IN_CONFIGURATION,
        "seconds": _EXPIRY,
        "ttl_seconds": _EXPIRY,
        "expires_in": _EXPIRY,
        "expires_at": _EXPIRY,
    }

    user: str = attrs.field(converter=_user)
    workflow: ChatSessionWorkflowParam = attrs.field(converter=_workflow)
    chatkit_configuration: ChatSessionChatKitConfigurationParam | None = attrs.field(
        default=None, converter=_configuration
    )
    expires_after: ChatSessionExpiresAfterParam | None = attrs.field(default=None, converter=_expires_after)
    rate_limits: ChatSessionRateLimitsParam | None = attrs.field(default=None, converter=_rate_limits)


def as_create_params(  # noqa: PLR0917 - in the order of the API's fields
    params: SessionCreateParams | Mapping[str, object] | None,
    user: str | None,
    workflow: WorkflowLike | None,
    chatkit_configuration: ChatKitConfigurationLike | None,
    expires_after: ExpiresAfterLike | None,
    rate_limits: RateLimitsLike | None,
) -> SessionCreateParams:
    """One object from an object, a mapping, or keywords.

    Raises:
        ParamsValidationError: both are given, or the API would refuse them.
    """
    keywords: dict[str, Any] = {
        "user": user,
        "workflow": workflow,
        "chatkit_configuration": chatkit_configuration,
        "expires_after": expires_after,
        "rate_limits": rate_limits,
    }
    if params is None:
        return SessionCreateParams(**keywords)
    given = whole(SessionCreateParams, params, words="user=... and workflow=... by name")
    twice = [name for name, value in keywords.items() if value is not None]
    if twice:
        message = "was given beside a params object; put all into one of the two"
        problems = tuple(Problem(name, "invalid_value", message) for name in twice)
        raise ParamsValidationError("SessionCreateParams", problems)
    return given


@attrs.frozen(repr=False)
class SessionCancelParams(Params):
    """Parameters of `sessions.cancel`.

    Wire form: a segment of the path of `POST /chatkit/sessions/{session_id}/cancel`; no body.

    Args:
        session_id: the session's id, `cksess_...`.
    """

    session_id: str = attrs.field(converter=path_segment)
