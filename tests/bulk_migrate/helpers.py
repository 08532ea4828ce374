"""Moving threads and reading what arrived."""

from __future__ import annotations

from typing import Any

from chatkit_async.bulk import MigrationReport, migrate

from .sources import KINDS, ListSource, hosted_item, hosted_thread


def user_itself(user: str | None) -> str | None:
    return user


async def moved(source: ListSource, store: Any, **settings: Any) -> MigrationReport:
    return await migrate(source, store, context_for=user_itself, **settings)


async def listed(store: Any, thread_id: str, user: str | None = "user_1", order: str = "asc") -> list[Any]:
    found, after = [], None
    while True:
        page = await store.load_thread_items(thread_id, after, 7, order, user)
        found += page.data
        if not page.has_more:
            return found
        after = page.after


def losses(report: MigrationReport) -> dict[str, tuple[str, ...]]:
    return {loss.kind: loss.item_ids for thread in report.threads for loss in thread.losses}


def thread_with_each_kind() -> ListSource:
    kinds = [*KINDS, "chatkit.not_known"]
    return ListSource((hosted_thread(), [hosted_item(number, kind) for number, kind in enumerate(kinds)]))
