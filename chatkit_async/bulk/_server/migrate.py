"""`migrate`: from an archive file into the store of a self-hosted ChatKit server."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import nullcontext
from inspect import isawaitable
from time import monotonic
from typing import TYPE_CHECKING, Any, Never, Protocol, TypeAlias

import anyio
import attrs

from ..._core.options import wrong_method_call
from ...types._json import JSONObject
from .._reader import Archive
from .._reports import Progress, Stage
from .arguments import Attachments, HiddenContext, Ids, MappingOptions, PendingToolCalls, check_settings
from .check_store import tried
from .mapping import without_surrogates
from .report import MigrationReport, StoreReport, ThreadMigration, losses_of
from .store_access import RisingTimes, StoreAccess, StoreError, StoreHang, Times, error_text, server_types
from .store_trial import StoreTrial
from .thread_move import MoveSettings, ThreadMove

if TYPE_CHECKING:
    from chatkit.store import Store

MOST_HANGS = 3  # threads in a row in which the store hung: more would take hours and change nothing

ContextFor: TypeAlias = Callable[[str | None], object]
LISTINGS = (("asc", 100), ("desc", 20))  # order and page size; the server itself lists pages of 20


class ThreadSource(Protocol):
    """What `migrate` reads: an `Archive`, or anything that gives hosted threads and items as JSON, oldest first."""

    def raw_threads(self, user: str | None = None) -> Iterable[JSONObject]:
        """The threads as JSON, oldest first.

        Args:
            user: only threads of this user; default: all.
        """
        ...

    def raw_items(self, thread_id: str) -> Iterable[JSONObject]:
        """The items of a thread as JSON, oldest first.

        Args:
            thread_id: the thread's id.
        """
        ...


async def migrate(
    archive: ThreadSource | str | os.PathLike[str],
    store: Store[Any],
    *,
    context_for: ContextFor,
    user: str | None = None,
    ids: Ids = "keep",
    times: Times = "local",
    time_step_us: int = 1,
    attachments: Attachments = "text",
    pending_tool_calls: PendingToolCalls = "completed",
    hidden_context: HiddenContext = "keep",
    timeout_s: float = 30.0,
    on_progress: Callable[[Progress], object] | None = None,
    **unexpected: Never,
) -> MigrationReport:
    """Moves the threads of an archive into any store of the package `openai-chatkit`.

    First it checks the store on throwaway threads, as `check_store` does, and moves nothing if the store has a
    problem. Then it moves thread after thread, oldest first, and reads each back in both orders; at the end it lists
    the threads of every user. Where it was interrupted, run it again: it writes only what is missing in the store
    or differs from the archive. What cannot be carried over is in the report, thread by thread.

    Run it before users meet the new server: an item that was changed or deleted in the store since the last run
    becomes again what the archive holds. Messages that came in through the new server stay.

    Example:
        report = await migrate("threads.chatkit", MyStore(), context_for=lambda user: MyContext(user_id=user))
        print(report)

    Args:
        archive: the file that `archive` made, or an `Archive`.
        store: the store of your server.
        context_for: the context that your server would pass to the store for a user, None for threads without one; a
            callable or an async callable.
        user: only the threads of this user; default: all.
        ids: `keep` (the default) keeps the ids of threads and items; `store` asks the store for new ones, which the
            report maps. A thread that was moved is then found again by its metadata, an item by its time.
        times: `local` (the default) for naive times in this machine's time zone, as the package itself writes them;
            `utc` for a store that keeps time zones.
        time_step_us: microseconds between two items of the same second, from 1 (the default) to 1,000,000, since many
            stores lose items of equal times; 1000 for a database that keeps milliseconds.
        attachments: `text` (the default) makes each a line `[file: name, type]` of the message; `keep` makes records of
            them, for which the server's default converter raises NotImplementedError at the user's next message.
        pending_tool_calls: what becomes of client tool calls without an output: `completed` (the default) with the
            output `{"hosted": "never answered"}`; `pending`, which the server deletes; `skip`.
        hidden_context: unknown and damaged items become context that the model sees and the user does not (`keep`, the
            default), or are left out (`skip`).
        timeout_s: seconds that one call of the store, or of `context_for`, may take, above 0; default 30.
        on_progress: called with a `Progress` after each thread.
        unexpected: refused with a `TypeError` that names the right keyword.

    Returns:
        A `MigrationReport`: `is_complete`, a result for each thread, the report on the store; `str()` of it is for
        people. A thread, or a store, that fails is part of it, never raised.

    Raises:
        ConfigurationError: the package `openai-chatkit` is not installed.
        ParamsValidationError: an argument is out of its range; the store was not touched.
        ArchiveError: the file cannot be read.
    """
    if unexpected:
        raise wrong_method_call(migrate, unexpected, {})
    options = MappingOptions(attachments, pending_tool_calls, hidden_context)
    settings = MoveSettings(ids, times, time_step_us, options)
    checked = {"ids": ids, "times": times, **attrs.asdict(options)}
    check_settings("migrate", store=store, timeout_s=timeout_s, time_step_us=time_step_us, **checked)
    server_types()
    with Archive(archive) if isinstance(archive, str | os.PathLike) else nullcontext(archive) as source:
        job = _Migration(source, store, settings, context_for, timeout_s=timeout_s, on_progress=on_progress)
        return await job.run(user)


class _Migration:
    def __init__(
        self,
        source: ThreadSource,
        store: Store[Any],
        settings: MoveSettings,
        context_for: ContextFor,
        *,
        timeout_s: float,
        on_progress: Callable[[Progress], object] | None,
    ) -> None:
        self._source, self._store, self._settings = source, store, settings
        self._context_for, self._timeout_s, self._on_progress = context_for, timeout_s, on_progress
        self._started_at, self._listed, self._done, self._items, self._hangs = monotonic(), 0, 0, 0, 0
        self._checked: StoreReport | None = None
        self._results: list[ThreadMigration] = []
        self._order_warnings: list[str] = []
        self._times: dict[str | None, RisingTimes] = {}
        self._known_ids: dict[str, str] = {}
        self._known_users: set[str | None] = set()
        self._taken_ids: set[str] = set()

    async def run(self, user: str | None) -> MigrationReport:
        """Checks the store, moves all threads, and finds them in the listings."""
        self._listed = sum(1 for _ in self._source.raw_threads(user))
        stopped: str | None = None
        for raw in self._source.raw_threads(user):
            result = await self._tried(raw)
            if result is None:
                stopped = "the store has problems, so nothing was moved"
                break
            self._add(result)
            if self._hangs == MOST_HANGS:
                stopped = f"the store hung in {MOST_HANGS} threads in a row"
                break
        if stopped is None:
            self._report_progress("checking")
            self._results, self._order_warnings = await with_listings(self._results, self._access)
        self._report_progress("done")
        return MigrationReport(tuple(self._results), self._checked, stopped, tuple(self._warnings()))

    async def _tried(self, raw: JSONObject) -> ThreadMigration | None:
        """The result of one thread; None if the store has a problem. The first thread's context serves to check it."""
        hosted_id, user = raw.get("id"), raw.get("user")
        user = user if isinstance(user, str) else None
        result = ThreadMigration(without_surrogates(str(hosted_id)), None, user, "failed")
        if not isinstance(hosted_id, str) or not hosted_id:
            return attrs.evolve(result, error="the thread has no id in the archive")
        try:
            access = await self._access(result.user)
        except Exception as error:  # context_for is the caller's
            return attrs.evolve(result, error=f"context_for failed: {error_text(error)}")
        if self._checked is None:
            self._report_progress("checking")
            times = RisingTimes(self._settings.times, self._settings.time_step_us)
            self._checked = await tried(StoreTrial(access, self._settings.ids, times, self._settings.options))
        return await self._moved(raw, result, access) if self._checked.is_usable else None

    async def _moved(self, raw: JSONObject, result: ThreadMigration, access: StoreAccess) -> ThreadMigration:
        settings, user = self._settings, result.user
        times = self._times.setdefault(user, RisingTimes(settings.times, settings.time_step_us))
        move = ThreadMove(access, settings, raw, times.after_the_one_before(raw.get("created_at")), self._taken_ids)
        try:
            move.thread_id = await self._known_id(access, result) if settings.ids == "store" else result.hosted_id
            await move.run(self._source.raw_items(str(raw["id"])))
            self._hangs = 0
            result = attrs.evolve(result, outcome="moved" if move.is_changed else "unchanged")
        except StoreError as error:
            self._hangs = self._hangs + 1 if isinstance(error, StoreHang) else 0
            result = attrs.evolve(result, error=str(error))
        except Exception as error:  # one thread that cannot be moved must not end the job
            result = attrs.evolve(result, error=error_text(error))
        return attrs.evolve(
            result,
            thread_id=move.thread_id,
            items=move.items,
            written=move.written,
            losses=losses_of(move.losses),
            item_ids=move.item_ids,
        )

    async def _access(self, user: str | None) -> StoreAccess:
        with anyio.fail_after(self._timeout_s):
            context = self._context_for(user)
            return StoreAccess(self._store, await context if isawaitable(context) else context, self._timeout_s)

    async def _known_id(self, access: StoreAccess, result: ThreadMigration) -> str | None:
        """The store's id of a thread that was moved before, by the metadata that it got then."""
        if result.user not in self._known_users:
            for thread in await access.threads("asc", 100):
                hosted = thread.metadata.get("hosted")
                if isinstance(hosted, dict) and "migration" in thread.metadata:
                    self._known_ids[str(hosted.get("id"))] = thread.id
            self._known_users.add(result.user)
        return self._known_ids.get(result.hosted_id)

    def _warnings(self) -> Iterator[str]:
        if isinstance(self._source, Archive) and not self._source.info.is_complete:
            yield "the archive itself is not complete: run archive(client, path) again, then this"
        yield from self._order_warnings

    def _add(self, result: ThreadMigration) -> None:
        self._results.append(result)
        self._done += result.outcome != "failed"
        self._items += result.written
        self._report_progress("moving")

    def _report_progress(self, stage: Stage) -> None:
        if self._on_progress is not None:
            failed, elapsed_s = len(self._results) - self._done, monotonic() - self._started_at
            counts = {"listed": self._listed, "done": self._done, "failed": failed, "items": self._items}
            self._on_progress(Progress(job="migrate", stage=stage, **counts, requests=0, elapsed_s=elapsed_s))


async def with_listings(
    results: Iterable[ThreadMigration], access_for: Callable[[str | None], Awaitable[StoreAccess]]
) -> tuple[list[ThreadMigration], list[str]]:
    """The results, where threads that are not listed have failed, and a warning if they come in another order.

    A store that lists the threads of all users to each is listed once, not once a user.
    """
    results = list(results)
    listings = _Listings(access_for)
    for user, thread_ids in _by_user(results).items():
        await listings.at(user, thread_ids)
    judged = [
        attrs.evolve(result, outcome="failed", error=listings.errors[result.thread_id])
        if result.thread_id in listings.errors and result.outcome != "failed"
        else result
        for result in results
    ]
    return judged, [*listings.warnings.values()]


def _by_user(results: Iterable[ThreadMigration]) -> dict[str | None, list[str]]:
    by_user: dict[str | None, list[str]] = {}
    for result in results:
        if result.outcome != "failed" and result.thread_id is not None:
            by_user.setdefault(result.user, []).append(result.thread_id)
    return by_user


class _Listings:
    def __init__(self, access_for: Callable[[str | None], Awaitable[StoreAccess]]) -> None:
        self._access_for = access_for
        self._places: dict[str, dict[str, int]] = {order: {} for order, _ in LISTINGS}
        self.errors: dict[str | None, str] = {}
        self.warnings: dict[str, str] = {}

    async def at(self, user: str | None, thread_ids: list[str]) -> None:
        """Looks for the threads of one user, unless a listing of another user held them all."""
        for order, page_size in LISTINGS:
            try:
                if not self._places[order].keys() >= set(thread_ids):
                    listed = await (await self._access_for(user)).threads(order, page_size)
                    self._places[order].update({thread.id: place for place, thread in enumerate(listed)})
            except StoreError as error:
                return self.errors.update(dict.fromkeys(thread_ids, str(error)))
            except Exception as error:  # context_for is the caller's
                return self.errors.update(dict.fromkeys(thread_ids, f"context_for failed: {error_text(error)}"))
            self._judge(thread_ids, order)
        return None

    def _judge(self, thread_ids: list[str], order: str) -> None:
        places = self._places[order]
        for thread_id in set(thread_ids).difference(places):
            self.errors.setdefault(thread_id, f"load_threads in order {order!r} does not list the thread")
        found = [places[thread_id] for thread_id in thread_ids if thread_id in places]
        if found != sorted(found, reverse=order == "desc"):
            self.warnings[order] = f"load_threads in order {order!r} does not sort the moved threads by their time"
