"""The settings of a broker, and what one call needs; checked before anything is sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeVar

import attrs

from .._async.client import AsyncChatKit
from ..errors import ConfigurationError, ParamsValidationError
from ..types.checks import Invalid, as_float, refuse, text, whole_number
from ..types.redacted import kind_of
from ..types.secret import Hidden, Secret, without_other_values, without_value
from ..types.session_operations import (
    MAX_USER_LENGTH,
    ChatKitConfigurationLike,
    ExpiresAfterLike,
    RateLimitsLike,
    SessionCreateParams,
    WorkflowLike,
)
from ..types.session_params import MAX_EXPIRES_AFTER_S, ChatSessionWorkflowParam, StateVariables
from ._memory_store import MemoryStore
from ._secret_cache import CachedSecret
from ._store import Store
from ._user_record import SESSION_LIFE_S, Place

T = TypeVar("T")
PLACES_CACHED = 4096  # A place takes 10 us to compute.
_STORE_METHODS = tuple(name for name in vars(Store) if not name.startswith("_"))


@attrs.frozen
class SessionRequest:
    """What a call needs.

    Attributes:
        place: the user and device, as digests.
        user: the user.
        workflow: of a new session.
        variables: digest of its state variables; None if a live session with any will do.
        current: the client secret the browser has.
    """

    place: Place
    user: str = attrs.field(repr=False)
    workflow: ChatSessionWorkflowParam = attrs.field(repr=False)
    variables: str | None
    current: Secret | None = None

    def fits(self, cached: CachedSecret) -> bool:
        """Whether a live session suits the call, and is not the one the browser has already."""
        return self.fits_variables(cached) and not cached.is_of(self.current)

    def fits_variables(self, cached: CachedSecret) -> bool:
        """Whether a live session has the state variables of the call."""
        return self.variables is None or cached.variables == self.variables


class SessionTemplate:
    """Workflow and settings of all sessions of a broker; see `AsyncSessionBroker`."""

    def __init__(
        self,
        workflow: WorkflowLike,
        chatkit_configuration: ChatKitConfigurationLike | None,
        expires_after: ExpiresAfterLike | None,
        rate_limits: RateLimitsLike | None,
        *,
        margin_s: float,
        lease_s: float,
        per_minute: int | None,
    ) -> None:
        self._params = SessionCreateParams(
            user="template",
            workflow=workflow,
            chatkit_configuration=chatkit_configuration,
            expires_after=expires_after,
            rate_limits=rate_limits,
        )
        expires_after = self._params.expires_after
        self.life_s = MAX_EXPIRES_AFTER_S if expires_after is None else expires_after.seconds
        self.margin_s = _checked_margin_s(margin_s, self.life_s)
        self.lease_s = _checked_lease_s(lease_s)
        self.per_minute = _checked_limit(per_minute)
        self._digest = digest("settings", self._params.to_dict())[:8]

    def __str__(self) -> str:
        return f"workflow={self._params.workflow.id!r}"

    def request(
        self, user: str, device: str | None, state_variables: StateVariables | None, current: str | None
    ) -> SessionRequest:
        """Raises ParamsValidationError."""
        secret = None if current is None else Secret(checked_string("current", current))
        user, place = _checked_name("user", user), self.place(user, device)
        workflow, variables = self._params.workflow, None
        if state_variables is not None:
            workflow = attrs.evolve(workflow, state_variables=_merged(workflow.state_variables, state_variables))
            attrs.evolve(self._params, user=user, workflow=workflow)  # refuses them before anything is sent
            variables = digest_of_variables(workflow)
        return SessionRequest(place, user, workflow, variables, secret)

    def place(self, user: str, device: str | None) -> Place:
        """Raises ParamsValidationError."""
        user = _checked_name("user", user)
        return _place(self._digest, user, None if device is None else _checked_name("device", device))

    def params(self, request: SessionRequest | None = None) -> SessionCreateParams:
        """What a new session is created with; without a request, any that the API takes."""
        if request is None:
            return self._params
        return attrs.evolve(self._params, user=request.user, workflow=request.workflow)


@lru_cache(PLACES_CACHED)
def _place(settings: str, user: str, device: str | None) -> Place:
    device = digest("device", device)
    return Place(digest("user", user), device, f"{device}.{settings}")


def digest(kind: str, *values: Any) -> str:
    """32 hex digits for JSON values of a kind. They hide a user id from a reader, not from one that can guess it."""
    value = json.dumps(["chatkit-async", kind, *values], sort_keys=True)
    return hashlib.sha256(value.encode()).hexdigest()[:32]


def digest_of_variables(workflow: ChatSessionWorkflowParam) -> str:
    return digest("state", dict(workflow.state_variables or {}))


def _checked_name(name: str, value: str) -> str:
    """A user or device as a plain string; Django's `SimpleLazyObject` is evaluated.

    Errors name only the type of other values: integrations log them, and a log must not show users.
    """
    is_lazy = isinstance(value, str) and not issubclass(type(value), str)
    given = str(value) if is_lazy else without_other_values(value)
    return _checked(name, text(given, max_length=MAX_USER_LENGTH, is_required=True))


def checked_string(name: str, value: str) -> str:
    """Any string; raises ParamsValidationError without the value for anything else."""
    given: object = value
    if isinstance(given, str):
        return value
    return _checked(name, refuse("", "invalid_type", f"must be a string, not {kind_of(given)}"))


def _checked(name: str, value: T) -> T:
    if isinstance(value, Invalid):
        problems = tuple(attrs.evolve(problem, path=name) for problem in value.problems)
        raise ParamsValidationError("AsyncSessionBroker", problems)
    return value


def _merged(base: StateVariables | None, more: StateVariables) -> StateVariables:
    given: object = more
    return {**(base or {}), **more} if isinstance(given, Mapping) else more


def _checked_margin_s(margin_s: float, life_s: int) -> float:
    margin = as_float(margin_s)
    if margin is None or not 0 <= margin < life_s:
        raise ConfigurationError(
            f"margin_s must be at least 0 and below the life of a session (expires_after, {life_s} s), got {margin_s!r}"
        )
    return margin


def _checked_lease_s(lease_s: float) -> float:
    lease = as_float(lease_s)
    if lease is None or not 0 < lease <= SESSION_LIFE_S:
        raise ConfigurationError(f"lease_s must be seconds above 0, at most {SESSION_LIFE_S:.0f}, got {lease_s!r}")
    return lease


def _checked_limit(per_minute: int | None) -> int | None:
    if per_minute is not None and not isinstance(whole_number(per_minute, minimum=1), int):
        raise ConfigurationError(
            f"sessions_per_minute must be a whole number of at least 1, or None for any number, got {per_minute!r}"
        )
    return per_minute


def checked_client(client: AsyncChatKit) -> AsyncChatKit:
    """Raises ConfigurationError."""
    given: object = client
    if not isinstance(given, AsyncChatKit):
        raise ConfigurationError(
            f"AsyncSessionBroker takes an AsyncChatKit, not {type(given).__name__}; SessionBroker a ChatKit"
        )
    return given


def store_or_hidden(store: Store | None) -> Store | None:
    """The store; anything else as `Hidden`: a URL in its place may hold a password, and is not for tracebacks."""
    is_store = not isinstance(store, type) and all(callable(getattr(store, name, None)) for name in _STORE_METHODS)
    return store if is_store else without_value(store)


def checked_store(store: Store | None) -> Store:
    """The store after `store_or_hidden`, by default this process's memory; raises ConfigurationError."""
    if isinstance(store, Hidden):
        raise ConfigurationError(f"store: a MemoryStore, a RedisStore or one of your own, not {store.kind.__name__}")
    return MemoryStore() if store is None else store
