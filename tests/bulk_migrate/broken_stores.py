"""Stores with one fault each, most of them seen in public code."""

from __future__ import annotations

import asyncio
from datetime import UTC
from typing import Any

from chatkit.store import NotFoundError
from chatkit.types import AssistantMessageItem, Page, WidgetItem

from .stores import MemoryStore, page_of


class AddDoesNothing(MemoryStore):
    async def add_thread_item(self, thread_id: str, item: Any, context: Any) -> None:
        pass


class DropsWidgets(MemoryStore):
    async def add_thread_item(self, thread_id: str, item: Any, context: Any) -> None:
        if not isinstance(item, WidgetItem):
            await super().add_thread_item(thread_id, item, context)


class DropsHiddenContext(MemoryStore):
    async def add_thread_item(self, thread_id: str, item: Any, context: Any) -> None:
        if item.type != "hidden_context_item":
            await super().add_thread_item(thread_id, item, context)


class OwnErrorForAbsentItems(MemoryStore):
    async def load_thread_items(self, thread_id: str, after: Any, limit: int, order: str, context: Any) -> Page[Any]:
        if thread_id not in self.threads_of(context):
            raise RuntimeError("404")
        return await super().load_thread_items(thread_id, after, limit, order, context)


class RefusesWidgets(MemoryStore):
    async def add_thread_item(self, thread_id: str, item: Any, context: Any) -> None:
        if isinstance(item, WidgetItem):
            raise NotImplementedError("widgets")
        await super().add_thread_item(thread_id, item, context)


class KeepsFirstText(MemoryStore):
    async def add_thread_item(self, thread_id: str, item: Any, context: Any) -> None:
        if isinstance(item, AssistantMessageItem):
            item = item.model_copy(update={"content": item.content[:1]})
        await super().add_thread_item(thread_id, item, context)


class DropsAnnotations(MemoryStore):
    async def add_thread_item(self, thread_id: str, item: Any, context: Any) -> None:
        item = item.model_copy(deep=True)
        if isinstance(item, AssistantMessageItem):
            item.content[0].annotations = []
        await super().add_thread_item(thread_id, item, context)


class IgnoresCursor(MemoryStore):
    async def load_thread_items(self, thread_id: str, after: Any, limit: int, order: str, context: Any) -> Page[Any]:
        return page_of(list(self.items_of(thread_id, context).values()), limit, None, order)


class IgnoresCursorAndEnds(MemoryStore):
    async def load_thread_items(self, thread_id: str, after: Any, limit: int, order: str, context: Any) -> Page[Any]:
        page = page_of(list(self.items_of(thread_id, context).values()), limit, None, order)
        return Page(data=page.data, has_more=False)


class HasMoreWithoutCursor(MemoryStore):
    async def load_thread_items(self, thread_id: str, after: Any, limit: int, order: str, context: Any) -> Page[Any]:
        page = await super().load_thread_items(thread_id, after, limit, order, context)
        return Page(data=page.data, has_more=page.has_more)


class StandsStill(MemoryStore):
    async def load_thread_items(self, thread_id: str, after: Any, limit: int, order: str, context: Any) -> Page[Any]:
        page = await super().load_thread_items(thread_id, after, limit, order, context)
        return Page(data=page.data, has_more=True, after=page.after or after)


class EmptyPagesBetween(MemoryStore):
    """Filters after it has paged: whole pages may be empty though more follows."""

    async def load_thread_items(self, thread_id: str, after: Any, limit: int, order: str, context: Any) -> Page[Any]:
        ended = after and after.startswith("empty ")
        page = await super().load_thread_items(thread_id, after[6:] if ended else after, limit, order, context)
        if not ended and page.has_more and after:
            return Page(data=[], has_more=True, after=f"empty {after}")
        return page


class IgnoresOrder(MemoryStore):
    async def load_thread_items(self, thread_id: str, after: Any, limit: int, order: str, context: Any) -> Page[Any]:
        return await super().load_thread_items(thread_id, after, limit, "asc", context)


class ReversesEachPage(MemoryStore):
    async def load_thread_items(self, thread_id: str, after: Any, limit: int, order: str, context: Any) -> Page[Any]:
        page = await super().load_thread_items(thread_id, after, limit, "asc", context)
        data = page.data[::-1] if order == "desc" else page.data
        return Page(data=data, has_more=page.has_more, after=page.after)


class IgnoresLimit(MemoryStore):
    async def load_thread_items(self, thread_id: str, after: Any, limit: int, order: str, context: Any) -> Page[Any]:
        return page_of(list(self.items_of(thread_id, context).values()), 10**6, after, order)


class ArgumentsSwapped(MemoryStore):
    async def load_thread_items(  # type: ignore[override]
        self, thread_id: str, limit: int = 20, after: Any = None, order: str = "asc", context: Any = None
    ) -> Page[Any]:
        return await super().load_thread_items(thread_id, after, limit or 20, order, context)


class LosesTies(MemoryStore):
    async def load_thread_items(self, thread_id: str, after: Any, limit: int, order: str, context: Any) -> Page[Any]:
        items = list(self.items_of(thread_id, context).values())
        place = self.items_of(thread_id, context)[after].created_at if after else None
        if place:
            items = [
                item for item in items if (item.created_at < place if order == "desc" else item.created_at > place)
            ]
        return page_of(items, limit, None, order)


class DoublesOnRepeat(MemoryStore):
    """Keeps items in a list, and adds whatever comes."""

    async def add_thread_item(self, thread_id: str, item: Any, context: Any) -> None:
        items = self.items_of(thread_id, context)
        items[f"{item.id} {len(items)}" if item.id in items else item.id] = item.model_copy(deep=True)


class SaveItemDoubles(DoublesOnRepeat):
    async def save_item(self, thread_id: str, item: Any, context: Any) -> None:
        await self.add_thread_item(thread_id, item, context)


class SaveItemIgnored(MemoryStore):
    async def save_item(self, thread_id: str, item: Any, context: Any) -> None:
        self.items_of(thread_id, context).setdefault(item.id, item.model_copy(deep=True))


class BareInsert(MemoryStore):
    async def save_thread(self, thread: Any, context: Any) -> None:
        if thread.id in self.threads_of(context):
            raise RuntimeError("UNIQUE constraint failed: threads.id")
        await super().save_thread(thread, context)


class SaveThreadEmptiesIt(MemoryStore):
    async def save_thread(self, thread: Any, context: Any) -> None:
        await super().save_thread(thread, context)
        self.items.pop(thread.id, None)


class SaveThreadOnce(MemoryStore):
    async def save_thread(self, thread: Any, context: Any) -> None:
        self.threads_of(context).setdefault(thread.id, thread.model_copy(deep=True))


class DropsMetadata(MemoryStore):
    async def save_thread(self, thread: Any, context: Any) -> None:
        await super().save_thread(thread.model_copy(update={"metadata": {}}), context)


class AddsMetadata(MemoryStore):
    async def save_thread(self, thread: Any, context: Any) -> None:
        added = {**thread.metadata, "user_id": context}
        await super().save_thread(thread.model_copy(update={"metadata": added}), context)


class NeverFindsThreads(MemoryStore):
    async def load_thread(self, thread_id: str, context: Any) -> Any:
        raise NotFoundError(thread_id)


class InventsThreads(MemoryStore):
    async def load_thread(self, thread_id: str, context: Any) -> Any:
        from datetime import datetime

        from chatkit.types import ThreadMetadata

        made = ThreadMetadata(id=thread_id, created_at=datetime.now())
        return self.threads_of(context).get(thread_id, made).model_copy(deep=True)


class ReturnsNone(MemoryStore):
    async def load_thread(self, thread_id: str, context: Any) -> Any:
        return self.threads_of(context).get(thread_id)


class RaisesAnotherError(MemoryStore):
    async def load_thread(self, thread_id: str, context: Any) -> Any:
        if thread_id not in self.threads_of(context):
            raise PermissionError("not yours")
        return await super().load_thread(thread_id, context)


class ListsNoThreads(MemoryStore):
    async def load_threads(self, limit: int, after: str | None, order: str, context: Any) -> Page[Any]:
        return Page()


class ListsThreadsByTitle(MemoryStore):
    async def load_threads(self, limit: int, after: str | None, order: str, context: Any) -> Page[Any]:
        page = await super().load_threads(limit, after, "desc" if order == "asc" else "asc", context)
        return Page(data=page.data, has_more=page.has_more, after=page.after)


class WholeMilliseconds(MemoryStore):
    async def add_thread_item(self, thread_id: str, item: Any, context: Any) -> None:
        cut = item.created_at.replace(microsecond=item.created_at.microsecond // 1000 * 1000)
        await super().add_thread_item(thread_id, item.model_copy(update={"created_at": cut}), context)


class AddsTimeZone(MemoryStore):
    async def save_thread(self, thread: Any, context: Any) -> None:
        aware = thread.created_at.astimezone(UTC)
        await super().save_thread(thread.model_copy(update={"created_at": aware}), context)


class OwnTimes(MemoryStore):
    async def add_thread_item(self, thread_id: str, item: Any, context: Any) -> None:
        from datetime import datetime

        await super().add_thread_item(thread_id, item.model_copy(update={"created_at": datetime.now()}), context)


class SameId(MemoryStore):
    def generate_thread_id(self, context: Any) -> str:
        return "thr_1"


class AsyncIds(MemoryStore):
    async def generate_thread_id(self, context: Any) -> str:  # type: ignore[override]
        return "thr_1"


class Hangs(MemoryStore):
    async def add_thread_item(self, thread_id: str, item: Any, context: Any) -> None:
        await asyncio.Event().wait()


class HangsAlways(MemoryStore):
    async def load_thread(self, thread_id: str, context: Any) -> Any:
        await asyncio.Event().wait()


class ReturnsNoPage(MemoryStore):
    async def load_thread_items(self, thread_id: str, after: Any, limit: int, order: str, context: Any) -> Any:
        return None


class NotAsync(MemoryStore):
    def load_thread(self, thread_id: str, context: Any) -> Any:  # type: ignore[override]
        return self.threads_of(context).get(thread_id)


class KeepsThreads(MemoryStore):
    async def delete_thread(self, thread_id: str, context: Any) -> None:
        pass


class KeepsItemsOfDeletedThreads(MemoryStore):
    def items_of(self, thread_id: str, context: Any) -> dict[str, Any]:
        return self.items.setdefault(thread_id, {})

    async def delete_thread(self, thread_id: str, context: Any) -> None:
        self.threads_of(context).pop(thread_id, None)


class KeepsDeletedItems(MemoryStore):
    async def delete_thread_item(self, thread_id: str, item_id: str, context: Any) -> None:
        pass


class FindsNoItem(MemoryStore):
    async def load_item(self, thread_id: str, item_id: str, context: Any) -> Any:
        raise NotFoundError(item_id)


class LosesAttachments(MemoryStore):
    async def save_attachment(self, attachment: Any, context: Any) -> None:
        pass
