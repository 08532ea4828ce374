"""Celery tasks that archive and erase threads with many workers.

Install Celery with Redis: `pip install 'celery[redis]'`. Any broker and result backend of Celery that supports chords
will do; all messages are JSON.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar

import attrs
from celery import Celery, Task, chord, current_task
from celery.exceptions import SoftTimeLimitExceeded

from .._async.client import AsyncChatKit
from .._sync.client import ChatKit
from .._sync.dependent import checked_twin
from ..bulk._archive_parts import ArchiveJob
from ..bulk._erase_parts import EraseJob, Message
from ..errors import ChatKitError
from ._queue_jobs import PAGE_SIZE, PREFIX, Job, checked_page_size, cut_short, job_of, message_of

P = ParamSpec("P")
T = TypeVar("T")
Send: TypeAlias = "Task[..., Message]"


@attrs.frozen
class BulkTasks:
    """The tasks, to be started by `.delay(...)`; the result is the report's `to_dict()`.

    Attributes:
        archive_threads: as `archive(client, path, ...)`, with `parts_in`: the folder that the workers share.
        erase_threads: as `erase(client, ...)`.
        retain_threads: as `retain(client, older_than=...)`, in seconds.
    """

    archive_threads: Send
    erase_threads: Send
    retain_threads: Send


def bulk_tasks(
    app: Celery, client: ChatKit, *, page_size: int = PAGE_SIZE, soft_time_limit: int | None = None
) -> BulkTasks:
    """Add tasks to a Celery app that archive and erase threads: one lists them, one for each page of ids does the work,
    one makes the report.

    The tasks are acknowledged late: those of a worker that was killed go to another one, and doing them twice does no
    harm. Whatever the tasks of the pages leave over, the last one does itself; then it proves the end as the single job
    does, and its report is the same. With Redis, the tasks of a killed worker come back after the `visibility_timeout`
    of `broker_transport_options` (1 hour); keep it above the longest task.

    Wire form: as for `archive` and `erase` of `chatkit_async.bulk`.

    Example:
        app = Celery("tasks", broker="redis://localhost", backend="redis://localhost")
        tasks = bulk_tasks(app, ChatKit())

        report = tasks.erase_threads.delay(users=["user_123"]).get()

    Args:
        app: the Celery app, with a result backend.
        client: sends the requests of each worker; made at import, before the workers fork.
        page_size: threads of one task, from 1; default 100.
        soft_time_limit: seconds after which the task of a page stops its requests; default: those of the app.

    Returns:
        The tasks. Each fails with what the job raises (`ParamsValidationError`, `ArchiveError`, `ConfigurationError`);
        failures of the API are in the report.

    Raises:
        ConfigurationError: `client` is no `ChatKit`, or `page_size` is out of range.

    Source: ChatKit REST API, ListThreadsMethod, ListThreadItemsMethod and DeleteThreadMethod.
    """
    own = checked_twin(client, ChatKit, "bulk_tasks")
    checked_page_size(page_size)
    limit: dict[str, Any] = {} if soft_time_limit is None else {"soft_time_limit": soft_time_limit}

    def call(
        step: Callable[Concatenate[AsyncChatKit, P], Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return own._channel.call(step, own._async, *args, **kwargs)

    @app.task(name=f"{PREFIX}part", acks_late=True, reject_on_worker_lost=True)
    def part(message: Message, number: int, page: list[Any]) -> Message:
        job, info = job_of(message), current_task.request.delivery_info or {}
        try:
            return call(job.part, number, page, is_repeated=bool(info.get("redelivered")))
        except (ChatKitError, SoftTimeLimitExceeded) as error:
            return cut_short(job, number, page, error)

    @app.task(name=f"{PREFIX}merge", acks_late=True, reject_on_worker_lost=True)
    def merge(parts: Sequence[Message] | Message, message: Message, plan: Message) -> Message:
        results = [parts] if isinstance(parts, dict) else parts  # of a single part Celery passes the result itself
        return call(job_of(message).merge, plan, results)

    def start(job: Job) -> Message:
        prepared = job.prepared(str(current_task.request.id))
        plan = call(prepared.plan, page_size)
        pages, message = plan.pop("pages"), message_of(prepared)
        plan["parts"] = len(pages)
        if not pages:
            return call(prepared.merge, plan, [])
        header = [part.s(message, number, page).set(**limit) for number, page in enumerate(pages)]
        raise current_task.replace(chord(header, merge.s(message=message, plan=plan)))

    @app.task(name=f"{PREFIX}archive_threads", acks_late=True, reject_on_worker_lost=True)
    def archive_threads(
        path: str,
        *,
        user: str | None = None,
        users: list[str] | None = None,
        parts_in: str | None = None,
        concurrency: int = 8,
        requests_per_second: float | None = None,
    ) -> Message:
        return start(
            ArchiveJob(
                path=path,
                user=user,
                users=users,
                parts_in=parts_in,
                concurrency=concurrency,
                requests_per_second=requests_per_second,
            )
        )

    @app.task(name=f"{PREFIX}erase_threads", acks_late=True, reject_on_worker_lost=True)
    def erase_threads(
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
    ) -> Message:
        return start(
            EraseJob(
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
        )

    @app.task(name=f"{PREFIX}retain_threads", acks_late=True, reject_on_worker_lost=True)
    def retain_threads(
        *,
        older_than: float,
        user: str | None = None,
        users: list[str] | None = None,
        archived_in: str | None = None,
        dry_run: bool = False,
        concurrency: int = 8,
        requests_per_second: float | None = None,
    ) -> Message:
        return start(
            EraseJob(
                user=user,
                users=users,
                all_users=user is None and users is None,
                created_before=time.time() - older_than,
                archived_in=archived_in,
                dry_run=dry_run,
                concurrency=concurrency,
                requests_per_second=requests_per_second,
            )
        )

    return BulkTasks(archive_threads, erase_threads, retain_threads)
