"""The endpoint that browsers ask for client secrets: who may, who it is, what is answered. No framework in sight."""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING

import attrs

from ..broker.broker import AsyncSessionBroker
from ..broker.record import LiveSecret
from ..broker.revoke import Revocation
from ..errors import ChatKitError, ConfigurationError
from ..types._clock import unix_now_s
from .answer import Answer, Cookie, Refusal, json_answer
from .body import check_body, check_method, checked, current_secret
from .failure import failed, logged, status_of
from .identity import Identity, identity_of
from .options import EndpointOptions, visitor_cookie
from .origin import allowed, check_origin
from .visit import Visit
from .waiting import settled

if TYPE_CHECKING:
    from ..broker._blocking import SessionBroker

logger = logging.getLogger("chatkit_async.integrations")


@attrs.frozen
class Visitor:
    """Who is asking, and the cookie by which an anonymous one is known again."""

    identity: Identity = attrs.field(repr=False)
    cookie: Cookie | None = None


class Endpoint:
    """Decides everything, for an adapter to carry out.

    Args:
        broker: gives the client secrets.
        options: how browsers are treated, `hidden`.
        knows_users: whether the app can tell who is signed in.

    Raises:
        ConfigurationError: the options cannot work, or nobody could ever get a secret.
    """

    def __init__(
        self, broker: AsyncSessionBroker | SessionBroker, options: EndpointOptions, *, knows_users: bool
    ) -> None:
        for name in options.keys() - EndpointOptions.__annotations__:
            raise TypeError(f"session_endpoint() got an unexpected keyword argument {name!r}")
        self._broker = broker
        self._cookie = visitor_cookie(options)
        self._allowed_origins = allowed(options.get("allowed_origins", ()))
        if self._cookie is None and not knows_users:
            raise ConfigurationError(
                "session_endpoint: nobody could get a client secret; pass identify, or cookie_keys for the anonymous"
            )

    async def answer(self, visit: Visit) -> Answer:
        """The answer to a request: a client secret, or why there is none."""
        try:
            visitor, secret = await self._minted(visit)
        except Refusal as refusal:
            if refusal.log is not None:
                logger.error("no client secret given: %s", refusal.log)
            return refusal.answer
        except ChatKitError as error:
            logger.warning("no client secret given, answered with %s: %s", status_of(error), logged(error))
            return failed(error)
        document = {"client_secret": secret.client_secret, "expires_at": secret.expires_at}
        return json_answer(200, document, cookie=visitor.cookie)

    async def revoke(self, visit: Visit) -> tuple[Revocation, Cookie | None]:
        """Revokes all sessions of whoever asks, signed in and as an anonymous visitor; and the cookie to set.

        Raises:
            ConfigurationError: `identify` returned what is no user.
        """
        try:
            identity = identity_of(await settled(visit.identify()))
        except Refusal as refusal:
            raise ConfigurationError(f"logout: {refusal.log}") from refusal
        users = [] if identity is None else [identity.user]
        visitor = self._known(visit)
        users += [] if visitor is None else [user_of(visitor)]
        revocations: list[Revocation] = [await settled(self._broker.revoke(user)) for user in users]
        sessions = tuple(session for revocation in revocations for session in revocation.sessions)
        is_complete = all(revocation.is_complete for revocation in revocations)
        return Revocation(sessions, is_complete), self._cookie.dropped() if self._cookie else None

    async def _minted(self, visit: Visit) -> tuple[Visitor, LiveSecret]:
        check_method(visit)
        check_origin(visit, self._allowed_origins)
        check_body(visit)
        current = current_secret(checked(await settled(visit.read_body()), visit))  # no frame here holds the body
        visitor = self._visitor(identity_of(await settled(visit.identify())), visit)
        who = visitor.identity
        asked = self._broker.secret_for(
            who.user, device=who.device, current=current, state_variables=who.state_variables
        )
        return visitor, await settled(asked)

    def _visitor(self, identity: Identity | None, visit: Visit) -> Visitor:
        if identity is not None:
            return Visitor(identity)
        if self._cookie is None:
            raise Refusal(401, "not_signed_in", "Sign in first.")
        visitor = self._known(visit) or secrets.token_urlsafe(24)
        return Visitor(Identity(user_of(visitor)), self._cookie.issued(visitor, unix_now_s()))

    def _known(self, visit: Visit) -> str | None:
        if self._cookie is None:
            return None
        return self._cookie.visitor(visit.cookies.get(self._cookie.name), unix_now_s())


def user_of(visitor: str) -> str:
    """The user that an anonymous visitor is to the API."""
    return f"anonymous_{visitor}"
