"""Celery tasks that archive and erase threads with many workers.

Install Celery with Redis: `pip install 'celery[redis]'`. Any broker and result backend of Celery that supports chords
will do; all messages are JSON.

A job is three kinds of tasks: the first lists the threads and replaces itself by a chord, which is one task for each
page of thread ids, and one that merges their results.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec, Protocol

from celery import Celery, Task, chord, current_task
from celery.exceptions import SoftTimeLimitExceeded

from .._sync.client import ChatKit
from .._sync.dependent import checked_twin
from ..bulk._erase_parts import Message
from ..errors import ChatKitError
from . import _queue_jobs
from ._queue_jobs import TASK_PREFIX, THREADS_OF_A_TASK, QueueJob, checked_page_size, cut_short, job_of, planned_job

_P = ParamSpec("_P")


class _AddTask(Protocol):
    def __call__(self, make_job: Callable[_P, QueueJob], /) -> Task[_P, Message]: ...


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
    app: Celery, client: ChatKit, *, page_size: int = THREADS_OF_A_TASK, soft_time_limit: int | None = None
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
        ConfigurationError: `client` is not a `ChatKit`, or `page_size` is out of range.

    Source: ChatKit REST API, ListThreadsMethod, ListThreadItemsMethod and DeleteThreadMethod.
    """
    own = checked_twin(client, ChatKit, "bulk_tasks")
    checked_page_size(page_size)
    part, merge = _part_task(app, own), _merge_task(app, own)
    limit: dict[str, Any] = {} if soft_time_limit is None else {"soft_time_limit": soft_time_limit}

    def add_task(make_job: Callable[_P, QueueJob], /) -> Task[_P, Message]:
        @wraps(make_job)  # the task shows the job's arguments
        def start(*args: _P.args, **kwargs: _P.kwargs) -> Message:
            wanted, job_id = make_job(*args, **kwargs), str(current_task.request.id)
            job, plan, pages, message = own._channel.call(planned_job, own._async, wanted, job_id, page_size)
            if not pages:
                return own._channel.call(job.merge, own._async, plan, [])
            header = [part.s(message, number, page).set(**limit) for number, page in enumerate(pages)]
            raise current_task.replace(chord(header, merge.s(message=message, plan=plan)))

        name = f"{TASK_PREFIX}{make_job.__name__}"
        # Celery calls a task's header to check its arguments before it sends them.
        check: dict[str, Any] = {"__header__": staticmethod(make_job)}
        # A shared task, with this app's client, would be added to every other Celery app of the process, too.
        added: Any = app.task(name=name, acks_late=True, reject_on_worker_lost=True, shared=False, **check)
        task: Task[_P, Message] = added(start)
        return task

    return BulkTasks(add_task)


def _part_task(app: Celery, client: ChatKit) -> Any:
    """Adds the task that works on one page; it stays unevaluated, since the app may be configured later."""

    @app.task(name=f"{TASK_PREFIX}part", acks_late=True, reject_on_worker_lost=True, shared=False)
    def part(message: Message, number: int, page: list[Any]) -> Message:
        job, info = job_of(message), current_task.request.delivery_info or {}
        is_repeated = bool(info.get("redelivered"))
        try:
            return client._channel.call(job.part, client._async, number, page, is_repeated=is_repeated)
        except (ChatKitError, SoftTimeLimitExceeded) as error:
            return cut_short(job, number, page, error)

    return part


def _merge_task(app: Celery, client: ChatKit) -> Task[..., Message]:
    """Adds the task that makes the report."""

    @app.task(name=f"{TASK_PREFIX}merge", acks_late=True, reject_on_worker_lost=True, shared=False)
    def merge(parts: Sequence[Message] | Message, message: Message, plan: Message) -> Message:
        results = [parts] if isinstance(parts, dict) else parts  # Celery passes the result of a single part bare
        return client._channel.call(job_of(message).merge, client._async, plan, results)

    task: Task[..., Message] = merge
    return task
