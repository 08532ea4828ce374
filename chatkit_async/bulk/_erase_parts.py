"""An erase in parts, for workers of a queue: one lists, many delete a page of threads each, one proves the end.

What passes from one to the next is JSON. A part that was lost, cut short or done twice does no harm: the merge does
what is left over, and proves the end as a single job does.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from time import monotonic
from typing import Any

import attrs

from .._async.client import AsyncChatKit
from ._erase_plan import Candidate, Choice, choice_of, opened_archive
from ._erase_run import EraseRun
from ._file import database_path
from ._job import JobOptions, check_flag, checked_options
from ._reader import Archive
from ._reports import EraseReport, ThreadErasure, ThreadFailure

Message = dict[str, Any]
"""What one step tells the next: JSON."""


@attrs.frozen(kw_only=True)
class EraseJob:
    """The arguments of `erase`, as JSON can carry them, and its three steps; `name` is that of the job in messages."""

    user: str | None = None
    users: Sequence[str] | None = None
    thread_ids: Sequence[str] | None = None
    all_users: bool = False
    created_before: float | datetime | None = None
    archived_in: str | None = None
    dry_run: bool = False
    concurrency: int = 8
    requests_per_second: float | None = None
    name: str = "erase"

    def prepared(self, job_id: str) -> EraseJob:
        """The same for workers in other folders."""
        path = self.archived_in
        return self if path is None else attrs.evolve(self, archived_in=str(database_path(path)))

    async def plan(self, client: AsyncChatKit, page_size: int) -> Message:
        """Lists the threads: `pages` of them for the parts, the rest for the merge.

        Raises:
            ParamsValidationError, ArchiveError, ConfigurationError, ClientClosedError: as for `erase`.
        """
        began_at, options, choice = time.time(), self.options(client), self._choice()
        check_flag(self.name, "dry_run", self.dry_run)
        with ExitStack() as stack:
            opened_archive(client, self.archived_in, stack)  # one of another API is refused before anything is sent
            report = await EraseRun(options, choice, None, dry_run=True).result()
        plan: Message = report.to_dict()
        return {
            "began_at": began_at,
            "requests": plan["requests"],
            "failures": plan["failures"],
            "stopped": plan["stopped"],
            "pages": pages_of(plan["threads"], page_size),
        }

    async def part(self, client: AsyncChatKit, number: int, page: Sequence[Any], *, is_repeated: bool) -> Message:
        """Deletes one page of the planned threads.

        Args:
            client: deletes.
            number: the page's number.
            page: of the plan.
            is_repeated: an earlier try may have deleted some: a thread that is gone counts as deleted by this job.
        """
        with ExitStack() as stack:
            archive = opened_archive(client, self.archived_in, stack)
            run = _ErasePartRun(client, self, Choice(users=(), thread_ids=(), created_before=None), archive)
            await run.work_on(_erasures(page), ("planned", "failed"), is_repeated=is_repeated)
            report = run.report(is_proved=False)
        return {"number": number, "requests": report.requests, "threads": report.to_dict()["threads"]}

    def unfinished(self, number: int, page: Sequence[Any]) -> Message:
        """The result used for an interrupted part; the merge repeats its work."""
        reason = "the task that deletes it was cut short"
        return {
            "number": number,
            "requests": 0,
            "threads": [{**row, "outcome": "failed", "reason": reason} if _is_due(row) else row for row in page],
        }

    async def merge(self, client: AsyncChatKit, plan: Message, parts: Sequence[Message]) -> Message:
        """The report of the whole job: does what the parts left over, then lists until none of the threads is left.

        Args:
            client: lists and deletes.
            plan: what `plan` gave; of its `pages` only the count is needed, as `parts`.
            parts: what the parts gave, in any order.
        """
        by_number = {part["number"]: part["threads"] for part in parts}
        erasures = [one for number in sorted(by_number) for one in _erasures(by_number[number])]
        choice = self._choice()
        if self.thread_ids is not None:
            choice = attrs.evolve(choice, thread_ids=tuple(one.thread_id for one in erasures))
        with ExitStack() as stack:
            run = _ErasePartRun(client, self, choice, opened_archive(client, self.archived_in, stack))
            run.take_over(plan, parts)
            return (await run.finish(erasures)).to_dict()

    def options(self, client: AsyncChatKit) -> JobOptions:
        """What every job on the API is given."""
        return checked_options(self.name, client, self.concurrency, self.requests_per_second, None)

    def _choice(self) -> Choice:
        return choice_of(self.name, self.user, self.users, self.thread_ids, self.all_users, self.created_before)


class _ErasePartRun(EraseRun):
    """A run that begins with what others listed, and goes on from what others deleted."""

    def __init__(self, client: AsyncChatKit, job: EraseJob, choice: Choice, archive: Archive | None) -> None:
        super().__init__(job.options(client), choice, archive, dry_run=job.dry_run)

    async def work_on(
        self, erasures: Iterable[ThreadErasure], due_outcomes: Sequence[str], *, is_repeated: bool
    ) -> None:
        """Takes over all of them, and deletes those with an outcome that is due."""
        due: list[Candidate] = []
        for one in erasures:
            found = Candidate(one.thread_id, one.user, one.created_at, "")
            self._note(found, one.outcome, one.reason)
            if one.outcome not in ("already_gone", "kept"):
                self._plan[one.thread_id] = found
            if one.outcome in due_outcomes:
                due.append(found)
        await self._for_each(due, self._erase, "checking" if self._dry_run else "deleting")
        for found in due if is_repeated else ():
            if self._results[found.thread_id].outcome == "already_gone":
                self._note(found, "deleted")

    async def finish(self, erasures: Sequence[ThreadErasure]) -> EraseReport:
        """Deletes what the parts left over, and lists until none is left."""
        for user in self._choice.users:
            self._known[user] = {
                one.thread_id: Candidate(one.thread_id, one.user, one.created_at, "")
                for one in erasures
                if user is None or one.user in (None, user)
            }
        can_go_on = self._stopped is None and not self._failures
        due = ("failed",) if self._dry_run else ("planned", "failed")
        await self.work_on(erasures, due if can_go_on else (), is_repeated=not self._dry_run)
        is_proved = can_go_on and not self._dry_run and await self._list_until_none_is_left()
        return self.report(is_proved=is_proved)

    def take_over(self, plan: Message, parts: Sequence[Message]) -> None:
        """Counts the requests of the others, and the time from the plan's beginning; notes why a part is missing."""
        self._requests.sent += sum(one["requests"] for one in (plan, *parts))
        self._began_s = began_s(plan)
        self._stopped = plan["stopped"]
        self._failures = [ThreadFailure(**one) for one in plan["failures"]]
        missing = set(range(plan["parts"])).difference(part["number"] for part in parts)
        if missing:
            reason = f"the results of {len(missing)} of {plan['parts']} tasks are lost: run the job again"
            self._failures.append(ThreadFailure(thread_id=None, reason=reason))

    def report(self, *, is_proved: bool) -> EraseReport:
        """The report so far."""
        return self._report(is_proved=is_proved)

    async def _erase(self, one: Candidate) -> None:
        """Reads the thread first where its JSON is compared with the archive's."""
        if self._archived is not None and not one.text and self._stopped is None:
            await self._retrieve(one)
            if (found := self._plan.get(one.thread_id)) is None:
                return
            one = found
        await super()._erase(one)


def pages_of(values: Sequence[Any], size: int) -> list[Sequence[Any]]:
    """Pages of so many values."""
    return [values[at : at + size] for at in range(0, len(values), size)]


def began_s(plan: Message) -> float:
    """When the job began, by this process's monotonic clock."""
    elapsed_s: float = time.time() - plan["began_at"]
    return monotonic() - max(elapsed_s, 0.0)


def _erasures(rows: Sequence[Mapping[str, Any]]) -> list[ThreadErasure]:
    return [ThreadErasure(**row) for row in rows]


def _is_due(row: Mapping[str, Any]) -> bool:
    return row["outcome"] in ("planned", "failed")
