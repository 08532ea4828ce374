"""What the bulk jobs give their caller: progress events while they run, a report at their end."""

from __future__ import annotations

import json
from typing import Literal, TypeAlias

import attrs

from ..errors import APIError, ChatKitError
from ..types._json import JSONObject

Stage: TypeAlias = Literal["listing", "reading", "deleting", "moving", "checking", "waiting", "done"]
ErasureOutcome: TypeAlias = Literal["planned", "deleted", "already_gone", "kept", "failed"]


def as_json(report: attrs.AttrsInstance, **more: object) -> JSONObject:
    """A report's fields, and some more, as JSON: dicts, lists and plain values."""
    found: JSONObject = json.loads(json.dumps({**attrs.asdict(report), **more}))
    return found


@attrs.frozen(kw_only=True)
class Progress:
    """How far a job has come, given to `on_progress` after each step.

    Attributes:
        job: "archive", "erase", "retain" or "migrate".
        stage: "listing" threads, "reading", "deleting" or "moving" them, "checking" the store, the
            plan of a dry run or that nothing is left out, "waiting" because the API asked to, "done".
        listed: threads listed so far; grows while listing goes on. It begins again at 0 when `archive` lists again.
        done: threads that are finished.
        failed: threads that failed; a later round may still finish them.
        items: items saved by this job.
        requests: sent so far.
        elapsed_s: seconds since the job began.
        wait_s: seconds that the API asked to wait; 0 outside of "waiting".
    """

    job: str
    stage: Stage
    listed: int
    done: int
    failed: int
    items: int
    requests: int
    elapsed_s: float
    wait_s: float = 0.0


@attrs.frozen(kw_only=True)
class ThreadFailure:
    """Why a thread could not be finished.

    Attributes:
        thread_id: the thread's id; None where a listing failed.
        reason: what happened, as a sentence.
        status: the HTTP status; None if no response came.
        code: the API's code, as in `rate_limit_exceeded`; None where it gave none.
        request_id: names the request to OpenAI's support; None if no response came.
    """

    thread_id: str | None
    reason: str
    status: int | None = None
    code: str | None = None
    request_id: str | None = None

    @classmethod
    def of(cls, thread_id: str | None, error: ChatKitError) -> ThreadFailure:
        """The failure that an error describes."""
        if not isinstance(error, APIError):
            return cls(thread_id=thread_id, reason=str(error))
        return cls(
            thread_id=thread_id,
            reason=str(error),
            status=error.status,
            code=error.code,
            request_id=error.request_id,
        )

    def to_dict(self) -> JSONObject:
        """All of it as JSON."""
        return as_json(self)


@attrs.frozen(kw_only=True)
class ArchiveReport:
    """What a run of `archive` did.

    Attributes:
        path: the archive.
        is_complete: every thread that the last listing showed is held whole, and no listing or thread failed.
        threads: threads that the last listing showed.
        new: of those, threads that the archive did not hold whole before; an interrupted run leaves such threads.
        changed: threads that it held, and that have other fields or items now.
        unchanged: threads that it held as they are.
        gone: threads found to be no longer on the API; kept, and marked.
        items: items saved by this run.
        failures: threads and listings that failed, and why.
        stopped: why the run ended early; None if it did not.
        requests: sent by this run.
        elapsed_s: seconds it took.
    """

    path: str
    is_complete: bool
    threads: int
    new: int
    changed: int
    unchanged: int
    gone: int
    items: int
    failures: tuple[ThreadFailure, ...]
    stopped: str | None
    requests: int
    elapsed_s: float

    @property
    def ok(self) -> bool:
        """The same as `is_complete`."""
        return self.is_complete

    def to_dict(self) -> JSONObject:
        """All of it as JSON."""
        return as_json(self, ok=self.ok)


@attrs.frozen(kw_only=True)
class ConversionReport:
    """What a conversion of an archive wrote.

    Attributes:
        path: the file written.
        threads: threads in it.
        items: items in it.
        incomplete_threads: ids of those threads that the archive does not hold whole.
    """

    path: str
    threads: int
    items: int
    incomplete_threads: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether all threads written are whole."""
        return not self.incomplete_threads

    def to_dict(self) -> JSONObject:
        """All of it as JSON."""
        return as_json(self, ok=self.ok)


@attrs.frozen(kw_only=True)
class ArchiveProblem:
    """One thing that `Archive.verify` found.

    Attributes:
        thread_id: the thread; None for the file as a whole.
        position: of the item in its thread, from 0; None for the thread itself.
        item_id: the item's id, if it has one.
        message: what is wrong.
    """

    thread_id: str | None
    message: str
    position: int | None = None
    item_id: str | None = None


@attrs.frozen(kw_only=True)
class VerifyReport:
    """What `Archive.verify` found.

    Attributes:
        path: the archive.
        threads, items: as many as can be read.
        is_sound: False if the file has lost something: archive anew into another file while the API still has the
            threads. True where another run into the same file is enough.
        problems: what is wrong with the archive: damaged pages, counts that differ, incomplete threads, a last run
            that was not complete.
        damaged: threads and items held as the API sent them that the client's decoder refuses; no fault of the file.
        unknown: how many items are of kinds that this version does not know.
    """

    path: str
    threads: int
    items: int
    is_sound: bool
    problems: tuple[ArchiveProblem, ...]
    damaged: tuple[ArchiveProblem, ...]
    unknown: int

    @property
    def ok(self) -> bool:
        """Whether the archive is sound and complete; `damaged` does not count against it."""
        return not self.problems

    def to_dict(self) -> JSONObject:
        """All of it as JSON."""
        return as_json(self, ok=self.ok)


@attrs.frozen(kw_only=True)
class ThreadErasure:
    """What became of one thread.

    Attributes:
        thread_id: its id.
        user: its user; None if the API does not say.
        created_at: Unix seconds, UTC; None if the API does not say.
        outcome: "deleted" by this job, "already_gone" before it came to it, "kept" on purpose, "failed", or "planned"
            where nothing was to be deleted (`dry_run`) or the job ended before.
        reason: why it was kept or failed; None otherwise.
    """

    thread_id: str
    user: str | None
    created_at: int | None
    outcome: ErasureOutcome
    reason: str | None = None


@attrs.frozen(kw_only=True)
class EraseReport:
    """What `erase` or `retain` did.

    Attributes:
        dry_run: nothing was to be deleted; `threads` is the plan.
        is_complete: the last listing showed none of the threads, and none was kept or failed; False for a dry run.
        threads: a result for each thread that was chosen: user by user, newest first; with `thread_ids` in the order
            of completion. Those that only a later listing showed come last.
        failures: listings that failed, and why.
        stopped: why the job ended early; None if it did not.
        requests: sent by this job.
        elapsed_s: seconds it took.
    """

    dry_run: bool
    is_complete: bool
    threads: tuple[ThreadErasure, ...]
    failures: tuple[ThreadFailure, ...]
    stopped: str | None
    requests: int
    elapsed_s: float

    @property
    def ok(self) -> bool:
        """Whether it is complete; for a dry run, whether the plan is."""
        if self.dry_run:
            return not self.failures and self.stopped is None
        return self.is_complete

    def count(self, outcome: ErasureOutcome) -> int:
        """How many threads have this outcome.

        Args:
            outcome: "planned", "deleted", "already_gone", "kept" or "failed".
        """
        return sum(thread.outcome == outcome for thread in self.threads)

    def to_dict(self) -> JSONObject:
        """All of it, and a count for each outcome, as JSON."""
        outcomes: tuple[ErasureOutcome, ...] = ("planned", "deleted", "already_gone", "kept", "failed")
        return as_json(self, ok=self.ok, counts={outcome: self.count(outcome) for outcome in outcomes})


@attrs.frozen(kw_only=True)
class EraseUserReport:
    """What `erase_user` did.

    Attributes:
        user: the user.
        is_complete: the sessions known to the broker ended, and the last listing showed no thread of the user. False
            also where the broker's store cannot vouch for other processes.
        sessions: ids of the sessions that were cancelled.
        failed_sessions: ids of sessions that may still live, and expire within ten minutes.
        is_revocation_complete: whether the broker knew all sessions of the user.
        erasures: a report for each round of deleting.
        left: ids of threads that the last listing still showed; run it again.
    """

    user: str
    is_complete: bool
    sessions: tuple[str, ...]
    failed_sessions: tuple[str, ...]
    is_revocation_complete: bool
    erasures: tuple[EraseReport, ...]
    left: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """The same as `is_complete`."""
        return self.is_complete

    def to_dict(self) -> JSONObject:
        """All of it as JSON."""
        return {**as_json(self, ok=self.ok), "erasures": [erasure.to_dict() for erasure in self.erasures]}
