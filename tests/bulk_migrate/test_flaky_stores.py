"""A store that fails at random, before or after the work: every run ends with a report, and the last is whole."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from chatkit_async.bulk import migrate

from .sources import ListSource, hosted_thread, random_items
from .stores import MemoryStore, SQLiteStore


class Flaky:
    """Another store, some of whose calls raise or hang once the check of it is over."""

    def __init__(self, store: Any, chance: random.Random, chance_of_fault: float) -> None:
        self.store, self.chance, self.chance_of_fault, self.is_moving, self.faults = (
            store,
            chance,
            chance_of_fault,
            False,
            0,
        )

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.store, name)
        if name.startswith("generate"):
            return method

        async def call(*args: Any, **kwargs: Any) -> Any:
            self.is_moving |= name in ("save_thread", "load_thread") and is_hosted(args[0])
            fault = self.chance.choice(["before", "after", "hang"]) if self.is_faulty() else ""
            if fault == "before":
                raise ConnectionError("lost")
            result = await method(*args, **kwargs)
            if fault == "after":
                raise ConnectionError("lost")
            if fault == "hang":
                await asyncio.Event().wait()
            return result

        return call

    def is_faulty(self) -> bool:
        found = self.is_moving and self.chance.random() < self.chance_of_fault
        self.faults += found
        return found


def is_hosted(thread: Any) -> bool:
    """Whether the thread comes from the archive; those of the check have longer ids, or none in their metadata."""
    hosted_id = thread if isinstance(thread, str) else thread.metadata.get("hosted", {}).get("id", "")
    return hosted_id.startswith("cthr_") and len(hosted_id) < 10


SEEDS = [*range(15), *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(15, 50))]


@pytest.mark.parametrize("seed", SEEDS)
async def test_runs_against_a_store_that_fails_end_in_a_whole_and_equal_one(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    pairs = [
        (hosted_thread(number, user=f"user_{number % 3}"), random_items(chance, chance.randrange(12), number))
        for number in range(8)
    ]
    ids: Any = "store" if seed % 5 == 4 else "keep"
    kept = SQLiteStore(tmp_path / "store.db") if seed % 2 else MemoryStore()
    settings: Any = {"context_for": lambda user: user, "ids": ids, "timeout_s": 0.02}
    faults = 0
    for archived, chance_of_fault in ((4, 0.05), (8, 0.2), (8, 0.05)):
        flaky: Any = Flaky(kept, chance, chance_of_fault)
        await migrate(ListSource(*pairs[:archived]), flaky, **settings)
        faults += flaky.faults
    assert faults
    report = await migrate(ListSource(*pairs), kept, **{**settings, "timeout_s": 20})
    assert report.is_complete, str(report)
    clean = MemoryStore()
    expected = await migrate(ListSource(*pairs), clean, **{**settings, "timeout_s": 20})
    assert await contents(kept, report) == await contents(clean, expected)


async def contents(store: Any, report: Any) -> list[Any]:
    """All that users see, without ids that the store made; nothing else may be there."""
    found = []
    for user in ("user_0", "user_1", "user_2"):
        threads = (await store.load_threads(100, None, "asc", user)).data
        threads = [thread for thread in threads if thread.created_at.year > 2001]  # a check may have failed to clean up
        assert len(threads) == sum(result.user == user for result in report.threads)
        for thread in threads:
            items = (await store.load_thread_items(thread.id, None, 1000, "asc", user)).data
            hosted = [item.model_dump(exclude={"id", "thread_id", "attachments"}) for item in items]
            found.append((thread.title, thread.metadata["hosted"], hosted))
    return found
