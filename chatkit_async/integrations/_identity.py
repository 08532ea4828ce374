"""Which user sent the request: what `identify` returned, checked."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeAlias, TypeVar, cast

import attrs

from ..errors import ConfigurationError
from ..types.checks import Invalid, text
from ..types.secret import without_other_values
from ..types.session_operations import MAX_USER_LENGTH
from ..types.session_params import StateVariables
from ._refusals import EndpointRefusal

T = TypeVar("T")

# The user ids of anonymous visitors; refused for signed-in users, since an app may let users choose their ids.
VISITOR = re.compile(r"anonymous_[A-Za-z0-9_-]{32}")
MUST_NOT_WAIT = (
    "identify returned an awaitable in a blocking view; make it a plain function, or use an async view with an"
    " AsyncSessionBroker"
)


@attrs.frozen
class Identity:
    """The user that sent a request, and from which device.

    Args:
        user: the user's id in your app, a string of 1 to 512 characters, not blank.
        device: one of the user's devices, 1 to 512 characters; each device gets its own session, and with it its own
            rate limit. A session key of your framework serves well. Default None: all devices share one session.
        state_variables: given to the workflow, beside those of the broker; a live session that was made with others is
            replaced. Default None: any live session is reused.
    """

    user: str
    device: str | None = None
    state_variables: StateVariables | None = None


Identified: TypeAlias = str | Identity | None
"""What `identify` returns: the user's id, an `Identity`, or None for an anonymous visitor."""

MaybeIdentified: TypeAlias = Identified | Awaitable[Identified]
"""The same, now or once awaited."""


def identity_of(returned: object) -> Identity | None:
    """What `identify` returned, as an Identity; None for an anonymous visitor.

    Raises:
        EndpointRefusal: 500, for anything else; the log says what it was.
    """
    if returned is None:
        return None
    if not isinstance(returned, Identity):
        return Identity(_user(returned))
    device = None if returned.device is None else _text("device", returned.device)
    return Identity(_user(returned.user), device, returned.state_variables)


def blocking_identity(identify: Callable[[T], object] | None, request: T) -> Identity | None:
    """The identity by an `identify` that must not wait.

    Raises:
        EndpointRefusal: 500, for a value that is not a user.
        ConfigurationError: it returned an awaitable.
    """
    returned = None if identify is None else identify(request)
    if inspect.isawaitable(returned):
        if inspect.iscoroutine(returned):
            returned.close()
        raise ConfigurationError(MUST_NOT_WAIT)
    return identity_of(returned)


def async_identity(
    identify: Callable[[T], MaybeIdentified] | None, in_thread: Callable[..., Awaitable[Any]]
) -> Callable[[T], Coroutine[Any, Any, Identity | None]]:
    """How an async view finds the identity: a coroutine function in the event loop, a plain function in a thread.

    Args:
        identify: the app's; None: every visitor is anonymous.
        in_thread: runs a function with its arguments in a worker thread.
    """
    if identify is None:
        return _anonymous
    if not is_coroutine_function(identify):
        return lambda request: _found_in_thread(identify, request, in_thread)
    awaited = cast("Callable[[T], Awaitable[Identified]]", identify)

    async def found(request: T) -> Identity | None:
        return identity_of(await awaited(request))

    return found


def is_coroutine_function(function: object) -> bool:
    """Whether calling it gives a coroutine, as far as a function or a callable object shows it."""
    return inspect.iscoroutinefunction(function) or (
        callable(function) and inspect.iscoroutinefunction(function.__call__)
    )


async def _anonymous(request: object) -> None:
    return None


async def _found_in_thread(
    identify: Callable[[T], object], request: T, in_thread: Callable[..., Awaitable[Any]]
) -> Identity | None:
    found = await in_thread(_called, identify, request)
    return identity_of(await found) if inspect.isawaitable(found) else cast("Identity | None", found)


def _called(identify: Callable[[T], object], request: T) -> object:
    """Checks the value in the thread, too: a lazy object may query a database when it is first looked at."""
    returned = identify(request)
    return returned if inspect.isawaitable(returned) else identity_of(returned)


def _user(value: object) -> str:
    if value is None:
        raise _invalid("an Identity without a user; return None itself for visitors who are not signed in")
    user = _text("user", value)
    if user.startswith("anonymous_") and VISITOR.fullmatch(user):
        raise _invalid("a user that looks like our anonymous visitors; return None for visitors who are not signed in")
    return user


def _text(name: str, value: object) -> str:
    if isinstance(value, str) and not issubclass(type(value), str):
        value = str(value)  # a lazy object, as Django's SimpleLazyObject, that says it is a string
    checked: object = text(without_other_values(value), max_length=MAX_USER_LENGTH)
    if isinstance(checked, Invalid):
        raise _invalid(f"a {name} that {checked.problems[0].message}{_advice(value)}")
    assert isinstance(checked, str)
    return checked


def _advice(value: object) -> str:
    return "" if isinstance(value, str) else "; return the user's id as a string, such as str(request.user.pk)"


def _invalid(what: str) -> EndpointRefusal:
    message = "The server could not tell which user sent this request."
    return EndpointRefusal(500, "identity_invalid", message, log=f"identify returned {what}")
