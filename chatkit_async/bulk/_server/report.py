"""What `check_store` and `migrate` return: plain values, readable as text and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Literal

import attrs

from ...types._json import JSON, JSONObject

LOSSES: Mapping[str, str] = {
    "annotation_left_out": "annotations of an unknown or damaged form were left out",
    "annotation_position": "annotations have no place in the text: the API gives none",
    "attachment_as_text": "attachments became lines of text: the API does not give their bytes",
    "attachment_without_bytes": "attachments were kept as records without bytes: the API does not give them",
    "block_borders": "several text blocks of a message became one",
    "hidden_context": "unknown or damaged items became hidden context: the model sees them, the user does not",
    "inference_options": "inference options of a damaged form were left out",
    "item_id": "items without a usable id got one from their thread and place",
    "left_out": "items were left out, as the options say",
    "quote_position": "quotes were gathered into one: their place among the text blocks is lost",
    "same_id": "items that repeat the id of an item before them got an id from their thread and place",
    "surrogates": "halves of characters (lone surrogates) were replaced by U+FFFD",
    "taken_id": "ids that an item of another thread has in the store got their thread's id before them",
    "task_group": "task groups became workflows",
    "task_kind": "tasks of an unknown kind became custom tasks",
    "thread_not_active": "the thread is locked or closed: a self-hosted server accepts messages to it all the same",
    "thread_status": "the status is unknown: the thread became active, its metadata holds the status",
    "thread_title": "the title is not text: the thread has none, its metadata holds it",
    "time": "a time that is not a number of seconds became that of the item before",
    "tool_call_form": "arguments or output of tool calls were not the JSON that the server expects, and were wrapped",
    "tool_call_without_output": "tool calls without an output became completed ones",
    "unknown_block": "content blocks of an unknown kind became text",
    "widget_properties": "widgets lost properties that the server's widget classes do not have",
}
"""The kinds of loss that a migration reports, in words."""


@attrs.frozen
class StoreFinding:
    """One thing that a store does wrong.

    Attributes:
        level: `problem` if conversations would be lost, doubled or unreadable, so that `migrate` refuses the store;
            `warning` if `migrate` can work around it.
        code: a word for programs, as in `ignores_cursor`.
        message: what was seen, and what to do.
    """

    level: Literal["problem", "warning"]
    code: str
    message: str


@attrs.frozen
class StoreReport:
    """What `check_store` found; `str()` of it is for people.

    Attributes:
        findings: what the store does wrong; empty for a store that keeps all promises.
        left_behind: ids of check threads that the store did not delete: delete them yourself.
    """

    findings: tuple[StoreFinding, ...] = ()
    left_behind: tuple[str, ...] = ()

    @property
    def is_usable(self) -> bool:
        """Whether no finding is a problem."""
        return not any(finding.level == "problem" for finding in self.findings)

    def to_dict(self) -> JSONObject:
        """The report as JSON."""
        findings: list[JSON] = [{**attrs.asdict(finding)} for finding in self.findings]
        return {"is_usable": self.is_usable, "findings": findings, "left_behind": [*self.left_behind]}

    def __str__(self) -> str:
        lines = [f"{finding.level} {finding.code}: {finding.message}" for finding in self.findings]
        lines += [f"left behind: thread {thread_id}" for thread_id in self.left_behind]
        verdict = "The store keeps and returns threads as it should" if self.is_usable else "The store cannot be used"
        return "\n".join([f"{verdict}{':' if lines else '.'}", *(f"  {line}" for line in lines)])


@attrs.frozen
class Loss:
    """One kind of thing that could not be carried over in a thread.

    Attributes:
        kind: a word for programs, as in `block_borders`.
        message: the same in words.
        item_ids: the hosted items it concerns; empty where it is the thread itself.
    """

    kind: str
    message: str
    item_ids: tuple[str, ...] = ()


@attrs.frozen
class ThreadMigration:
    """What became of one thread.

    Attributes:
        hosted_id: its id in the archive.
        thread_id: its id in the store: the same, unless `ids="store"`. None if it never got one.
        user: the user that it belongs to; None if the archive does not say.
        outcome: `moved` if something was written, `unchanged` if all was there already, `failed`. Both of the first two
            mean that it was read back, in both orders, as it was written.
        items: how many of its items the archive holds.
        written: how many of them were written in this run.
        losses: what could not be carried over.
        item_ids: hosted item id to store item id, with `ids="store"`; else empty.
        error: why it failed; None if it did not.
    """

    hosted_id: str
    thread_id: str | None
    user: str | None
    outcome: Literal["moved", "unchanged", "failed"]
    items: int = 0
    written: int = 0
    losses: tuple[Loss, ...] = ()
    item_ids: Mapping[str, str] = attrs.field(factory=dict)
    error: str | None = None

    def to_dict(self) -> JSONObject:
        """The result as JSON."""
        return {**attrs.asdict(self, value_serializer=_as_json)}


@attrs.frozen
class MigrationReport:
    """What `migrate` did; `str()` of it is for people.

    Attributes:
        threads: a result for each thread that was tried, oldest first.
        store: what the check of the store found before anything was moved; None if the archive holds no thread.
        stopped: why the run ended early; None if it did not.
        warnings: what the last listings of threads showed.
    """

    threads: tuple[ThreadMigration, ...] = ()
    store: StoreReport | None = None
    stopped: str | None = None
    warnings: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether every thread of the archive (with `user`: of that user) is in the store and was read back."""
        return self.stopped is None and not self.failed

    @property
    def failed(self) -> tuple[ThreadMigration, ...]:
        """The threads that failed; run the migration again to try them again."""
        return tuple(thread for thread in self.threads if thread.outcome == "failed")

    def to_dict(self) -> JSONObject:
        """The report as JSON."""
        return {
            "is_complete": self.is_complete,
            "stopped": self.stopped,
            "warnings": [*self.warnings],
            "store": self.store.to_dict() if self.store else None,
            "threads": [thread.to_dict() for thread in self.threads],
        }

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        outcomes = Counter(thread.outcome for thread in self.threads)
        items, written = (sum(getattr(thread, name) for thread in self.threads) for name in ("items", "written"))
        counts = ", ".join(f"{outcomes[outcome]} {outcome}" for outcome in ("moved", "unchanged", "failed"))
        yield f"{'Complete' if self.is_complete else 'Not complete'}: {counts}; {written} of {items} items written."
        if self.stopped:
            yield f"Stopped: {self.stopped}"
        if self.store and self.store.findings:
            yield str(self.store)
        yield from (f"Warning: {warning}" for warning in self.warnings)
        yield from (f"Failed: thread {thread.hosted_id}: {thread.error}" for thread in self.failed)
        lost = Counter(loss.message for thread in self.threads for loss in thread.losses)
        if lost:
            yield "What changed on the way:"
        yield from (f"  in {count} of {len(self.threads)} threads: {what}" for what, count in lost.most_common())


def losses_of(kinds: Mapping[str, list[str]]) -> tuple[Loss, ...]:
    """The losses of a thread from kinds and the ids of the items concerned."""
    return tuple(Loss(kind, LOSSES[kind], tuple(item_ids)) for kind, item_ids in sorted(kinds.items()))


def _as_json(_: type, __: object, value: object) -> object:
    return [*value] if isinstance(value, tuple) else value
