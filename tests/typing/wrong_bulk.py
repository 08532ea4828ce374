"""Uses of bulk jobs that must be refused: an ignore that is not needed is itself an error."""

from celery import Celery
from chatkit.store import Store
from taskiq import AsyncBroker

from chatkit_async import AsyncChatKit, ChatKit
from chatkit_async.bulk import MigrationReport, blocking, check_store, erase, migrate
from chatkit_async.integrations import celery, taskiq


def context_for_two(user: str | None, request: object) -> None:
    """It takes more than the user."""


def context_for_some(user: str) -> str:
    """It does not take None."""
    return user


async def move(store: Store[str]) -> None:
    """Arguments that do not fit."""
    await migrate("threads.chatkit", store)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await migrate("a", store, str)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await migrate("a", store, context_for=context_for_two)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await migrate("a", store, context_for=context_for_some)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await migrate("a", store, context_for=str, ids="new")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await migrate("a", store, context_for=str, times="local ")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await migrate(7, store, context_for=str)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await check_store(store, attachments="keep")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    migrate("a", store, context_for=str)  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]


async def move_blocking(store: Store[str], report: MigrationReport) -> None:
    """What is there already is not awaited, and a report is not changed."""
    await blocking.migrate("a", store, context_for=str)  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    report.stopped = "never"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


async def erase_wrongly(client: AsyncChatKit) -> None:
    """A keyword that no job takes."""
    await erase(client, usr="user_123")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def send_to_celery(app: Celery, client: ChatKit) -> None:
    """Arguments that the tasks do not take."""
    tasks = celery.bulk_tasks(app, client)
    tasks.erase_threads.delay(usr="user_123")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    tasks.retain_threads.delay()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    tasks.archive_threads.delay(7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def send_to_taskiq(broker: AsyncBroker, client: AsyncChatKit) -> None:
    """The same with Taskiq."""
    tasks = taskiq.bulk_tasks(broker, client)
    await tasks.erase_threads.kiq(users="user_123")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
