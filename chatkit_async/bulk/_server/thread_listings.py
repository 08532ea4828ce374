"""The last look of a migration: whether the store lists every moved thread to its user, in both orders."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import attrs

from .report import ThreadMigration
from .store_access import StoreAccess, StoreFault, described

LOOKS = (("asc", 100), ("desc", 20))
"""Order and page size; the server itself lists pages of 20."""


async def with_listings(
    results: Iterable[ThreadMigration], access_for: Callable[[str | None], Awaitable[StoreAccess]]
) -> tuple[list[ThreadMigration], list[str]]:
    """The results, where threads that are not listed have failed, and a warning if they come in another order.

    A store that lists the threads of all users to each is walked once, not once a user.
    """
    results = list(results)
    look = _Look(access_for)
    for user, thread_ids in _by_user(results).items():
        await look.at(user, thread_ids)
    judged = [
        attrs.evolve(result, outcome="failed", error=look.errors[result.thread_id])
        if result.thread_id in look.errors and result.outcome != "failed"
        else result
        for result in results
    ]
    return judged, [*look.warnings.values()]


def _by_user(results: Iterable[ThreadMigration]) -> dict[str | None, list[str]]:
    by_user: dict[str | None, list[str]] = {}
    for result in results:
        if result.outcome != "failed" and result.thread_id is not None:
            by_user.setdefault(result.user, []).append(result.thread_id)
    return by_user


class _Look:
    def __init__(self, access_for: Callable[[str | None], Awaitable[StoreAccess]]) -> None:
        self._access_for = access_for
        self._places: dict[str, dict[str, int]] = {order: {} for order, _ in LOOKS}
        self.errors: dict[str | None, str] = {}
        self.warnings: dict[str, str] = {}

    async def at(self, user: str | None, thread_ids: list[str]) -> None:
        """Looks for the threads of one user, unless a listing of another user held them all."""
        for order, page_size in LOOKS:
            try:
                if not self._places[order].keys() >= set(thread_ids):
                    await self._walk(user, order, page_size)
            except StoreFault as fault:
                return self.errors.update(dict.fromkeys(thread_ids, str(fault)))
            except Exception as error:  # context_for is the caller's
                return self.errors.update(dict.fromkeys(thread_ids, f"context_for failed: {described(error)}"))
            self._judge(thread_ids, order)
        return None

    async def _walk(self, user: str | None, order: str, page_size: int) -> None:
        access = await self._access_for(user)
        listed = await access.threads(order, page_size)
        self._places[order].update({thread.id: place for place, thread in enumerate(listed)})

    def _judge(self, thread_ids: list[str], order: str) -> None:
        places = self._places[order]
        missing = [thread_id for thread_id in thread_ids if thread_id not in places]
        for thread_id in missing:
            self.errors.setdefault(thread_id, f"load_threads in order {order!r} does not list the thread")
        found = [places[thread_id] for thread_id in thread_ids if thread_id in places]
        if found != sorted(found, reverse=order == "desc"):
            self.warnings[order] = f"load_threads in order {order!r} does not sort the moved threads by their time"
