"""The jobs that the queues know by name, and the message form of their arguments."""

from __future__ import annotations

import logging
from typing import Any, TypeAlias

import attrs

from ..bulk._archive_parts import ArchiveJob
from ..bulk._erase_parts import EraseJob, Message
from ..errors import ConfigurationError

Job: TypeAlias = EraseJob | ArchiveJob

LOG = logging.getLogger("chatkit_async")
PREFIX = "chatkit_async."  # of the names of tasks
PAGE_SIZE = 100  # threads of one task: a page of the API
_KINDS: dict[str, type[Job]] = {"erase": EraseJob, "archive": ArchiveJob}


def message_of(job: Job) -> Message:
    """The job as JSON."""
    kind = next(name for name, one in _KINDS.items() if isinstance(job, one))
    return {"kind": kind, **attrs.asdict(job)}


def job_of(message: Message) -> Job:
    """The job of a message."""
    arguments: dict[str, Any] = dict(message)
    return _KINDS[arguments.pop("kind")](**arguments)


def checked_page_size(page_size: int) -> int:
    """Refuses a size that is no whole number from 1.

    Raises:
        ConfigurationError: it is not.
    """
    if isinstance(page_size, bool) or not isinstance(page_size, int) or page_size < 1:
        raise ConfigurationError(f"page_size must be a whole number of threads from 1, got {page_size!r}")
    return page_size


def cut_short(job: Job, number: int, page: list[Any], error: BaseException) -> Message:
    """What stands for a part that ended in an error; logs it."""
    LOG.warning("Part %d of a %s ended early, the merge does the rest: %r", number, type(job).__name__, error)
    return job.unfinished(number, page)
