"""What the jobs share: checked arguments, workers, progress, and when to give up."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable
from contextlib import asynccontextmanager, contextmanager
from time import monotonic
from typing import Any, Generic, TypeVar

import anyio
import attrs
from anyio import to_thread

from .._async.client import AsyncChatKit
from ..errors import APIError, ChatKitError, ConfigurationError, ParamsValidationError, Problem
from ..types.checks import Invalid, as_float, text, whole_number
from ..types.redacted import quoted, redacted
from ._file import ArchiveSettings
from ._reports import Progress, Stage, ThreadFailure
from ._requests import JobRequests, Limiter, ends_the_job, is_outage

T = TypeVar("T")

MOST_CONCURRENT = 100
LONGEST_USER = 512  # characters that the API takes as a filter
OUTAGE_FAILURES = 10  # threads in a row that the API failed on: it is down
_LISTS = {"users": "write users=[...] or user=...", "thread_ids": "write thread_ids=[...]"}
HandOut = Callable[[Iterable[T]], Awaitable[None]]


def checked_users(job: str, user: str | None, users: Iterable[str] | None) -> tuple[str, ...] | None:
    """The user filter, each user once; None for all users.

    Raises:
        ParamsValidationError: both are given, the list is empty, or a user is invalid.
    """
    if user is not None and users is not None:
        raise invalid(job, "users", "conflict", "write users=[...] or user=..., not both")
    if users is None:
        return None if user is None else (_checked_text(job, "user", user),)
    return tuple(dict.fromkeys(_texts(job, "users", users, max_length=LONGEST_USER)))


def checked_ids(job: str, thread_ids: Iterable[str]) -> tuple[str, ...]:
    """Thread ids, each once.

    Raises:
        ParamsValidationError: the list is empty, or an id is invalid.
    """
    return tuple(dict.fromkeys(_texts(job, "thread_ids", thread_ids, max_length=None)))


@attrs.frozen
class JobOptions:
    """What every job on the API is given, and its name; see `archive`."""

    job: str
    client: AsyncChatKit
    concurrency: int
    requests_per_second: float | None
    on_progress: Callable[[Progress], None] | None


def settings_of(client: AsyncChatKit, users: tuple[str, ...] | None) -> ArchiveSettings:
    """The settings of an archive made by this client."""
    config = client._caller.config
    return ArchiveSettings(str(config.base_url), config.headers.get("openai-project"), users)


def checked_options(
    job: str,
    client: AsyncChatKit,
    concurrency: int,
    requests_per_second: float | None,
    on_progress: Callable[[Progress], None] | None,
) -> JobOptions:
    """The options of a job.

    Raises:
        ConfigurationError: the client is a blocking one.
        ParamsValidationError: the concurrency or pace is out of range.
    """
    check_async(job, client, AsyncChatKit)
    found: Any = whole_number(concurrency, minimum=1, maximum=MOST_CONCURRENT)
    if not isinstance(found, int):
        message = f"must be from 1 to {MOST_CONCURRENT}, not {quoted(concurrency)}"
        raise invalid(job, "concurrency", "invalid_value", message, concurrency)
    pace = as_float(requests_per_second)
    if requests_per_second is not None and (pace is None or not 0 < pace < math.inf):
        message = f"must be a finite number above 0, or None; not {quoted(requests_per_second)}"
        raise invalid(job, "requests_per_second", "invalid_value", message, requests_per_second)
    return JobOptions(job, client, concurrency, requests_per_second, on_progress)


def check_async(job: str, given: object, kind: type) -> None:
    """Raises `ConfigurationError` for a client or broker that is not an async one."""
    if not isinstance(given, kind):
        text = f"{job} takes an {kind.__name__}, not {type(given).__name__}"
        raise ConfigurationError(f"{text}; blocking clients go with chatkit_async.bulk.blocking")


def check_flag(job: str, path: str, value: object) -> None:
    """Raises `ParamsValidationError` unless the value is True or False: None must not choose a deletion."""
    if not isinstance(value, bool):
        raise invalid(job, path, "invalid_type", f"must be True or False, not {quoted(value)}", value)


def invalid(job: str, path: str, code: str, message: str, value: object = None) -> ParamsValidationError:
    """The error for an argument of a job."""
    return ParamsValidationError(job, (Problem(path, code, message, redacted(value)),))


def _texts(job: str, path: str, values: Any, *, max_length: int | None) -> list[str]:
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        message = f"must be a list of strings, not {quoted(values)}: {_LISTS[path]}"
        raise invalid(job, path, "invalid_type", message, values)
    found = [_checked_text(job, f"{path}[{index}]", value, max_length) for index, value in enumerate(values)]
    if not found:
        raise invalid(job, path, "empty", f"must not be empty: {_LISTS[path]}")
    return found


def _checked_text(job: str, path: str, value: str, max_length: int | None = LONGEST_USER) -> str:
    found: Any = text(value, max_length=max_length, is_required=True)
    if isinstance(found, Invalid):
        problem = found.problems[0]
        raise ParamsValidationError(job, (Problem(path, problem.code, problem.message, problem.value, problem.limit),))
    return str(value)


class Job(ABC):
    """A run of `archive`, `erase` or `retain`: its requests, its progress, and why it stopped early."""

    def __init__(self, options: JobOptions) -> None:
        self._name = options.job
        pace = Limiter(options.requests_per_second, lambda wait_s: self._report_progress("waiting", wait_s))
        self._requests = JobRequests(options.client, pace)
        self._concurrency = options.concurrency
        self._on_progress = options.on_progress
        self._began_s = monotonic()
        self._stopped: str | None = None
        self._failures_in_a_row = 0
        self._listed = 0

    @property
    def _elapsed_s(self) -> float:
        return round(monotonic() - self._began_s, 3)

    def _stop_in_outage(self, error: ChatKitError) -> None:
        """Counts a thread's failure; after many in a row the API is down, and the job stops."""
        if isinstance(error, APIError):
            self._failures_in_a_row = self._failures_in_a_row + 1 if is_outage(error) else 0
            if ends_the_job(error) or self._failures_in_a_row >= OUTAGE_FAILURES:
                self._stopped = str(error)

    def _failed_listing(self, error: APIError) -> ThreadFailure:
        """The failure of a listing; stops the job if other listings would fail too."""
        if ends_the_job(error) or is_outage(error):
            self._stopped = f"the threads cannot be listed: {error}"
        return ThreadFailure.of(None, error)

    @abstractmethod
    def _counts(self) -> tuple[int, int, int]:
        """Threads done, threads failed, items saved."""

    def _report_progress(self, stage: Stage, wait_s: float = 0.0) -> None:
        if self._on_progress is None:
            return
        done, failed, items = self._counts()
        self._on_progress(
            Progress(
                job=self._name,
                stage=stage,
                listed=self._listed,
                done=done,
                failed=failed,
                items=items,
                requests=self._requests.sent,
                elapsed_s=self._elapsed_s,
                wait_s=wait_s,
            )
        )


@asynccontextmanager
async def workers(count: int, work: Callable[[T], Awaitable[None]]) -> AsyncGenerator[HandOut[T]]:
    """Gives a function that hands values to the next free workers, and waits while enough of them wait.

    The block ends when all are done.

    Raises:
        BaseException: what a worker raised first; the others are cancelled.
    """
    queue = _Queue[T](count)

    async def run() -> None:
        while await queue.has_next():
            await work(queue.take())

    with first_error_raised():
        async with anyio.create_task_group() as tasks:
            for _ in range(count):
                tasks.start_soon(run)
            try:
                yield queue.put
            finally:
                queue.close()


class _Queue(Generic[T]):
    """What workers take from. Taking what is there costs no turn of the event loop, as anyio's streams do."""

    def __init__(self, most_waiting: int) -> None:
        self.values: deque[T] = deque()
        self._most_waiting = most_waiting
        self._is_closed = False
        self._has_changed = anyio.Event()

    async def put(self, values: Iterable[T]) -> None:
        self.values.extend(values)
        self._notify()
        while len(self.values) > self._most_waiting:
            await self._has_changed.wait()

    async def has_next(self) -> bool:
        """Waits for a value; False after the last."""
        while not self.values and not self._is_closed:
            await self._has_changed.wait()
        return bool(self.values)

    def take(self) -> T:
        if len(self.values) == self._most_waiting + 1:
            self._notify()  # there is room again
        return self.values.popleft()

    def close(self) -> None:
        self._is_closed = True
        self._notify()

    def _notify(self) -> None:
        self._has_changed.set()
        self._has_changed = anyio.Event()


async def in_thread(function: Callable[[], T]) -> T:
    """The function's result, computed in a worker thread; returns only when that has ended, also when cancelled."""
    results: list[T] = []

    async def run() -> None:
        results.append(await to_thread.run_sync(function))

    with first_error_raised():
        async with anyio.create_task_group() as tasks:  # asyncio's own cancel would leave the thread running
            tasks.start_soon(run)
    return results[0]


@contextmanager
def first_error_raised() -> Generator[None]:
    """Raises the first error of a task group as it is."""
    try:
        yield
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from error.__cause__
