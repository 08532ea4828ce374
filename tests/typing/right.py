"""Uses that must type, with the types they must have. Checked by mypy and pyright, never run."""

from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any, assert_type

from chatkit_async import (
    APIError,
    APIStatusError,
    AsyncChatKit,
    ChatKit,
    ChatKitError,
    ChatKitWorkflow,
    ChatSession,
    ChatSessionExpiresAfterParam,
    ChatSessionRateLimitsParam,
    ChatSessionWorkflowParam,
    RequestOptions,
    ResponseInfo,
    Secret,
    SessionCreateParams,
)


async def create_awaited(client: AsyncChatKit) -> None:
    """Every way to say what the session shall be."""
    session = await client.sessions.create(user="u1", workflow="wf_1")
    assert_type(session, ChatSession)
    await client.sessions.create(user="u1", workflow=ChatSessionWorkflowParam(id="wf_1", version="3"))
    await client.sessions.create(user="u1", workflow={"id": "wf_1", "state_variables": {"plan": "pro", "seats": 3}})
    await client.sessions.create(user="u1", workflow="wf_1", expires_after=300)
    await client.sessions.create(user="u1", workflow="wf_1", expires_after=timedelta(minutes=5))
    await client.sessions.create(user="u1", workflow="wf_1", expires_after=ChatSessionExpiresAfterParam(seconds=300))
    await client.sessions.create(user="u1", workflow="wf_1", expires_after={"anchor": "created_at", "seconds": 300})
    await client.sessions.create(
        user="u1",
        workflow="wf_1",
        rate_limits=ChatSessionRateLimitsParam(max_requests_per_1_minute=20),
        chatkit_configuration={"history": {"enabled": False}},
    )
    await client.sessions.create(user="u1", workflow="wf_1", chatkit_configuration=session.chatkit_configuration)
    await client.sessions.create(user="u1", workflow="wf_1", options=RequestOptions(timeout=5, max_retries=0))
    await client.sessions.create(SessionCreateParams(user="u1", workflow="wf_1"))
    await client.sessions.create(SessionCreateParams(user="u1", workflow="wf_1"), options=RequestOptions(strict=True))
    await client.sessions.create({"user": "u1", "workflow": {"id": "wf_1"}})


async def await_the_rest(client: AsyncChatKit) -> None:
    """Cancelling, opening, copying and closing."""
    assert_type(await client.sessions.cancel("cksess_1"), ChatSession)
    call: Coroutine[Any, Any, ChatSession] = client.sessions.cancel("cksess_1")
    assert_type(await call, ChatSession)
    async with client.sessions.open(user="u1", workflow="wf_1") as session:
        assert_type(session, ChatSession)
    async with AsyncChatKit() as entered:
        assert_type(entered, AsyncChatKit)
    assert_type(client.with_options(timeout=5), AsyncChatKit)
    assert_type(await client.aclose(), None)


def create_blocking(client: ChatKit) -> None:
    """The same uses of the twin, without await."""
    session = client.sessions.create(user="u1", workflow="wf_1")
    assert_type(session, ChatSession)
    client.sessions.create(user="u1", workflow=ChatSessionWorkflowParam(id="wf_1", version="3"))
    client.sessions.create(user="u1", workflow={"id": "wf_1", "state_variables": {"plan": "pro", "seats": 3}})
    client.sessions.create(user="u1", workflow="wf_1", expires_after=300)
    client.sessions.create(user="u1", workflow="wf_1", expires_after=timedelta(minutes=5))
    client.sessions.create(user="u1", workflow="wf_1", expires_after=ChatSessionExpiresAfterParam(seconds=300))
    client.sessions.create(user="u1", workflow="wf_1", chatkit_configuration=session.chatkit_configuration)
    client.sessions.create(user="u1", workflow="wf_1", options=RequestOptions(timeout=5, max_retries=0))
    client.sessions.create(SessionCreateParams(user="u1", workflow="wf_1"))
    client.sessions.create({"user": "u1", "workflow": {"id": "wf_1"}})


def call_the_rest_blocking(client: ChatKit) -> None:
    """Cancelling, opening, copying and closing."""
    assert_type(client.sessions.cancel("cksess_1"), ChatSession)
    with client.sessions.open(user="u1", workflow="wf_1") as session:
        assert_type(session, ChatSession)
    with ChatKit() as entered:
        assert_type(entered, ChatKit)
    assert_type(client.with_options(timeout=5), ChatKit)


async def give_keys_by_callable() -> None:
    """An API key may be a string, a callable or an async callable."""

    async def fetch_key() -> str:
        return "sk-fetched"

    AsyncChatKit("sk-plain")
    AsyncChatKit(api_key=lambda: "sk-called", timeout=10, max_retries=1, base_url="https://gateway.example/v1")
    AsyncChatKit(api_key=fetch_key, organization="org_1", project="proj_1", default_headers={"X-Team": "a"})


def read(session: ChatSession) -> None:
    """The result's fields and helpers."""
    assert_type(session.id, str)
    assert_type(session.client_secret, Secret)
    assert_type(session.expires_at, int)
    assert_type(session.user, str)
    assert_type(session.max_requests_per_1_minute, int)
    assert_type(session.rate_limits.max_requests_per_1_minute, int)
    assert_type(session.workflow, ChatKitWorkflow)
    assert_type(session.workflow.version, str | None)
    assert_type(session.chatkit_configuration.file_upload.max_files, int | None)
    assert_type(session.expires_at_utc, datetime)
    assert_type(session.is_expired(leeway_s=5), bool)
    assert_type(session.response, ResponseInfo)
    assert_type(session.response.request_id, str | None)
    assert_type(session.missing_fields, tuple[str, ...])
    secret: str = session.client_secret
    status: str = session.status
    if session.status == "active":
        print(secret, status)


def handle(error: ChatKitError) -> None:
    """Errors narrow by class and tell what they know."""
    if isinstance(error, APIStatusError):
        assert_type(error.status, int | None)
    if isinstance(error, APIError):
        assert_type(error.message, str)
        assert_type(error.request_id, str | None)
        assert_type(error.attempts, int)
