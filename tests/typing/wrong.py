"""Uses that must be refused, each by mypy and by pyright: an ignore that is not needed any more is itself an error."""

from chatkit_async import AsyncChatKit, ChatKit, ChatSession, RequestOptions, SessionCreateParams


async def create_awaited(client: AsyncChatKit, params: SessionCreateParams) -> None:
    """Arguments that do not fit."""
    await client.sessions.create(workflow="wf_1")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    await client.sessions.create(user="u1")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    await client.sessions.create()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    await client.sessions.create(params, user="u1")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    await client.sessions.create("u1", "wf_1")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    await client.sessions.create(user=1, workflow="wf_1")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    await client.sessions.create(user="u1", workflow=7)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    await client.sessions.create(user="u1", workflow="wf_1", expires_after="5 minutes")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    await client.sessions.create(user="u1", workflow="wf_1", expires_after=1.5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    await client.sessions.create(user="u1", workflow="wf_1", rate_limits=20)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    await client.sessions.create(user="u1", workflow="wf_1", requests_per_minute=20)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    await client.sessions.create(user="u1", workflow="wf_1", options={"timeout": 5})  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    await client.sessions.cancel("cksess_1", timeout=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.sessions.cancel(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.sessions.cancel(session_id=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def use_what_is_not_awaited(client: AsyncChatKit) -> None:
    """A call that was not awaited is a coroutine, and says so."""
    client.sessions.create(user="u1", workflow="wf_1").client_secret  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    client.sessions.create(user="u1", workflow="wf_1")  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]
    with client.sessions.open(user="u1", workflow="wf_1"):  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]
        pass
    with client:  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]
        pass


async def await_what_blocks(client: ChatKit) -> None:
    """The twin's results are there already."""
    await client.sessions.create(user="u1", workflow="wf_1")  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    await client.sessions.cancel("cksess_1")  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    async with client.sessions.open(user="u1", workflow="wf_1"):  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]
        pass
    async with client:  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]
        pass


def create_blocking(client: ChatKit, params: SessionCreateParams) -> None:
    """Arguments that do not fit."""
    client.sessions.create(workflow="wf_1")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    client.sessions.create(params, user="u1")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    client.sessions.create(user="u1", workflow=7)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    client.sessions.create(user="u1", workflow="wf_1", expires_after="5 minutes")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    client.sessions.create(user="u1", workflow="wf_1", requests_per_minute=20)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    client.sessions.cancel(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def make_clients() -> None:
    """Settings that do not fit."""
    AsyncChatKit(api_key=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ChatKit(timeout="5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ChatKit(http_session=None)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    ChatKit(apikey="sk-1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    RequestOptions(retries=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def read(session: ChatSession) -> None:
    """Fields that are not there, and fields that cannot be set."""
    session.secret  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    session.workflow.name  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    session.user = "another"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    session.workflow.id = "wf_2"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
