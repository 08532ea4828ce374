"""The throwaway threads of a check of a store: a hosted thread with an item of each kind, and what was found out."""

from __future__ import annotations

from datetime import datetime
from secrets import randbelow, token_hex
from typing import TYPE_CHECKING, Any, Literal

from ...types._json import JSONObject
from .arguments import Ids, MappingOptions
from .mapping import map_item, map_thread
from .report import StoreFinding
from .store_access import RisingTimes, StoreAccess, StoreError, StoreHang, differing_fields, id_word

if TYPE_CHECKING:
    from chatkit.types import ThreadItem, ThreadMetadata


FIRST_S = 978_350_400
"""2001-01-01 12:00 UTC: before all real threads, so that the check threads are first in a list and quickly found."""
SPREAD_S = 300 * 86_400

TRIAL_THREAD: JSONObject = {
    "object": "chatkit.thread",
    "created_at": FIRST_S,
    "title": "chatkit-async: check of the store",
    "status": {"type": "locked", "reason": "check"},
    "user": "check",
}

_TEXT = "Zażółć gęślą jaźń 😀\nsecond line"

ITEMS: tuple[JSONObject, ...] = (
    {
        "type": "chatkit.user_message",
        "content": [{"type": "quoted_text", "text": "quoted"}, {"type": "input_text", "text": _TEXT}],
        "attachments": [{"type": "file", "id": "file_check", "name": "a.txt", "mime_type": "text/plain"}],
        "inference_options": {"tool_choice": {"id": "tool_check"}, "model": "model-check"},
    },
    {
        "type": "chatkit.assistant_message",
        "content": [
            {
                "type": "output_text",
                "text": _TEXT,
                "annotations": [
                    {"type": "url", "source": {"type": "url", "url": "https://example.com/a"}},
                    {"type": "file", "source": {"type": "file", "filename": "a.txt"}},
                ],
            },
            {"type": "output_text", "text": "second block", "annotations": []},
        ],
    },
    {"type": "chatkit.widget", "widget": '{"type":"Card","children":[{"type":"Text","value":"check"}]}'},
    {
        "type": "chatkit.client_tool_call",
        "status": "completed",
        "call_id": "call_check",
        "name": "tool",
        "arguments": '{"a":[1,{"b":null}]}',
        "output": '{"c":true}',
    },
    {"type": "chatkit.task", "task_type": "custom", "heading": "heading", "summary": "summary"},
    {"type": "chatkit.task", "task_type": "thought", "heading": None, "summary": "a thought"},
    {"type": "chatkit.task_group", "tasks": [{"type": "custom", "heading": "heading", "summary": None}]},
    {"type": "chatkit.not_known", "value": 1},
)


def message(text: str) -> JSONObject:
    """A message of the user."""
    return {"type": "chatkit.user_message", "content": [{"type": "input_text", "text": text}]}


class StoreTrial:
    """What the checks share.

    Attributes:
        access: the store.
        options: what items become; a kind that they leave out is not tried.
        threads: three, in the order of their times; each check writes to one of them.
        findings: by code; the first of a code stays.
    """

    def __init__(self, access: StoreAccess, ids: Ids, times: RisingTimes, options: MappingOptions) -> None:
        self.access, self.options, self._ids, self._times = access, options, ids, times
        # Another time in each check: threads that an earlier one could not delete must not share it.
        self._first_s = FIRST_S + randbelow(SPREAD_S)
        self.threads: list[ThreadMetadata] = []
        self.findings: dict[str, StoreFinding] = {}

    def find(self, code: str, message: str, level: Literal["problem", "warning"] = "problem") -> None:
        """Notes what the store does wrong."""
        self.findings.setdefault(code, StoreFinding(level, code, message))

    def new_thread_id(self) -> str:
        """An id as `ids` says."""
        return self.access.generate("generate_thread_id") if self._ids == "store" else "cthr_" + token_hex(24)

    def new_thread(self, number: int) -> ThreadMetadata:
        """A thread that is not saved yet."""
        fields = map_thread({**TRIAL_THREAD, "title": f"{TRIAL_THREAD['title']}, thread {number} of 3"}).fields
        created_at = self._times.after_the_one_before(self._first_s + 60 * number)
        thread = self.access.types.build_thread(fields or {}, self.new_thread_id(), created_at)
        self.threads.append(thread)
        return thread

    def new_item(self, thread: ThreadMetadata, raw: JSONObject, created_at: datetime | None = None) -> ThreadItem:
        """An item that is not added yet, later than those before."""
        fields = map_item(raw, thread.id, self.options).fields or {}
        made = (id_word(fields), thread)
        item_id = self.access.generate("generate_item_id", *made) if self._ids == "store" else "cthi_" + token_hex(24)
        created_at = created_at or self._times.after_the_one_before(self._first_s + 600)
        return self.access.types.build_item(fields, item_id, thread.id, created_at)

    async def add_message(self, thread: ThreadMetadata, text: str, created_at: datetime | None = None) -> ThreadItem:
        """Adds a message of the user."""
        item = self.new_item(thread, message(text), created_at)
        await self.access.call("add_thread_item", thread.id, item)
        return item

    async def listed_ids(self, thread: ThreadMetadata, order: str, page_size: int) -> list[str]:
        """Ids of all items of a thread."""
        return [item.id for item in await self.access.items(thread.id, order, page_size)]

    def compare(self, method: str, written: ThreadItem | ThreadMetadata, found: Any) -> None:
        """Notes in which fields the store's copy differs from what was written."""
        names = differing_fields(written, found)
        if names == ("type",):
            return self.find("changes_class", f"{method}: {type(written).__name__} is read as {type(found).__name__}")
        if "created_at" in names:
            self.find(*_time_finding(written.created_at, found.created_at))
        others = [name for name in names if name != "created_at"]
        if others == ["content"] and 0 < len(found.content) < len(getattr(written, "content", "")):
            self.find("keeps_first_text", f"{method}: of several text blocks only the first is kept")
        elif others:
            self.find("changes_fields", f"{method}: read back with another {', '.join(others)}")
        return None

    async def delete_threads(self) -> list[str]:
        """The ids of threads that are still there; after a call that hangs, no further thread is tried."""
        left_behind: list[str] = []
        has_hung = False
        for thread in self.threads:
            try:
                if has_hung or not await self._is_deleted(thread.id):
                    left_behind.append(thread.id)
            except StoreError as error:
                has_hung = isinstance(error, StoreHang)
                left_behind.append(thread.id)
                self.find("delete_thread", f"delete_thread fails: {error}", "warning")
        return left_behind

    async def _is_deleted(self, thread_id: str) -> bool:
        await self.access.call("delete_thread", thread_id)
        if await self.access.find("load_thread", thread_id) is not None:
            self.find("delete_thread", "a thread is still there after delete_thread", "warning")
            return False
        if await self.access.items_or_none(thread_id):
            self.find("delete_keeps_items", "the items of a thread are still there after delete_thread", "warning")
        return True


def _time_finding(written: datetime, found: object) -> tuple[str, str]:
    if not isinstance(found, datetime):
        return "changes_times", f"created_at is read back as {type(found).__name__}"
    if (written.tzinfo is None) != (found.tzinfo is None):
        given, advice = ("gives", "utc") if written.tzinfo is None else ("drops", "local")
        return "time_zone", f"the store {given} a time zone to created_at: pass times={advice!r}"
    for step_us, unit in ((1_000, "milliseconds"), (1_000_000, "seconds")):
        if abs((written - found).total_seconds()) < step_us / 1_000_000:
            return "time_precision", f"created_at is kept in whole {unit}: pass time_step_us={step_us}"
    return "changes_times", f"created_at was written as {written.isoformat()} and read back as {found.isoformat()}"
