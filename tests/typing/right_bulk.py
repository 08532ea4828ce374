"""Moving threads, and tasks of queues over many. Checked by mypy and pyright, strict, never run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, assert_type

from celery import Celery
from chatkit.store import Store
from taskiq import AsyncBroker

from chatkit_async import AsyncChatKit, ChatKit
from chatkit_async.bulk import (
    Archive,
    Loss,
    MigrationReport,
    Progress,
    StoreFinding,
    StoreReport,
    ThreadMigration,
    ThreadSource,
    blocking,
    check_store,
    load_context_for,
    load_store,
    migrate,
)
from chatkit_async.integrations import celery, taskiq


@dataclass
class Context:
    """What the server passes to its store."""

    user_id: str


def context_for(user: str | None) -> Context:
    """As a function."""
    return Context(user or "nobody")


async def context_later(user: str | None) -> Context:
    """As a coroutine function."""
    return context_for(user)


def show(progress: Progress) -> None:
    """Progress of the job."""
    print(progress.done, progress.listed)


async def move(store: Store[Context], source: ThreadSource) -> None:
    """Every way to say what is moved, and how."""
    report = await migrate("threads.chatkit", store, context_for=context_for)
    assert_type(report, MigrationReport)
    await migrate(Path("threads.chatkit"), store, context_for=context_later, user="user_123")
    await migrate(source, store, context_for=lambda user: Context(user or ""), on_progress=show)
    with Archive("threads.chatkit") as archive:
        await migrate(
            archive,
            store,
            context_for=context_for,
            ids="store",
            times="utc",
            time_step_us=1000,
            attachments="keep",
            pending_tool_calls="skip",
            hidden_context="skip",
            timeout_s=5,
        )


def read(report: MigrationReport) -> None:
    """What a report says."""
    assert_type(report.is_complete, bool)
    assert_type(report.store, StoreReport | None)
    assert_type(report.failed, tuple[ThreadMigration, ...])
    for thread in report.threads:
        assert_type(thread.outcome, Literal["moved", "unchanged", "failed"])
        assert_type(thread.losses, tuple[Loss, ...])
        assert_type(thread.error, str | None)
    print(report, report.to_dict())


async def check(store: Store[Context]) -> None:
    """The check by itself, and what the command does."""
    report = await check_store(store, context=Context("check"), attachments=True)
    assert_type(report.findings, tuple[StoreFinding, ...])
    assert_type(report.findings[0].level, Literal["problem", "warning"])
    loaded: Store[Any] = await load_store("shop.chat:make_store")
    await migrate("threads.chatkit", loaded, context_for=load_context_for("shop.chat:context_for"))


def move_blocking(store: Store[Context]) -> None:
    """The same names for code that blocks."""
    assert_type(blocking.check_store(store, context=Context("check")), StoreReport)
    assert_type(blocking.migrate("threads.chatkit", store, context_for=context_later), MigrationReport)


def send_to_celery(app: Celery, client: ChatKit) -> None:
    """The arguments of each task, and its result."""
    tasks = celery.bulk_tasks(app, client, page_size=50, soft_time_limit=300)
    assert_type(tasks.archive_threads.delay("threads.chatkit", parts_in="/shared").get(timeout=60), dict[str, Any])
    assert_type(tasks.erase_threads.delay(users=["user_123"], dry_run=True).get(), dict[str, Any])
    tasks.retain_threads.delay(older_than=90 * 86400, archived_in="threads.chatkit")
    tasks.retain_threads.apply_async(kwargs={"older_than": 60}, countdown=10)
    tasks.erase_threads.s(user="user_123")


async def send_to_taskiq(broker: AsyncBroker, client: AsyncChatKit) -> None:
    """The same with Taskiq."""
    tasks = taskiq.bulk_tasks(broker, client, page_timeout_s=60)
    sent = await tasks.erase_threads.kiq(users=["user_123"])
    assert_type((await sent.wait_result()).return_value, dict[str, Any])
    await tasks.archive_threads.kiq("threads.chatkit", concurrency=2)
