"""Uses of threads that must be refused by mypy and by pyright: an ignore that is not needed is itself an error."""

import asyncio

from chatkit_async import AsyncChatKit, ChatKit, ChatKitThread, ChatKitThreadItem, Page, transcript


async def list_awaited(client: AsyncChatKit) -> None:
    """Arguments that do not fit, and listings taken for what they are not."""
    client.threads.list("u1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.threads.list(limit="5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.threads.list(order="up")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.threads.list(users="u1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.threads.list_items()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.threads.list_items("cthr_1", user="u1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await asyncio.create_task(client.threads.list())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    asyncio.run(client.threads.list())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    for thread in client.threads.list():  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]
        print(thread)
    client.threads.list().data  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    async for each in await client.threads.list():  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]
        print(each)
    items: Page[ChatKitThreadItem] = await client.threads.list()  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    print(items)
    await client.threads.retrieve(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.threads.delete("cthr_1", True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.threads.delete("cthr_1")  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]


async def list_blocking(client: ChatKit) -> None:
    """What is there already is neither awaited nor walked asynchronously."""
    await client.threads.list()  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    async for thread in client.threads.list():  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]
        print(thread)
    client.threads.list(limit="5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.threads.retrieve("cthr_1")  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]


def read(thread: ChatKitThread, item: ChatKitThreadItem) -> None:
    """Fields that only some kinds have, and fields that cannot be set."""
    item.text  # type: ignore[union-attr]  # pyright: ignore[reportAttributeAccessIssue]
    item.widget  # type: ignore[union-attr]  # pyright: ignore[reportAttributeAccessIssue]
    thread.items  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    thread.title = "another"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    thread.status.reason  # type: ignore[union-attr]  # pyright: ignore[reportAttributeAccessIssue]
    transcript([item], "pdf")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    transcript([thread])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
