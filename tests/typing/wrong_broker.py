"""Uses of the broker that must not type: each ignore below has to be needed."""

from chatkit_async import AsyncChatKit, ChatKit
from chatkit_async.broker import AsyncSessionBroker, LiveSecret, RedisStore, SessionBroker


class HalfAStore:
    """No store: it can only close."""

    async def aclose(self) -> None: ...


async def mistakes(client: AsyncChatKit, blocking: ChatKit, live: LiveSecret) -> None:
    """What a type checker catches before it runs."""
    AsyncSessionBroker(client)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    AsyncSessionBroker(blocking, workflow="w")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    SessionBroker(client, workflow="w")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    AsyncSessionBroker(client, workflow="w", store=HalfAStore())  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    RedisStore(5)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    broker = AsyncSessionBroker(client, workflow="w")
    await broker.secret_for()  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    await broker.secret_for("u", "phone")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    await broker.secret_for("u", state_variables={"a": None})  # type: ignore[dict-item] # pyright: ignore[reportArgumentType]
    live.expires_at = 5  # type: ignore[misc] # pyright: ignore[reportAttributeAccessIssue]
