"""Wrong mappings and keywords of a create, each refused by mypy and by pyright, so that an editor shows them."""

from chatkit_async import AsyncChatKit


async def pass_mappings(client: AsyncChatKit) -> None:
    """Misspelt keys, keys of other places, values of other types."""
    create = client.sessions.create
    await create(user="u", workflow={"id": "wf", "state": {}})  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    await create(user="u", workflow={"version": "1"})  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    await create(user="u", workflow={"id": "wf", "tracing": {"enable": True}})  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    await create(user="u", workflow={"id": "wf", "state_variables": {"a": None}})  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    await create(user="u", workflow="wf", chatkit_configuration={"file_uploads": True})  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    await create(user="u", workflow="wf", chatkit_configuration={"file_upload": {"max_size": 5}})  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    await create(user="u", workflow="wf", expires_after={"second": 5})  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    await create(user="u", workflow="wf", rate_limits={"requests_per_minute": 5})  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    await create(user="u", workflow="wf", rate_limits={"max_requests_per_1_minute": "5"})  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    await create(user="u", workflow="wf", timeout=5)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
