"""What the sessions of a broker are like, and what one call asks for; checked before anything is sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeVar

import attrs

from ..errors import ParamsValidationError
from ..types.checks import Invalid, refuse, text
from ..types.redacted import kind_of
from ..types.secret import Secret, without_other_values
from ..types.session_operations import (
    MAX_USER_LENGTH,
    ChatKitConfigurationLike,
    ExpiresAfterLike,
    RateLimitsLike,
    SessionCreateParams,
    WorkflowLike,
)
from ..types.session_params import MAX_EXPIRES_AFTER_S, ChatSessionWorkflowParam, StateVariables
from ._secret_cache import Record
from ._store import Place

T = TypeVar("T")
PLACES_CACHED = 4096  # a place takes 10 us to compute


@attrs.frozen
class SessionRequest:
    """What a call asks for.

    Attributes:
        place: the user and device, as digests.
        user: the user.
        workflow: of a new session.
        state: digest of its state variables.
        any_state: whether a live session with other state variables does as well.
        current: the client secret the browser has.
    """

    place: Place
    user: str = attrs.field(repr=False)
    workflow: ChatSessionWorkflowParam = attrs.field(repr=False)
    state: str
    any_state: bool
    current: Secret | None = None

    def fits(self, record: Record) -> bool:
        """Whether a live session is what the call asks for, and not the one the browser has already."""
        return self.fits_state(record) and not record.is_of(self.current)

    def fits_state(self, record: Record) -> bool:
        """Whether a live session has the state variables that the call asks for."""
        return self.any_state or record.state == self.state


class SessionTemplate:
    """Workflow and settings of all sessions of a broker."""

    def __init__(
        self,
        workflow: WorkflowLike,
        chatkit_configuration: ChatKitConfigurationLike | None,
        expires_after: ExpiresAfterLike | None,
        rate_limits: RateLimitsLike | None,
    ) -> None:
        self._params = SessionCreateParams(
            user="template",
            workflow=workflow,
            chatkit_configuration=chatkit_configuration,
            expires_after=expires_after,
            rate_limits=rate_limits,
        )
        self._settings = digest("settings", self._params.to_dict())[:8]
        self._state = digest("state", dict(self._params.workflow.state_variables or {}))
        self.place = lru_cache(PLACES_CACHED)(self._place)

    def __str__(self) -> str:
        return f"workflow={self.workflow.id!r}"

    @property
    def workflow(self) -> ChatSessionWorkflowParam:
        """That of the broker."""
        return self._params.workflow

    @property
    def life_s(self) -> int:
        """Seconds that a session lives."""
        expires_after = self._params.expires_after
        return MAX_EXPIRES_AFTER_S if expires_after is None else expires_after.seconds

    def _place(self, user: str, device: str | None = None) -> Place:
        """The place of a user and device, each checked by `checked_name`."""
        device = digest("device", device)
        return Place(digest("user", user), device, f"{device}.{self._settings}")

    def request(
        self, place: Place, user: str, state_variables: StateVariables | None, current: Secret | None
    ) -> SessionRequest:
        """What a call asks for.

        Raises:
            ParamsValidationError: state variables that the API would refuse.
        """
        workflow = self._params.workflow
        if state_variables is None:
            return SessionRequest(place, user, workflow, self._state, True, current)
        workflow = attrs.evolve(workflow, state_variables=_merged(workflow.state_variables, state_variables))
        workflow = self.params(user, workflow).workflow  # refused here, before anything is sent
        state = digest("state", dict(workflow.state_variables or {}))
        return SessionRequest(place, user, workflow, state, False, current)

    def params(self, user: str, workflow: ChatSessionWorkflowParam) -> SessionCreateParams:
        """What a new session is created with.

        Raises:
            ParamsValidationError: state variables that the API would refuse.
        """
        return attrs.evolve(self._params, user=user, workflow=workflow)


def digest(kind: str, *values: Any) -> str:
    """32 hex digits for JSON values; different kinds of things never share one.

    A hash hides a user id from a reader, not from one that can guess it: guard the store.
    """
    value = json.dumps(["chatkit-async", kind, *values], sort_keys=True)
    return hashlib.sha256(value.encode()).hexdigest()[:32]


def checked_name(name: str, value: str) -> str:
    """A user or device as a plain string; a lazy object that stands for one (Django's) is asked for it.

    Of any other type only the type is named: integrations log the message, and a log must not show users.

    Raises:
        ParamsValidationError: the API would refuse it.
    """
    is_lazy = isinstance(value, str) and not issubclass(type(value), str)
    given = str(value) if is_lazy else without_other_values(value)
    return _checked(name, text(given, max_length=MAX_USER_LENGTH, is_required=True))


def checked_string(name: str, value: str) -> str:
    """Any string; anything else is refused without being shown.

    Raises:
        ParamsValidationError: it is not a string.
    """
    given: object = value
    if isinstance(given, str):
        return value
    return _checked(name, refuse("", "invalid_type", f"must be a string, not {kind_of(given)}"))


def _merged(base: StateVariables | None, more: StateVariables) -> StateVariables:
    given: object = more
    return {**(base or {}), **more} if isinstance(given, Mapping) else more


def _checked(name: str, value: T) -> T:
    if isinstance(value, Invalid):
        problems = tuple(attrs.evolve(problem, path=name) for problem in value.problems)
        raise ParamsValidationError("AsyncSessionBroker", problems)
    return value
