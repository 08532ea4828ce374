"""Taskiq tasks that archive and erase threads with many workers.

Install Taskiq with Redis: `pip install taskiq taskiq-redis`. Any broker with a result backend will do.

A job is two kinds of tasks: the first lists the threads, sends a task for each page of thread ids, waits for these,
and makes the report. Taskiq has no chords, so the first one holds a worker's slot until the whole job is done.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, ParamSpec, Protocol, TypeAlias

from taskiq import (
    AsyncBroker,
    AsyncTaskiqDecoratedTask,
    AsyncTaskiqTask,
    Context,
    TaskiqDepends,
    TaskiqMessage,
    TaskiqMiddleware,
)
from taskiq.depends.progress_tracker import ProgressTracker  # pyright: ignore[reportMissingTypeStubs]
from taskiq.exceptions import TaskiqResultTimeoutError

from .._async.client import AsyncChatKit
from ..bulk._erase_parts import Message
from ..bulk._job import invalid
from ..errors import ChatKitError, ConfigurationError
from . import _queue_jobs
from ._queue_jobs import TASK_PREFIX, THREADS_OF_A_TASK, QueueJob, checked_page_size, cut_short, job_of, planned_job

__all__ = ["BulkTasks", "bulk_tasks"]  # Taskiq adds a name to this module for each task that is made.

_P = ParamSpec("_P")
_Sent: TypeAlias = "Coroutine[Any, Any, Message]"
POLL_S = 0.2  # between two checks whether a page is done


class _RefuseNotFinite(TaskiqMiddleware):
    """Refuses NaN and infinity at the sender: Taskiq sends null instead, which for most arguments means no limit."""

    def pre_send(self, message: TaskiqMessage) -> TaskiqMessage:
        job = message.task_name.removeprefix(TASK_PREFIX)
        for name, value in message.kwargs.items() if job != message.task_name else ():
            if isinstance(value, float) and not math.isfinite(value):
                text = f"must not be {value}, since Taskiq would send null: pass a finite number, or leave it out"
                raise invalid(job, name, "invalid_value", text, value)
        return message


class _AddTask(Protocol):
    def __call__(self, make_job: Callable[_P, QueueJob], /) -> AsyncTaskiqDecoratedTask[_P, _Sent]: ...


class BulkTasks:
    """The tasks that `bulk_tasks` adds; the result of each is the report's `to_dict()`.

    Attributes:
        archive_threads: as `archive(client, path, ...)`, with `parts_in`: the folder that the workers share.
        erase_threads: as `erase(client, ...)`.
        retain_threads: as `retain(client, older_than=...)`, in seconds.
    """

    def __init__(self, add_task: _AddTask) -> None:
        self.archive_threads = add_task(_queue_jobs.archive_threads)
        self.erase_threads = add_task(_queue_jobs.erase_threads)
        self.retain_threads = add_task(_queue_jobs.retain_threads)


def bulk_tasks(
    broker: AsyncBroker, client: AsyncChatKit, *, page_size: int = THREADS_OF_A_TASK, page_timeout_s: float = 3600.0
) -> BulkTasks:
    """Add tasks to a Taskiq broker that archive and erase threads: one lists them and hands out a task for each page
    of ids, waits for these, and makes the report.

    A page whose task fails, is lost with its worker, or is not done in time is done by the first task itself; doing it
    twice does no harm. The first task proves the end as the single job does, and its report is the same.

    Taskiq has no chords: the first task runs as long as the whole job and holds one of a worker's slots
    (`--max-async-tasks`) meanwhile; a fleet with a single slot would wait for itself until `page_timeout_s`, and then
    do all pages in the first task. A broker that gives unacknowledged tasks to others
    (`RedisStreamBroker(idle_timeout=...)`) must wait longer than the whole job.

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
        failures of the API are in the report. Sending NaN or infinity raises `ParamsValidationError` at once, since
        Taskiq would send null; its schedulers do so unchecked.

    Raises:
        ConfigurationError: `client` is not an `AsyncChatKit`, or a number is out of range.

    Source: ChatKit REST API, ListThreadsMethod, ListThreadItemsMethod and DeleteThreadMethod.
    """
    if not isinstance(client, AsyncChatKit):
        raise ConfigurationError(f"bulk_tasks of taskiq takes an AsyncChatKit, not {type(client).__name__}")
    if not page_timeout_s > 0:
        raise ConfigurationError(f"page_timeout_s must be a number of seconds above 0, got {page_timeout_s!r}")
    checked_page_size(page_size)

    part = _part_task(broker, client)
    broker.add_middlewares(_RefuseNotFinite())

    def add_task(make_job: Callable[_P, QueueJob], /) -> AsyncTaskiqDecoratedTask[_P, _Sent]:
        async def start(*args: Any, context: Annotated[Context, TaskiqDepends()], **kwargs: Any) -> Message:
            task_id = context.message.task_id
            job, plan, pages, message = await planned_job(client, make_job(*args, **kwargs), task_id, page_size)
            sent = [await part.kiq(message, number, page) for number, page in enumerate(pages)]
            results = [
                await _result_of(job, number, pages[number], one, page_timeout_s) for number, one in enumerate(sent)
            ]
            return await job.merge(client, plan, results)

        task: Any = broker.task(task_name=f"{TASK_PREFIX}{make_job.__name__}")(start)
        added: AsyncTaskiqDecoratedTask[_P, _Sent] = task
        return added

    return BulkTasks(add_task)


def _part_task(broker: AsyncBroker, client: AsyncChatKit) -> AsyncTaskiqDecoratedTask[..., Any]:
    """Adds the task that works on one page."""

    @broker.task(task_name=f"{TASK_PREFIX}part")
    async def part(
        message: Message, number: int, page: list[Any], progress: Annotated[ProgressTracker[None], TaskiqDepends()]
    ) -> Message:
        job, is_repeated = job_of(message), await progress.get_progress() is not None
        await progress.set_progress("STARTED")
        try:
            return await job.part(client, number, page, is_repeated=is_repeated)
        except ChatKitError as error:
            return cut_short(job, number, page, error)

    return part


async def _result_of(
    job: QueueJob, number: int, page: list[Any], task: AsyncTaskiqTask[Message], timeout_s: float
) -> Message:
    """Waits for a part; if it fails or does not come, returns the result that replaces it."""
    try:
        result = await task.wait_result(check_interval=POLL_S, timeout=timeout_s)
    except TaskiqResultTimeoutError as error:
        return cut_short(job, number, page, error)
    if result.error is not None:
        return cut_short(job, number, page, result.error)
    return result.return_value
