"""Taskiq tasks that archive and erase threads with many workers.

Install Taskiq with Redis: `pip install taskiq taskiq-redis`. Any broker with a result backend will do.
"""

from __future__ import annotations

import time
from typing import Annotated, Any, TypeAlias

import attrs
from taskiq import AsyncBroker, AsyncTaskiqDecoratedTask, AsyncTaskiqTask, Context, TaskiqDepends
from taskiq.depends.progress_tracker import ProgressTracker  # pyright: ignore[reportMissingTypeStubs]
from taskiq.exceptions import TaskiqResultTimeoutError

from .._async.client import AsyncChatKit
from ..bulk._archive_parts import ArchiveJob
from ..bulk._erase_parts import EraseJob, Message
from ..errors import ChatKitError, ConfigurationError
from ._queue_jobs import PAGE_SIZE, PREFIX, Job, checked_page_size, cut_short, job_of, message_of

Send: TypeAlias = "AsyncTaskiqDecoratedTask[..., Any]"

POLL_S = 0.2  # between two looks whether a page is done


@attrs.frozen
class BulkTasks:
    """The tasks, to be started by `await task.kiq(...)`; the result is the report's `to_dict()`.

    Attributes:
        archive_threads: as `archive(client, path, ...)`, with `parts_in`: the folder that the workers share.
        erase_threads: as `erase(client, ...)`.
        retain_threads: as `retain(client, older_than=...)`, in seconds.
    """

    archive_threads: Send
    erase_threads: Send
    retain_threads: Send


def bulk_tasks(
    broker: AsyncBroker, client: AsyncChatKit, *, page_size: int = PAGE_SIZE, page_timeout_s: float = 3600.0
) -> BulkTasks:
    """Add tasks to a Taskiq broker that archive and erase threads: one lists them and hands out a task for each page
    of ids, waits for these, and makes the report.

    A page whose task fails, is lost with its worker, or is not done in time is done by the first task itself; doing it
    twice does no harm. The first task proves the end as the single job does, and its report is the same. It runs as
    long as the whole job: a broker that gives unacknowledged tasks to others (`RedisStreamBroker(idle_timeout=...)`)
    must wait longer than that.

    Wire form: as for `archive` and `erase` of `chatkit_async.bulk`.

    Example:
        results = RedisAsyncResultBackend("redis://localhost")
        broker = RedisStreamBroker("redis://localhost").with_result_backend(results)
        tasks = bulk_tasks(broker, AsyncChatKit())

        task = await tasks.erase_threads.kiq(users=["user_123"])
        report = (await task.wait_result()).return_value

    Args:
        broker: the Taskiq broker, with a result backend.
        client: sends the requests of each worker.
        page_size: threads of one task, from 1; default 100.
        page_timeout_s: seconds to wait for a page after the page before it is done, above 0; default 3600.

    Returns:
        The tasks. Each fails with what the job raises (`ParamsValidationError`, `ArchiveError`, `ConfigurationError`);
        failures of the API are in the report.

    Raises:
        ConfigurationError: `client` is no `AsyncChatKit`, or a number is out of range.

    Source: ChatKit REST API, ListThreadsMethod, ListThreadItemsMethod and DeleteThreadMethod.
    """
    if not isinstance(client, AsyncChatKit):
        raise ConfigurationError(f"bulk_tasks of taskiq takes an AsyncChatKit, not {type(client).__name__}")
    if not page_timeout_s > 0:
        raise ConfigurationError(f"page_timeout_s must be a number of seconds above 0, got {page_timeout_s!r}")
    checked_page_size(page_size)

    @broker.task(task_name=f"{PREFIX}part")
    async def part(
        message: Message, number: int, page: list[Any], progress: Annotated[ProgressTracker[None], TaskiqDepends()]
    ) -> Message:
        job, is_repeated = job_of(message), await progress.get_progress() is not None
        await progress.set_progress("STARTED")
        try:
            return await job.part(client, number, page, is_repeated=is_repeated)
        except ChatKitError as error:
            return cut_short(job, number, page, error)

    send_part: Send = part  # Taskiq fills in `progress`

    async def start(job: Job, job_id: str) -> Message:
        prepared = job.prepared(job_id)
        plan = await prepared.plan(client, page_size)
        pages, message = plan.pop("pages"), message_of(prepared)
        plan["parts"] = len(pages)
        sent = [await send_part.kiq(message, number, page) for number, page in enumerate(pages)]
        results = [await result_of(prepared, number, pages[number], task) for number, task in enumerate(sent)]
        return await prepared.merge(client, plan, results)

    async def result_of(job: Job, number: int, page: list[Any], task: AsyncTaskiqTask[Message]) -> Message:
        try:
            result = await task.wait_result(check_interval=POLL_S, timeout=page_timeout_s)
        except TaskiqResultTimeoutError as error:
            return cut_short(job, number, page, error)
        if result.error is not None:
            return cut_short(job, number, page, result.error)
        return result.return_value

    @broker.task(task_name=f"{PREFIX}archive_threads")
    async def archive_threads(
        path: str,
        *,
        user: str | None = None,
        users: list[str] | None = None,
        parts_in: str | None = None,
        concurrency: int = 8,
        requests_per_second: float | None = None,
        context: Annotated[Context, TaskiqDepends()],
    ) -> Message:
        job = ArchiveJob(
            path=path,
            user=user,
            users=users,
            parts_in=parts_in,
            concurrency=concurrency,
            requests_per_second=requests_per_second,
        )
        return await start(job, context.message.task_id)

    @broker.task(task_name=f"{PREFIX}erase_threads")
    async def erase_threads(
        *,
        user: str | None = None,
        users: list[str] | None = None,
        thread_ids: list[str] | None = None,
        all_users: bool = False,
        created_before: float | None = None,
        archived_in: str | None = None,
        dry_run: bool = False,
        concurrency: int = 8,
        requests_per_second: float | None = None,
        context: Annotated[Context, TaskiqDepends()],
    ) -> Message:
        job = EraseJob(
            user=user,
            users=users,
            thread_ids=thread_ids,
            all_users=all_users,
            created_before=created_before,
            archived_in=archived_in,
            dry_run=dry_run,
            concurrency=concurrency,
            requests_per_second=requests_per_second,
        )
        return await start(job, context.message.task_id)

    @broker.task(task_name=f"{PREFIX}retain_threads")
    async def retain_threads(
        *,
        older_than: float,
        user: str | None = None,
        users: list[str] | None = None,
        archived_in: str | None = None,
        dry_run: bool = False,
        concurrency: int = 8,
        requests_per_second: float | None = None,
        context: Annotated[Context, TaskiqDepends()],
    ) -> Message:
        job = EraseJob(
            user=user,
            users=users,
            all_users=user is None and users is None,
            created_before=time.time() - older_than,
            archived_in=archived_in,
            dry_run=dry_run,
            concurrency=concurrency,
            requests_per_second=requests_per_second,
        )
        return await start(job, context.message.task_id)

    return BulkTasks(archive_threads, erase_threads, retain_threads)
