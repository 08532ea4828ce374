"""The steps of a bulk job in parts, as a queue runs them: each gets the JSON of the one before, in any order, twice."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from chatkit_async import ArchiveError, AsyncChatKit, RetryPolicy
from chatkit_async.bulk import Archive, archive, erase
from chatkit_async.bulk._archive_parts import ArchiveJob
from chatkit_async.bulk._erase_parts import EraseJob
from chatkit_async.emulator import Emulator, Fault

from .fleet import THREADS, USERS, seed, without_effort

QUICK = RetryPolicy(initial_delay_s=0.005, max_delay_s=0.02)


@pytest.fixture
async def client(emulator: Emulator) -> AsyncIterator[AsyncChatKit]:
    async with AsyncChatKit("sk-queue", base_url=emulator.base_url, retry_policy=QUICK) as made:
        emulator.seed(threads=seed())
        yield made


class Run:
    """One job, step by step."""

    def __init__(self, client: AsyncChatKit, job: EraseJob | ArchiveJob) -> None:
        self.client = client
        self.job = through_json(job.prepared("job-1"))
        self.plan: dict[str, Any] = {}
        self.pages: list[Any] = []

    async def make_plan(self) -> None:
        self.plan = json.loads(json.dumps(await self.job.plan(self.client, 7)))
        self.pages = self.plan.pop("pages")
        self.plan["parts"] = len(self.pages)

    async def part(self, number: int, *, is_repeated: bool = False) -> dict[str, Any]:
        given = await self.job.part(self.client, number, self.pages[number], is_repeated=is_repeated)
        found: dict[str, Any] = json.loads(json.dumps(given))
        return found

    async def parts(self) -> list[dict[str, Any]]:
        return [await self.part(number) for number in range(len(self.pages))]

    async def merge(self, parts: list[dict[str, Any]]) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(json.dumps(await self.job.merge(self.client, self.plan, parts)))
        return report


def through_json(job: Any) -> Any:
    return type(job)(**json.loads(json.dumps(attrs.asdict(job))))


async def single_erase(**choice: Any) -> dict[str, Any]:
    async with Emulator() as emulator, AsyncChatKit("sk-queue", base_url=emulator.base_url) as client:
        emulator.seed(threads=seed())
        return without_effort((await erase(client, **choice)).to_dict())


async def single_archive(path: Path) -> dict[str, Any]:
    async with Emulator() as emulator, AsyncChatKit("sk-queue", base_url=emulator.base_url) as client:
        emulator.seed(threads=seed())
        return without_effort((await archive(client, path)).to_dict())


def assert_holds_all(path: Path, emulator: Emulator) -> None:
    with Archive(path) as held:
        assert list(held.raw_threads()) == emulator.threads()
        assert all(list(held.raw_items(str(one["id"]))) == emulator.items(str(one["id"])) for one in emulator.threads())
        assert held.verify().ok


@pytest.mark.parametrize(
    "choice",
    [
        {"users": list(USERS)},
        {"user": "user_1"},
        {"all_users": True, "created_before": 1_700_000_007},
        {"thread_ids": [f"cthr_{number}" for number in (5, 50, 500, 9)]},
        {"all_users": True, "dry_run": True},
        {"user": "user_without_threads"},
    ],
    ids=["users", "user", "age", "ids", "dry_run", "no threads"],
)
async def test_an_erase_in_parts_gives_the_report_of_a_single_job(client: AsyncChatKit, choice: dict[str, Any]) -> None:
    run = Run(client, EraseJob(**choice))
    await run.make_plan()
    parts = await run.parts()

    assert without_effort(await run.merge(parts[::-1])) == await single_erase(**choice)


async def test_a_part_that_is_done_twice_still_counts_its_threads_as_deleted(client: AsyncChatKit) -> None:
    run = Run(client, EraseJob(users=USERS))
    await run.make_plan()
    parts = await run.parts()
    parts[1] = await run.part(1, is_repeated=True)

    assert without_effort(await run.merge(parts)) == await single_erase(users=USERS)


async def test_the_merge_does_what_a_part_left_over(client: AsyncChatKit, emulator: Emulator) -> None:
    run = Run(client, EraseJob(users=USERS))
    await run.make_plan()
    parts = [await run.part(0), *(run.job.unfinished(at, run.pages[at]) for at in range(1, len(run.pages)))]

    assert without_effort(await run.merge(parts)) == await single_erase(users=USERS)
    assert emulator.threads() == []


async def test_a_result_that_is_lost_is_named_and_the_report_is_not_complete(client: AsyncChatKit) -> None:
    run = Run(client, EraseJob(users=USERS))
    await run.make_plan()
    parts = await run.parts()

    report = await run.merge(parts[1:])

    assert report["is_complete"] is False
    assert "1 of 9 tasks" in report["failures"][0]["reason"]


async def test_a_thread_made_after_the_listing_is_not_touched(client: AsyncChatKit, emulator: Emulator) -> None:
    run = Run(client, EraseJob(users=USERS))
    await run.make_plan()
    emulator.seed(threads=[{"thread": {"id": "cthr_young", "user": "user_1", "created_at": 1_800_000_000}}])

    report = await run.merge(await run.parts())

    assert report["is_complete"] is True
    assert [one["id"] for one in emulator.threads()] == ["cthr_young"]


async def test_an_older_thread_that_the_listing_missed_is_erased_by_the_merge(
    client: AsyncChatKit, emulator: Emulator
) -> None:
    run = Run(client, EraseJob(users=USERS))
    await run.make_plan()
    emulator.seed(threads=[{"thread": {"id": "cthr_missed", "user": "user_1", "created_at": 1_700_000_001}}])

    report = await run.merge(await run.parts())

    assert (report["is_complete"], report["counts"]["deleted"]) == (True, THREADS + 1)
    assert emulator.threads() == []


async def test_only_threads_that_the_archive_holds_unchanged_are_erased(
    client: AsyncChatKit, emulator: Emulator, tmp_path: Path
) -> None:
    path = tmp_path / "threads.chatkit"
    await archive(client, path)
    emulator.seed(threads=[{"thread": {"id": "cthr_late", "user": "user_1", "created_at": 1_700_000_000}}])
    run = Run(client, EraseJob(all_users=True, archived_in=str(path)))
    await run.make_plan()

    report = await run.merge(await run.parts())

    assert report["counts"] == {"planned": 0, "deleted": THREADS, "already_gone": 0, "kept": 1, "failed": 0}
    assert [one["id"] for one in emulator.threads()] == ["cthr_late"]


async def test_an_erase_that_cannot_list_says_why_and_deletes_nothing(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.add_faults(Fault(method="GET", path="/chatkit/threads", status=401, times="always"))
    run = Run(client, EraseJob(all_users=True))
    await run.make_plan()

    report = await run.merge([])

    assert (run.pages, report["ok"], report["failures"][0]["status"]) == ([], False, 401)
    assert report["failures"][0]["request_id"]
    assert "401" in report["stopped"]


async def test_an_archive_in_parts_gives_the_report_and_the_file_of_a_single_job(
    client: AsyncChatKit, emulator: Emulator, tmp_path: Path
) -> None:
    run = Run(client, ArchiveJob(path=str(tmp_path / "threads.chatkit")))
    await run.make_plan()
    parts = await run.parts()
    parts.append(await run.part(2, is_repeated=True))

    report = await run.merge(parts[::-1])

    assert without_effort(report) == await single_archive(tmp_path / "single.chatkit")
    assert_holds_all(tmp_path / "threads.chatkit", emulator)
    assert list((tmp_path / "threads.chatkit.parts").iterdir()) == []


async def test_the_merge_takes_items_from_the_parts_and_does_not_read_them_again(
    client: AsyncChatKit, emulator: Emulator, tmp_path: Path
) -> None:
    run = Run(client, ArchiveJob(path=str(tmp_path / "threads.chatkit")))
    await run.make_plan()
    parts = await run.parts()
    before = len(emulator.requests())

    await run.merge(parts)

    assert not [one for one in emulator.requests()[before:] if one.path.endswith("/items")]


async def test_parts_that_are_missing_or_damaged_are_read_from_the_api(
    client: AsyncChatKit, emulator: Emulator, tmp_path: Path
) -> None:
    run = Run(client, ArchiveJob(path=str(tmp_path / "threads.chatkit"), parts_in=str(tmp_path / "shared")))
    await run.make_plan()
    parts = await run.parts()
    files = sorted((tmp_path / "shared" / "job-1").iterdir())
    files[0].unlink()
    files[1].write_bytes(b"SQLite format 3\0 and no more")

    report = await run.merge(parts[2:])

    assert without_effort(report) == await single_archive(tmp_path / "single.chatkit")
    assert_holds_all(tmp_path / "threads.chatkit", emulator)


async def test_a_second_archive_hands_out_new_threads_only(
    client: AsyncChatKit, emulator: Emulator, tmp_path: Path
) -> None:
    path = tmp_path / "threads.chatkit"
    await archive(client, path)
    emulator.seed(threads=[{"thread": {"id": "cthr_late", "user": "user_1"}}])
    run = Run(client, ArchiveJob(path=str(path)))
    await run.make_plan()

    report = await run.merge(await run.parts())

    assert run.pages == [["cthr_late"]]
    assert (report["new"], report["unchanged"], report["is_complete"]) == (1, THREADS, True)
    assert_holds_all(path, emulator)


async def test_an_archive_with_other_settings_is_refused_before_anything_is_sent(
    client: AsyncChatKit, emulator: Emulator, tmp_path: Path
) -> None:
    path = tmp_path / "threads.chatkit"
    await archive(client, path, user="user_1")
    before = len(emulator.requests())

    with pytest.raises(ArchiveError, match=r"was made with users user_1, this run has all users: continue with the"):
        await Run(client, ArchiveJob(path=str(path))).make_plan()

    assert len(emulator.requests()) == before
