"""What the sessions of a broker are like, and what one call asks of it; checked before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import attrs

from ..errors import ParamsValidationError
from ..types.checks import Invalid, refuse, text
from ..types.redacted import kind_of
from ..types.secret import Secret
from ..types.session_operations import (
    MAX_USER_LENGTH,
    ChatKitConfigurationLike,
    ExpiresAfterLike,
    RateLimitsLike,
    SessionCreateParams,
    WorkflowLike,
)
from ..types.session_params import MAX_EXPIRES_AFTER_S, StateVariables
from .keys import digest
from .record import Record
from .store import Place

T = TypeVar("T")
MAX_DEVICE_LENGTH = MAX_USER_LENGTH
_NOBODY = "nobody"


@attrs.frozen
class Asked:
    """What a call asks for.

    Attributes:
        params: what a new session would be created with.
        place: the user and device, as digests.
        state: digest of the state variables a new session would have.
        any_state: whether a live session with other state variables does as well.
        current: the client secret the browser has.
    """

    params: SessionCreateParams = attrs.field(repr=False)
    place: Place
    state: str
    any_state: bool
    current: Secret | None = None

    def suits(self, record: Record) -> bool:
        """Whether a live session is of use to this call."""
        return (self.any_state or record.state == self.state) and not record.is_of(self.current)


class Template:
    """Workflow and settings of all sessions of a broker."""

    def __init__(
        self,
        workflow: WorkflowLike,
        chatkit_configuration: ChatKitConfigurationLike | None,
        expires_after: ExpiresAfterLike | None,
        rate_limits: RateLimitsLike | None,
    ) -> None:
        self._params = SessionCreateParams(
            user=_NOBODY,
            workflow=workflow,
            chatkit_configuration=chatkit_configuration,
            expires_after=expires_after,
            rate_limits=rate_limits,
        )
        self._settings = digest("settings", self._params.to_dict())

    def __str__(self) -> str:
        return f"workflow={self._params.workflow.id!r}"

    @property
    def lives_s(self) -> int:
        """Seconds that a session lives."""
        expires_after = self._params.expires_after
        return MAX_EXPIRES_AFTER_S if expires_after is None else expires_after.seconds

    def asked(
        self,
        user: str,
        device: str | None,
        state_variables: StateVariables | None,
        current: str | None = None,
    ) -> Asked:
        """What a call asks for.

        Raises:
            ParamsValidationError: a user, device or state variables that cannot be.
        """
        workflow = self._params.workflow
        if state_variables is not None:
            workflow = attrs.evolve(workflow, state_variables=_merged(workflow.state_variables, state_variables))
        params = attrs.evolve(self._params, user=user, workflow=workflow)
        place = Place(digest("user", params.user), digest("device", _device(device), self._settings))
        state = digest("state", dict(workflow.state_variables or {}))
        return Asked(params, place, state, state_variables is None, _current(current))

    def user_key(self, user: str) -> str:
        """The digest of a user.

        Raises:
            ParamsValidationError: a user that cannot be.
        """
        return self.asked(user, None, None).place.user


def checked_id(session_id: str) -> str:
    """A session's id.

    Raises:
        ParamsValidationError: it is no text.
    """
    given: object = session_id
    if isinstance(given, str):
        return session_id
    return _checked("session_id", refuse(session_id, "invalid_type", f"must be a string, not {kind_of(given)}"))


def _device(device: str | None) -> str | None:
    return None if device is None else _checked("device", text(device, max_length=MAX_DEVICE_LENGTH))


def _current(current: str | None) -> Secret | None:
    if current is None or isinstance(current, Secret):
        return current
    return _checked("current", refuse(Secret(), "invalid_type", f"must be a string, not {kind_of(current)}"))


def _merged(base: StateVariables | None, more: StateVariables) -> StateVariables:
    given: object = more
    return {**(base or {}), **more} if isinstance(given, Mapping) else more


def _checked(name: str, value: T) -> T:
    if isinstance(value, Invalid):
        problems = tuple(attrs.evolve(problem, path=name) for problem in value.problems)
        raise ParamsValidationError("AsyncSessionBroker", problems)
    return value
