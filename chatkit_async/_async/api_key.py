"""The API key, asked for before each attempt where a callable gives it."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, cast

from .._core.config import ClientConfig, checked_key
from .._core.message import Request
from ..errors import ConfigurationError
from ..types.redacted import kind_of
from ..types.secret import Hidden, Secret, as_secret

_MISSING = "no API key: set the environment variable OPENAI_API_KEY, or pass api_key="


async def current_key(config: ClientConfig, request: Request) -> Secret:
    """The key for an attempt.

    Raises:
        ConfigurationError: there is none, or what should give it failed.
    """
    key = config.api_key
    if isinstance(key, Secret):
        return key
    if "authorization" in request.headers:
        return Secret("")
    if key is None:
        raise ConfigurationError(_MISSING)
    given = await _asked(key)
    if not isinstance(given, Secret):
        raise ConfigurationError(f"what api_key() returned: a string, not {kind_of(given)}")
    checked = checked_key(given, "what api_key() returned")
    if not isinstance(checked, Secret):
        raise ConfigurationError("api_key() returned an empty key")
    return checked


async def _asked(ask: Callable[[], str] | Callable[[], Awaitable[str]]) -> Secret | Hidden:
    """The key that was returned, or what else was: the type alone, since it may hold a key as well."""
    from anyio import to_thread  # noqa: PLC0415 - only callables that block need it

    try:
        if inspect.iscoroutinefunction(ask) or inspect.iscoroutinefunction(getattr(ask, "__call__", None)):  # noqa: B004
            return _hidden(await cast("Callable[[], Awaitable[str]]", ask)())
        given: Any = as_secret(await to_thread.run_sync(ask, abandon_on_cancel=True))
        return _hidden(await given if inspect.isawaitable(given) else given)
    except Exception as error:
        raise ConfigurationError(f"api_key() failed with {type(error).__name__}; see the cause") from error


def _hidden(given: object) -> Secret | Hidden:
    return Secret(given) if isinstance(given, str) else given if isinstance(given, Hidden) else Hidden(type(given))
