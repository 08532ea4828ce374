"""The endpoint that gives browsers their client secrets: which requests, users and responses. No framework."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Coroutine
from typing import Any, TypeVar

from ..broker import AsyncSessionBroker, LiveSecret, Revocation, SessionBroker
from ..errors import ChatKitError, ConfigurationError
from ..types._clock import unix_now_s
from ..types.redacted import quoted
from ..types.secret import Secret
from ._anonymous import DEFAULT_PER_MINUTE, AnonymousLimit
from ._checks import check_request, current_secret, parsed_origins
from ._http import Cookie, HTTPRequest, HTTPResponse, error_response, json_response
from ._identity import MUST_NOT_WAIT, Identity, is_coroutine_function
from ._options import EndpointOptions, visitor_cookie
from ._refusals import EndpointRefusal, refused_by

T = TypeVar("T")
logger = logging.getLogger("chatkit_async.integrations")


class Endpoint:
    """Decides the response; an adapter translates it for its framework.

    Args:
        broker: gives the client secrets.
        options: how browsers are treated, `hidden`.
        identify: the app's, None if it has none; the adapter calls it.

    Raises:
        ConfigurationError: the options cannot work, or every request would be refused.
    """

    def __init__(
        self, broker: AsyncSessionBroker | SessionBroker, options: EndpointOptions, *, identify: object
    ) -> None:
        if identify is not None and not callable(identify):
            raise ConfigurationError(
                f"session_endpoint: identify={quoted(identify)}: pass a function of the request that returns the user"
            )
        self._broker = broker
        self._cookie = visitor_cookie(options)
        self._allowed_origins = parsed_origins(options.get("allowed_origins", ()))
        self._limit = AnonymousLimit(options.get("anonymous_sessions_per_minute", DEFAULT_PER_MINUTE))
        if self._cookie is None and identify is None:
            raise ConfigurationError(
                "session_endpoint: every request would get a 401; pass identify, or cookie_keys for anonymous visitors"
            )

    async def response(self, request: HTTPRequest) -> HTTPResponse:
        """The response to a request: a client secret, or an error."""
        try:
            return await self._response(request)
        except EndpointRefusal as refused:
            response, log = error_response(refused), refused.log
        except ChatKitError as error:
            refused_by_api = refused_by(error)
            response, log = error_response(refused_by_api), refused_by_api.log
        if log is not None:
            level = logging.ERROR if response.status == 500 else logging.WARNING
            logger.log(level, "no client secret given, %s", log)
        return response

    async def revoke(self, request: HTTPRequest) -> tuple[Revocation, Cookie | None]:
        """Revokes the sessions of the signed-in user and of the anonymous visitor; and the cookie to set.

        Raises:
            ConfigurationError: `identify` returned what is not a user.
        """
        try:
            identity = await self._identity(request)
        except EndpointRefusal as refused:
            raise ConfigurationError(f"logout: {refused.log}") from refused
        visitor = self._known_visitor(request)
        if visitor is not None:
            self._limit.ended(visitor)
        users = [*([identity.user] if identity else ()), *([user_of(visitor)] if visitor else ())]
        revocations = [await self._revocation(user) for user in users]
        sessions = tuple(session for revocation in revocations for session in revocation.sessions)
        is_complete = all(revocation.is_complete for revocation in revocations)
        return Revocation(sessions, is_complete), self._cookie.deleted() if self._cookie else None

    async def _response(self, request: HTTPRequest) -> HTTPResponse:
        check_request(request, self._allowed_origins)
        body = request.read_body()
        current = current_secret(body if isinstance(body, bytes) else await body, request)
        del body  # a traceback may show locals, and it holds a secret
        identity = await self._identity(request)
        if identity is not None:
            return _given(await self._secret(identity, current))
        return await self._anonymous(request, current)

    async def _anonymous(self, request: HTTPRequest, current: Secret | None) -> HTTPResponse:
        if self._cookie is None:
            raise EndpointRefusal(401, "not_signed_in", "Sign in first.")
        visitor = self._known_visitor(request) or secrets.token_urlsafe(24)
        secret = await self._limited(visitor, current)
        return _given(secret, self._cookie.issued(visitor, unix_now_s()))

    async def _limited(self, visitor: str, current: Secret | None) -> LiveSecret:
        is_counted = self._limit.reserve(visitor, wants_new=current is not None)
        try:
            secret = await self._secret(Identity(user_of(visitor)), current)
        except ChatKitError:
            if is_counted:
                self._limit.give_back()
            raise
        if is_counted:
            self._limit.created(visitor, secret.expires_at - unix_now_s() - self._margin_s)
        return secret

    @property
    def _margin_s(self) -> float:
        """The broker's: it replaces a session with no more seconds left than this."""
        broker = self._broker._async if isinstance(self._broker, SessionBroker) else self._broker
        return broker._template.margin_s

    # The broker and the adapter give the value itself in a blocking view, and a coroutine for it in an async one.

    async def _identity(self, request: HTTPRequest) -> Identity | None:
        found = request.identify()
        return found if found is None or isinstance(found, Identity) else await found

    async def _secret(self, identity: Identity, current: Secret | None) -> LiveSecret:
        found = self._broker.secret_for(
            identity.user, device=identity.device, current=current, state_variables=identity.state_variables
        )
        return found if isinstance(found, LiveSecret) else await found

    async def _revocation(self, user: str) -> Revocation:
        found = self._broker.revoke(user)
        return found if isinstance(found, Revocation) else await found

    def _known_visitor(self, request: HTTPRequest) -> str | None:
        if self._cookie is None:
            return None
        return self._cookie.visitor(request.cookie(self._cookie.name), unix_now_s())


def user_of(visitor: str) -> str:
    """The user id of an anonymous visitor at the API."""
    return f"anonymous_{visitor}"


def _given(secret: LiveSecret, cookie: Cookie | None = None) -> HTTPResponse:
    document = {"client_secret": secret.client_secret, "expires_at": secret.expires_at}
    return json_response(200, document, {"Set-Cookie": cookie.header()} if cookie else None)


def run_blocking(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never waits, because everything it calls blocks instead.

    Raises:
        ConfigurationError: it does wait.
    """
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise ConfigurationError("a blocking view cannot await: pass a SessionBroker and a plain identify")


def check_async(broker: object) -> None:
    """Refuses a broker that would block the event loop; raises ConfigurationError."""
    if not isinstance(broker, AsyncSessionBroker):
        raise _wrong_broker("an async view needs an AsyncSessionBroker", broker)


def check_blocking(broker: object, identify: object) -> None:
    """Refuses what a blocking view would have to await; raises ConfigurationError."""
    if not isinstance(broker, SessionBroker):
        raise _wrong_broker("a blocking view needs a SessionBroker", broker)
    if is_coroutine_function(identify):
        raise ConfigurationError(f"session_endpoint: {MUST_NOT_WAIT}")


def _wrong_broker(what: str, broker: object) -> ConfigurationError:
    return ConfigurationError(f"session_endpoint: {what}, such as setup returns, not {type(broker).__name__}")
