"""One run of `erase`: collect, delete, list again until a listing shows none of what was collected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial

import anyio
import attrs

from ..errors import APIError, ChatKitError, ParamsValidationError
from ._erase_plan import LISTINGS_TO_PROVE, ArchivedThreads, Candidate, Choice, candidate, collect, list_threads
from ._job import Job, JobOptions, first_error_raised, workers
from ._pages import element_of
from ._reader import Archive
from ._reports import EraseReport, ErasureOutcome, Stage, ThreadErasure, ThreadFailure

FIRST_WAIT_S = 0.4  # The first two checks after the deletes follow at once; later waits are each twice as long.


class EraseRun(Job):
    """One run of `erase`."""

    def __init__(self, options: JobOptions, choice: Choice, archive: Archive | None, *, dry_run: bool) -> None:
        super().__init__(options)
        self._choice = choice
        self._archived = None if archive is None else ArchivedThreads(archive, self._requests)
        self._dry_run = dry_run
        self._plan: dict[str, Candidate] = {}
        self._results: dict[str, ThreadErasure] = {}
        self._outcomes: Counter[ErasureOutcome] = Counter()
        self._known: dict[str | None, dict[str, Candidate]] = {}
        self._failures: list[ThreadFailure] = []

    async def result(self) -> EraseReport:
        """Does all of it."""
        is_proved = False
        with first_error_raised():
            await self._collect()
            if self._stopped is None and not self._failures:
                stage: Stage = "checking" if self._dry_run else "deleting"
                await self._for_each([*self._plan.values()], self._erase, stage)
                is_proved = not self._dry_run and await self._list_until_none_is_left()
        self._report_progress("done")
        return self._report(is_proved=is_proved)

    async def _collect(self) -> None:
        if self._choice.thread_ids is not None:
            ids = [Candidate(thread_id, None, None, "") for thread_id in self._choice.thread_ids]
            self._plan = {one.thread_id: one for one in ids}
            await self._for_each(ids, self._retrieve, "reading")
            return
        for user in self._choice.users:
            try:
                self._known[user] = await collect(self._requests, user, self._count_listed)
            except APIError as error:
                self._failures.append(self._failed_listing(error))
                return
            for one in self._known[user].values():
                self._choose(one)
        self._listed = len(self._results)  # a listing that was read again showed threads twice

    def _choose(self, one: Candidate) -> None:
        """Takes a thread into the plan if it is old enough; one of unknown age is kept, and named."""
        limit = self._choice.created_before
        if limit is None or (one.created_at is not None and one.created_at < limit):
            self._plan[one.thread_id] = one
            self._note(one, "planned")
        elif one.created_at is None:
            self._note(one, "kept", "it has no created_at, so its age is not known")

    async def _retrieve(self, one: Candidate) -> None:
        """Reads a thread that was chosen by its id."""
        del self._plan[one.thread_id]
        try:
            text = await self._requests.retrieve(one.thread_id)
        except (APIError, ParamsValidationError) as error:
            return self._failed(one, error)
        if text is None:
            return self._note(one, "already_gone")
        found = candidate(element_of(text))
        return self._choose(one if found is None else attrs.evolve(found, thread_id=one.thread_id))

    async def _erase(self, one: Candidate) -> None:
        if self._stopped is not None:
            return None
        try:
            kept = None if self._archived is None else await self._archived.why_not(one.thread_id, one.text)
            if kept is not None:
                return self._note(one, "kept", kept)
            if self._dry_run:
                return self._note(one, "planned")
            was_there = await self._requests.delete(one.thread_id)
        except (APIError, ParamsValidationError) as error:
            return self._failed(one, error)
        self._failures_in_a_row = 0
        before = self._results[one.thread_id].outcome
        return self._note(one, "deleted" if was_there or before == "deleted" else "already_gone")

    async def _list_until_none_is_left(self) -> bool:
        """Whether the last listing showed none of the threads that were to be deleted."""
        left: list[Candidate] = []
        for number in range(LISTINGS_TO_PROVE):
            if self._stopped is not None:
                return False
            if number > 1:
                await anyio.sleep(FIRST_WAIT_S * 2 ** (number - 2))
            left = await self._left()
            outcomes = {self._results[one.thread_id].outcome for one in left}
            if not left or self._failures or (number > 0 and outcomes == {"failed"}):
                break
            await self._for_each(left, self._erase, "deleting")
        for one in left:
            if self._results[one.thread_id].outcome != "failed":
                self._note(one, "failed", "the last check still found the thread after its delete: run the job again")
        return not left and not self._failures

    async def _left(self) -> list[Candidate]:
        """Threads that were to be deleted and are still there."""
        if self._choice.thread_ids is not None:
            left: list[Candidate] = []
            due = [one for one in self._plan.values() if self._is_due(one)]
            await self._for_each(due, partial(self._check, left), "checking")
            return left
        found: list[Candidate] = []
        for user in self._choice.users:
            try:
                listed = await list_threads(self._requests, user, lambda _: self._report_progress("checking"))
            except APIError as error:
                self._failures.append(self._failed_listing(error))
                return []
            self._take_missed(user, listed)
            found += [self._plan[one.thread_id] for one in listed if one.thread_id in self._plan]
        return [one for one in found if self._is_due(one)]

    def _is_due(self, one: Candidate) -> bool:
        return self._results[one.thread_id].outcome != "kept"

    async def _check(self, left: list[Candidate], one: Candidate) -> None:
        try:
            if await self._requests.retrieve(one.thread_id) is not None:
                left.append(one)
        except (APIError, ParamsValidationError) as error:
            left.append(one)
            self._failed(one, error)

    def _take_missed(self, user: str | None, listed: list[Candidate]) -> None:
        """Takes threads into the plan that are older than one known at the beginning, and so were missed there."""
        known = self._known[user]
        newest = max((one.created_at for one in known.values() if one.created_at is not None), default=0)
        for one in listed:
            if one.thread_id not in known and one.created_at is not None and one.created_at < newest:
                known[one.thread_id] = one
                self._choose(one)

    async def _for_each(
        self, values: list[Candidate], work: Callable[[Candidate], Awaitable[None]], stage: Stage
    ) -> None:
        async def run(one: Candidate) -> None:
            await work(one)
            self._report_progress(stage)

        async with workers(self._concurrency, run) as hand_out:
            await hand_out(values)

    def _note(self, one: Candidate, outcome: ErasureOutcome, reason: str | None = None) -> None:
        if one.thread_id in self._results:
            self._outcomes[self._results[one.thread_id].outcome] -= 1
        self._outcomes[outcome] += 1
        self._results[one.thread_id] = ThreadErasure(
            thread_id=one.thread_id, user=one.user, created_at=one.created_at, outcome=outcome, reason=reason
        )

    def _failed(self, one: Candidate, error: ChatKitError) -> None:
        self._note(one, "failed", str(error))
        self._stop_in_outage(error)

    def _report(self, *, is_proved: bool) -> EraseReport:
        is_each_gone = all(one.outcome in ("deleted", "already_gone") for one in self._results.values())
        return EraseReport(
            dry_run=self._dry_run,
            is_complete=is_proved and is_each_gone and self._stopped is None,
            threads=tuple(self._results.values()),
            failures=tuple(self._failures),
            stopped=self._stopped,
            requests=self._requests.sent,
            elapsed_s=self._elapsed_s,
        )

    def _count_listed(self, count: int) -> None:
        self._listed += count
        self._report_progress("listing")

    def _counts(self) -> tuple[int, int, int]:
        counts = self._outcomes
        return counts["deleted"] + counts["already_gone"] + counts["kept"], counts["failed"], 0
