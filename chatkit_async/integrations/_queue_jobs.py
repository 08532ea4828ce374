"""What the queues share: the tasks' arguments, how a job passes from task to task, and what stands for a lost part."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, NamedTuple, Never, TypeAlias

import attrs

from .._async.client import AsyncChatKit
from .._core.options import wrong_method_call
from ..bulk._archive_parts import ArchiveJob
from ..bulk._erase_parts import EraseJob, Message
from ..bulk._erase_plan import before_age
from ..errors import ConfigurationError

QueueJob: TypeAlias = EraseJob | ArchiveJob

LOG = logging.getLogger("chatkit_async")
TASK_PREFIX = "chatkit_async."  # of the names of tasks
THREADS_OF_A_TASK = 100  # threads of one task: a page of the API
_KINDS: dict[str, type[QueueJob]] = {"erase": EraseJob, "archive": ArchiveJob}


def archive_threads(
    path: str,
    *,
    user: str | None = None,
    users: list[str] | None = None,
    parts_in: str | None = None,
    concurrency: int = 8,
    requests_per_second: float | None = None,
    **unexpected: Never,
) -> QueueJob:
    """As `archive(client, path, ...)`; `parts_in` is the folder that the workers share."""
    _refuse(archive_threads, unexpected)
    return ArchiveJob(
        path=path,
        user=user,
        users=users,
        parts_in=parts_in,
        concurrency=concurrency,
        requests_per_second=requests_per_second,
    )


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
    **unexpected: Never,
) -> QueueJob:
    """As `erase(client, ...)`."""
    _refuse(erase_threads, unexpected)
    return EraseJob(
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


def retain_threads(
    *,
    older_than: float,
    user: str | None = None,
    users: list[str] | None = None,
    archived_in: str | None = None,
    dry_run: bool = False,
    concurrency: int = 8,
    requests_per_second: float | None = None,
    **unexpected: Never,
) -> QueueJob:
    """As `retain(client, older_than=...)`, in seconds."""
    _refuse(retain_threads, unexpected)
    return EraseJob(
        user=user,
        users=users,
        all_users=user is None and users is None,
        created_before=before_age(older_than),
        archived_in=archived_in,
        dry_run=dry_run,
        concurrency=concurrency,
        requests_per_second=requests_per_second,
        name="retain",
    )


def _refuse(function: Callable[..., QueueJob], unexpected: dict[str, Never]) -> None:
    if unexpected:
        raise wrong_method_call(function, unexpected, {})


class PlannedJob(NamedTuple):
    """A job after its first step: its plan, the pages of threads for the parts, and the job itself as JSON."""

    job: QueueJob
    plan: Message
    pages: list[Any]
    message: Message


async def planned_job(client: AsyncChatKit, job: QueueJob, job_id: str, page_size: int) -> PlannedJob:
    """Lists the threads of a job. Raises what the job raises for arguments that cannot work."""
    prepared = job.prepared(job_id)
    plan = await prepared.plan(client, page_size)
    pages = plan.pop("pages")
    plan["parts"] = len(pages)
    kind = next(name for name, one in _KINDS.items() if isinstance(prepared, one))
    return PlannedJob(prepared, plan, pages, {"kind": kind, **attrs.asdict(prepared)})


def job_of(message: Message) -> QueueJob:
    """The job of a message."""
    arguments: dict[str, Any] = dict(message)
    return _KINDS[arguments.pop("kind")](**arguments)


def checked_page_size(page_size: int) -> int:
    """Refuses a size that is not a whole number from 1.

    Raises:
        ConfigurationError: it is not.
    """
    if isinstance(page_size, bool) or not isinstance(page_size, int) or page_size < 1:
        raise ConfigurationError(f"page_size must be a whole number of threads from 1, got {page_size!r}")
    return page_size


def cut_short(job: QueueJob, number: int, page: list[Any], error: BaseException) -> Message:
    """The result that replaces that of a part which ended in an error; logs the error."""
    LOG.warning("Part %d of a %s ended early, the merge does the rest: %r", number, type(job).__name__, error)
    return job.unfinished(number, page)
