"""Moves one thread: plans what it becomes, writes what is not there yet, and reads it back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs

from ...types._json import JSON, JSONObject
from .arguments import Ids, MappingOptions
from .mapping import Mapped, map_as_hidden, map_item, map_thread, without_surrogates
from .store_access import (
    RisingTimes,
    StoreAccess,
    StoreError,
    StoreFault,
    Times,
    differing_fields,
    id_word,
    is_usable_time,
)

if TYPE_CHECKING:
    from chatkit.types import ThreadItem, ThreadMetadata

READ_BACK = (("asc", 100), ("desc", 20))  # the server itself reads pages of 20
MOST_TRIES = 20  # for an id that is not taken; the package's own ids have 32 random bits
SAME_TIME_S = 1
_TAKEN = re.compile("unique|duplicate|already exists|conflict|integrity", re.IGNORECASE)
"""How databases say that a key is there already."""


@attrs.frozen
class MoveSettings:
    """The arguments of `migrate` that concern a single thread."""

    ids: Ids
    times: Times
    time_step_us: int
    options: MappingOptions

    @property
    def record(self) -> JSONObject:
        """What the metadata of a moved thread keeps, since times of another kind must not be mixed in later."""
        return {"times": self.times, "time_step_us": self.time_step_us}


class ThreadMove:
    """One thread on its way into a store; set `thread_id` where its id there is known.

    Args:
        access: the store, for the context of the thread's user.
        settings: of the migration.
        raw: the hosted thread.
        created_at: its time in the store.
        taken_ids: ids that this migration got from the store so far.
    """

    def __init__(
        self,
        access: StoreAccess,
        settings: MoveSettings,
        raw: JSONObject,
        created_at: datetime,
        taken_ids: set[str],
    ) -> None:
        self._access, self._settings, self._taken_ids = access, settings, taken_ids
        self._created_at, self._raw = created_at, raw
        self.thread_id: str | None = None
        self.item_ids: dict[str, str] = {}
        self.losses: dict[str, list[str]] = {}
        self._found: dict[str, ThreadItem] = {}
        self.items = 0
        self.written = 0
        self.is_changed = False

    async def run(self, raw_items: Iterable[JSON]) -> None:
        """Writes the thread and its items, and reads them back. Raises `StoreError` where the store fails."""
        existing = await self._existing()
        held = self._access.items_or_none(self._id) if existing is None else self._access.items(self._id, "asc", 100)
        self._found = {item.id: item for item in await held}
        thread = self._planned_thread(existing)
        planned = [*self._planned_items(raw_items, thread or existing)]
        if thread is not None:
            self.is_changed = True
            await self._access.call("save_thread", thread)
        await self._read_back(thread, [await self._written(item) for item in planned])

    @property
    def _id(self) -> str:
        assert self.thread_id is not None
        return self.thread_id

    # --- what it becomes --------------------------------------------------------------------------------------------

    async def _existing(self) -> ThreadMetadata | None:
        if self.thread_id is None:
            self.thread_id = self._free_id("generate_thread_id")
            return None
        found: ThreadMetadata | None = await self._access.find("load_thread", self._id)
        return found

    def _planned_thread(self, existing: ThreadMetadata | None) -> ThreadMetadata | None:
        """The thread to save; None if it is there already and the archive's has not changed since."""
        mapped = map_thread(self._raw)
        self._lose(mapped, ())
        if not is_usable_time(self._raw.get("created_at")):
            self.losses.setdefault("time", [])
        planned = self._access.types.build_thread(mapped.fields or {}, self._id, self._created_at)
        planned.metadata["migration"] = self._settings.record
        if existing is None:
            return planned
        self._refuse_other_times(existing)
        if planned.metadata.items() <= existing.metadata.items():
            return None
        kept: dict[str, Any] = {"metadata": {**existing.metadata, **planned.metadata}}
        if "migration" in existing.metadata or existing.title is None:
            kept |= {"title": planned.title, "status": planned.status}
        return existing.model_copy(update=kept)

    def _refuse_other_times(self, existing: ThreadMetadata) -> None:
        record = existing.metadata.get("migration")
        if record is not None and record != self._settings.record:
            settings = ", ".join(f"{name}={value!r}" for name, value in dict(record).items())
            raise StoreFault("other_times", f"the thread was moved with {settings}: pass the same")
        is_aware, was_aware = (time.tzinfo is not None for time in (self._created_at, existing.created_at))
        if is_aware != was_aware or abs((self._created_at - existing.created_at).total_seconds()) > SAME_TIME_S:
            times = f"{existing.created_at.isoformat()} in the store, {self._created_at.isoformat()} here"
            raise StoreFault("other_times", f"the thread is there with another time ({times}): is TZ the same?")

    def _planned_items(self, raw_items: Iterable[JSON], thread: ThreadMetadata | None) -> Iterator[ThreadItem]:
        times = RisingTimes(self._settings.times, self._settings.time_step_us, self._raw.get("created_at"))
        ids_by_time = {item.created_at: item.id for item in self._found.values()}
        hosted_ids: set[str] = set()
        for place, raw in enumerate(raw_items):
            self.items += 1
            fields = raw if isinstance(raw, dict) else {}
            hosted_id = self._hosted_id(fields.get("id"), place, hosted_ids)
            if not is_usable_time(fields.get("created_at")):
                self.losses.setdefault("time", []).append(hosted_id)
            created_at = times.after_the_one_before(fields.get("created_at"))
            yield from self._planned_item(raw, hosted_id, created_at, ids_by_time.get(created_at), thread)

    def _hosted_id(self, given: JSON, place: int, hosted_ids: set[str]) -> str:
        hosted_id = without_surrogates(given) if isinstance(given, str) else ""
        if not hosted_id or hosted_id in hosted_ids:
            kind = "same_id" if hosted_id else "item_id"
            hosted_id = f"{self._raw.get('id')}_item_{place}"
            self.losses.setdefault(kind, []).append(hosted_id)
        hosted_ids.add(hosted_id)
        return hosted_id

    def _planned_item(
        self, raw: JSON, hosted_id: str, created_at: datetime, known_id: str | None, thread: ThreadMetadata | None
    ) -> Iterator[ThreadItem]:
        for mapped in self._candidates(raw):
            if mapped.fields is None:
                return self._lose(mapped, (hosted_id,))
            item_id = self._own_id(hosted_id) if self._own_id(hosted_id) in self._found else hosted_id
            if self._settings.ids == "store":
                item_id = known_id or self._free_id("generate_item_id", id_word(mapped.fields), thread)
            try:
                item = self._access.types.build_item(mapped.fields, item_id, self._id, created_at)
            except (ValueError, RecursionError):
                continue  # the package refuses it: the next candidate is plainer
            self._lose(mapped, (hosted_id,))
            self._lose_widget_properties(mapped.fields, item, hosted_id)
            self.item_ids |= {hosted_id: item_id} if self._settings.ids == "store" else {}
            yield item
            return None
        return None

    def _candidates(self, raw: JSON) -> Iterator[Mapped]:
        options = self._settings.options
        yield map_item(raw, self._id, options)
        if options.attachments == "keep":
            yield map_item(raw, self._id, attrs.evolve(options, attachments="text"))
        yield map_as_hidden(raw, options)

    def _free_id(self, method: str, *args: object) -> str:
        for _ in range(MOST_TRIES):
            made = self._access.generate(method, *args)
            if made not in self._taken_ids:
                self._taken_ids.add(made)
                return made
        raise StoreFault("same_ids", f"{method} returned ids that are taken, {MOST_TRIES} times")

    def _lose(self, mapped: Mapped, hosted_ids: tuple[str, ...]) -> None:
        for kind in mapped.losses:
            self.losses.setdefault(kind, []).extend(hosted_ids)

    def _lose_widget_properties(self, fields: JSONObject, item: Any, hosted_id: str) -> None:
        if "widget" in fields and not _holds(item.widget.model_dump(mode="json"), fields["widget"]):
            self.losses.setdefault("widget_properties", []).append(hosted_id)

    # --- written and read back --------------------------------------------------------------------------------------

    async def _written(self, item: ThreadItem) -> ThreadItem:
        """The item as it is in the store now."""
        found = self._found.get(item.id)
        if found is not None and not differing_fields(item, found):
            return found
        for attachment in getattr(item, "attachments", ()):
            if await self._attachment_differs(attachment):
                await self._access.call("save_attachment", attachment)
        self.is_changed = True
        self.written += 1
        if found is None:
            return await self._added(item)
        await self._access.call("save_item", self._id, item)
        return item

    async def _added(self, item: ThreadItem) -> ThreadItem:
        """Adds an item, under an id of its own if the store says that another thread has the id.

        Many stores have one table of items: an id that two threads share, as damaged archives have, is taken there.
        """
        try:
            await self._access.call("add_thread_item", self._id, item)
        except StoreFault as fault:
            if self._settings.ids == "store" or not _TAKEN.search(str(fault)):
                raise
            found = await self._access.find("load_item", self._id, item.id)
            if getattr(found, "thread_id", None) == self._id:
                return item  # it was added all the same; reading back shows whether it is whole
            own = item.model_copy(update={"id": self._own_id(item.id)})
            try:
                await self._access.call("add_thread_item", self._id, own)
            except StoreError:
                raise fault from None
            self.losses.setdefault("taken_id", []).append(item.id)
            return own
        return item

    def _own_id(self, hosted_id: str) -> str:
        return f"{self._id}_{hosted_id}"

    async def _attachment_differs(self, attachment: Any) -> bool:
        held = await self._access.find("load_attachment", attachment.id)
        return held is None or bool(differing_fields(attachment, held))

    async def _read_back(self, thread: ThreadMetadata | None, items: list[ThreadItem]) -> None:
        held = await self._access.find("load_thread", self._id)
        if held is None:
            raise StoreFault("read_back", "read back: the thread is not there")
        if thread is not None and (names := differing_fields(thread, held)):
            raise StoreFault("read_back", f"read back: the thread has another {', '.join(names)}")
        for order, page_size in READ_BACK:
            expected = items if order == "asc" else items[::-1]
            self._compare(expected, await self._access.items(self._id, order, page_size), order)
        for item in items:
            for attachment in getattr(item, "attachments", ()):
                if await self._attachment_differs(attachment):
                    raise StoreFault("read_back", f"read back: attachment {attachment.id} is not as it was saved")

    def _compare(self, expected: list[ThreadItem], listed: list[ThreadItem], order: str) -> None:
        wanted = {item.id: item for item in expected}
        found = [item for item in listed if item.id in wanted]  # the thread may have gone on in the server
        if len(found) < len(expected):
            raise StoreFault("read_back", f"read back in order {order!r}: {len(found)} of {len(expected)} items")
        if [item.id for item in found] != [*wanted]:
            raise StoreFault("read_back", f"read back in order {order!r}: the items come in another order")
        for item in found:
            if names := differing_fields(wanted[item.id], item):
                raise StoreFault("read_back", f"read back: item {item.id} has another {', '.join(names)}")


def _holds(kept: Any, given: JSON) -> bool:
    """Whether all that is given is kept; a null may be left out."""
    if isinstance(given, dict) and isinstance(kept, dict):
        return all(value is None or (name in kept and _holds(kept[name], value)) for name, value in given.items())
    if isinstance(given, list) and isinstance(kept, list):
        return len(kept) == len(given) and all(map(_holds, kept, given))
    return bool(kept == given)
