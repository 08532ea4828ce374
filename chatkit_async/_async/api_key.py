"""The API key of an attempt; a callable is called for each."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, cast

from .._core.config import ClientConfig, checked_key, missing_key
from .._core.message import Request
from ..errors import ConfigurationError
from ..types.redacted import kind_of
from ..types.secret import Hidden, Secret, as_secret


async def current_key(config: ClientConfig, request: Request) -> Secret:
    """The key for an attempt; empty if the caller set an Authorization header.

    Raises:
        ConfigurationError: no key is set, or the callable failed or returned something that is not a key.
    """
    key = config.api_key
    if isinstance(key, Secret):
        return key
    if "authorization" in request.headers:
        return Secret("")
    if key is None:
        raise ConfigurationError(missing_key(config))
    returned = await _called(key)
    if not isinstance(returned, Secret):
        raise ConfigurationError(f"api_key() must return a string, not {kind_of(returned)}")
    checked = checked_key(returned, "what api_key() returned")
    if not isinstance(checked, Secret):
        raise ConfigurationError("api_key() returned an empty key")
    return checked


async def _called(api_key: Callable[[], str] | Callable[[], Awaitable[str]]) -> Secret | Hidden:
    """The key that the callable returned; of any other object the type alone, since its repr may show a key."""
    from anyio import to_thread  # noqa: PLC0415 - only a plain callable needs it

    try:
        if inspect.iscoroutinefunction(api_key) or inspect.iscoroutinefunction(getattr(api_key, "__call__", None)):  # noqa: B004
            return _hidden(await cast("Callable[[], Awaitable[str]]", api_key)())
        returned: Any = as_secret(await to_thread.run_sync(api_key, abandon_on_cancel=True))
        return _hidden(await returned if inspect.isawaitable(returned) else returned)
    except Exception as error:
        raise ConfigurationError(f"api_key() failed with {type(error).__name__}; see the cause") from error


def _hidden(returned: object) -> Secret | Hidden:
    if isinstance(returned, str):
        return Secret(returned)
    return returned if isinstance(returned, Hidden) else Hidden(type(returned))
