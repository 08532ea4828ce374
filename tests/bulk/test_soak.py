"""Archive and erase in bad weather: many random seeds, faults at random moments, processes killed."""

from __future__ import annotations

import asyncio
import json
import random
import signal
from pathlib import Path
from typing import Any

import pytest

from chatkit_async import AsyncChatKit
from chatkit_async.bulk import Archive, archive, erase
from chatkit_async.emulator import Emulator, Fault

from .helpers import assert_equals_api
from .test_killed import start

KINDS: tuple[dict[str, Any], ...] = (
    {"drop": True},
    {"drop": "after"},
    {"status": 500},
    {"status": 503},
    {"status": 429, "headers": {"retry-after-ms": "20"}},
    {"kind": "truncated"},
    {"kind": "broken_json"},
    {"kind": "html"},
    {"delay": 0.05},
)
LISTING_KINDS: tuple[dict[str, Any], ...] = ({"kind": "empty_page"}, {"kind": "stuck_cursor"})


def bad_weather(chance: random.Random, count: int, requests: int, kinds: tuple[dict[str, Any], ...]) -> list[Fault]:
    """Faults that hit single requests, spread over so many."""
    return [Fault(skip=chance.randrange(requests), times=1, **chance.choice(kinds)) for _ in range(count)]


def random_item(chance: random.Random, item_id: str) -> dict[str, Any]:
    item: dict[str, Any] = {"id": item_id, "created_at": 1_700_000_000 + chance.randrange(30)}
    text = "".join(chance.choice('aä😀"\\\n{}[],:') for _ in range(chance.randrange(40)))
    kinds: list[dict[str, Any]] = [
        {"type": "chatkit.user_message", "content": [{"type": "input_text", "text": text}]},
        {"type": "chatkit.assistant_message", "content": [{"type": "output_text", "text": text}]},
        {"type": "chatkit.widget", "widget": json.dumps({"type": "Card", "children": [text]})},
        {"type": "chatkit.client_tool_call", "call_id": "call", "name": "tool", "status": "completed"},
        {"type": "chatkit.task", "heading": text},
        {"type": "chatkit.task_group", "tasks": [{"type": "custom", "heading": text}]},
        {"type": f"chatkit.new_{chance.randrange(5)}", "data": {"text": text, "list": [1, 2.5, None, True]}},
    ]
    return {**item, **chance.choice(kinds)}


def random_seed(chance: random.Random, threads: int, items: int, users: int) -> list[dict[str, Any]]:
    """So many threads of so many users, and items spread unevenly over them."""
    weights = [chance.random() ** 3 + 0.01 for _ in range(threads)]
    counts = [int(items * weight / sum(weights)) for weight in weights]
    counts[0] += items - sum(counts)
    return [
        {
            "thread": {
                "id": f"cthr_{number}",
                "user": f"user_{chance.randrange(users)}",
                "created_at": 1_700_000_000 + chance.randrange(threads),
                "title": chance.choice([None, "Title", "ü"]),
            },
            "items": [random_item(chance, f"cthi_{number}_{index}") for index in range(count)],
        }
        for number, count in enumerate(counts)
    ]


async def archive_through(
    client: AsyncChatKit, emulator: Emulator, path: Path, chance: random.Random, seed: list[dict[str, Any]]
) -> None:
    """Kills a run, cancels one, finishes, changes threads, finishes again; the archive equals the API each time."""
    emulator.seed(threads=seed)
    emulator.add_faults(*bad_weather(chance, 12, len(seed), (*KINDS, *LISTING_KINDS)))
    process = start(emulator, path)
    await asyncio.sleep(chance.random() * 0.5)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    run = asyncio.create_task(archive(client, path))
    await asyncio.wait([run], timeout=chance.random() * 0.3)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    emulator.add_faults(*bad_weather(chance, 12, len(seed), (*KINDS, *LISTING_KINDS)))
    report = await archive(client, path)
    assert report.is_complete, report
    assert_equals_api(path, emulator)
    for one in chance.sample(seed, len(seed) // 4):
        one["items"].append({**random_item(chance, f"cthi_new_{one['thread']['id']}"), "created_at": 1_800_000_000})
    gone = {one["thread"]["id"] for one in chance.sample(seed, len(seed) // 10)}
    emulator.seed(threads=[one for one in seed if one["thread"]["id"] not in gone], reset=True)
    emulator.add_faults(*bad_weather(chance, 12, len(seed), (*KINDS, *LISTING_KINDS)))
    report = await archive(client, path)
    assert (report.is_complete, report.gone) == (True, len(gone)), report
    with Archive(path) as held:
        found = [one for one in held.raw_threads() if one["id"] not in gone]
        assert found == emulator.threads()
        assert all(list(held.raw_items(str(one["id"]))) == emulator.items(str(one["id"])) for one in found)
        assert {str(one["id"]) for one in held.raw_threads()} == {str(one["thread"]["id"]) for one in seed}
        assert held.verify().ok


async def erase_all(client: AsyncChatKit, emulator: Emulator, chance: random.Random, users: int) -> None:
    """Erases half of the users; the report and the emulator's log agree, and the other half is whole."""
    chosen = {f"user_{number}" for number in range(0, users, 2)}
    before = {str(one["id"]): one["user"] for one in emulator.threads()}
    due = {thread_id for thread_id, user in before.items() if user in chosen}
    logged = len(emulator.requests())
    emulator.clear_faults()
    emulator.add_faults(*bad_weather(chance, 15, len(due) + 100, KINDS))
    report = await erase(client, users=sorted(chosen))
    assert report.is_complete, report
    assert {one.thread_id for one in report.threads} == due
    assert {str(one["id"]) for one in emulator.threads()} == before.keys() - due
    deleted = {one.path.rsplit("/", 1)[1] for one in emulator.requests()[logged:] if one.method == "DELETE"}
    assert deleted == due


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", range(50))
async def test_random_seeds_in_bad_weather(client: AsyncChatKit, emulator: Emulator, path: Path, number: int) -> None:
    chance = random.Random(number)
    threads, users = chance.randrange(20, 260), chance.randrange(2, 20)
    await archive_through(client, emulator, path, chance, random_seed(chance, threads, threads * 12, users))
    await erase_all(client, emulator, chance, users)


@pytest.mark.soak
@pytest.mark.timeout(1800)
async def test_50_000_items_over_2_000_threads_of_200_users(
    client: AsyncChatKit, emulator: Emulator, path: Path
) -> None:
    chance = random.Random(50_000)
    await archive_through(client, emulator, path, chance, random_seed(chance, 2_000, 50_000, 200))
    emulator.clear_faults()
    await erase_all(client, emulator, chance, 200)
    report = await erase(client, all_users=True)
    assert report.is_complete
    assert emulator.threads() == []
