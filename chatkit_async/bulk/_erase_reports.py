"""What erasing tells: a result for each thread."""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs

from ..types._json import JSONObject
from ._reports import ThreadFailure, as_json

ErasureOutcome: TypeAlias = Literal["planned", "deleted", "already_gone", "kept", "failed"]


@attrs.frozen(kw_only=True)
class ThreadErasure:
    """What became of one thread.

    Attributes:
        thread_id: its id.
        user: whose it is; None if the API does not say.
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
        threads: a result for each thread that was chosen, newest first.
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
