"""Erasing over a real socket: only what was chosen, all of it, and proved."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chatkit_async import ArchiveError, AsyncChatKit, ParamsValidationError
from chatkit_async.bulk import Progress, archive, erase, retain
from chatkit_async.emulator import Emulator, Fault

from .helpers import ids, of_users, seed, thread, user_message

THREADS = "/chatkit/threads"


def deleted_by_log(emulator: Emulator) -> set[str]:
    """The threads whose deletion the emulator's own log shows, lost responses included."""
    return {
        request.path.rsplit("/", 1)[1]
        for request in emulator.requests()
        if request.method == "DELETE" and request.status in (200, None)
    }


async def test_all_threads_of_a_user_go_and_no_others(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.seed(threads=of_users(500, 2))
    report = await erase(client, user="u1")
    assert report.is_complete
    assert report.ok
    assert (report.count("deleted"), len(report.threads)) == (250, 250)
    assert ids(emulator) == [f"cthr_{number}" for number in range(0, 500, 2)]
    assert deleted_by_log(emulator) == {one.thread_id for one in report.threads}
    assert json.loads(json.dumps(report.to_dict()))["counts"]["deleted"] == 250


async def test_no_data_is_a_complete_result(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.seed(threads=of_users(5, 1))
    report = await erase(client, user="stranger")
    assert report.is_complete
    assert report.threads == ()


async def test_nothing_is_deleted_while_ids_are_collected(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.seed(threads=of_users(250, 1))
    await erase(client, all_users=True)
    methods = [request.method for request in emulator.requests()]
    first, last = methods.index("DELETE"), len(methods) - 1 - methods[::-1].index("DELETE")
    assert set(methods[first : last + 1]) == {"DELETE"}
    assert methods[:first] == ["GET"] * 6
    assert set(methods[last + 1 :]) == {"GET"}


@pytest.mark.parametrize("choice", [{"all_users": True}, {"thread_ids": ["cthr_1", "cthr_2"]}], ids=["users", "ids"])
async def test_the_progress_of_a_dry_run_never_says_that_it_deletes(
    client: AsyncChatKit, emulator: Emulator, choice: Any
) -> None:
    emulator.seed(threads=of_users(10, 2))
    seen: list[Progress] = []
    await erase(client, **choice, dry_run=True, on_progress=seen.append)
    stages = {progress.stage for progress in seen}
    assert "checking" in stages
    assert "deleting" not in stages


async def test_progress_says_deleting_only_after_the_threads_are_read(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.seed(threads=of_users(10, 2))
    seen: list[Progress] = []
    await erase(client, thread_ids=["cthr_1", "cthr_2"], on_progress=seen.append)
    assert [*dict.fromkeys(progress.stage for progress in seen)] == ["reading", "deleting", "checking", "done"]


async def test_a_dry_run_tells_the_plan_and_deletes_nothing(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.seed(threads=of_users(10, 1))
    report = await erase(client, all_users=True, dry_run=True)
    assert (report.dry_run, report.ok, report.is_complete, report.count("planned")) == (True, True, False, 10)
    assert [request for request in emulator.requests() if request.method != "GET"] == []
    assert len(ids(emulator)) == 10


async def test_threads_made_after_the_job_began_are_not_touched(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.seed(threads=of_users(150, 1))
    made = iter(range(1000, 9000))

    def make_another(progress: Progress) -> None:
        head = thread(next(made), user="u0", created_at=1_800_000_000)
        emulator.seed(threads=[{"thread": head}])

    report = await erase(client, user="u0", on_progress=make_another)
    assert report.is_complete
    assert report.count("deleted") == len(report.threads) == 150
    assert len(ids(emulator)) > 150
    assert all(int(one.removeprefix("cthr_")) >= 1000 for one in ids(emulator))


async def test_threads_by_id_tell_for_each_what_became_of_it(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.seed(threads=of_users(4, 1))
    report = await erase(client, thread_ids=["cthr_1", "cthr_9", "cthr_2", "cthr_1"])
    assert report.is_complete
    assert {one.thread_id: one.outcome for one in report.threads} == {
        "cthr_1": "deleted",
        "cthr_9": "already_gone",
        "cthr_2": "deleted",
    }
    assert ids(emulator) == ["cthr_0", "cthr_3"]


@pytest.mark.parametrize("moment", [1_700_000_001, datetime.fromtimestamp(1_700_000_001, UTC)])
async def test_only_threads_created_before_a_time_go(client: AsyncChatKit, emulator: Emulator, moment: Any) -> None:
    emulator.seed(threads=of_users(9, 1))
    report = await erase(client, all_users=True, created_before=moment)
    assert report.is_complete
    assert ids(emulator) == [f"cthr_{number}" for number in range(3, 9)]
    assert [one.created_at for one in report.threads] == [1_700_000_000] * 3


async def test_a_thread_of_unknown_age_is_kept_and_named(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.add_faults(
        Fault(method="GET", path=THREADS, body={"data": [{"id": "cthr_1"}], "has_more": False}, times="always")
    )
    report = await erase(client, all_users=True, created_before=5)
    assert not report.is_complete
    assert [(one.outcome, one.reason) for one in report.threads] == [
        ("kept", "it has no created_at, so its age is not known")
    ]


async def test_progress_has_the_name_of_the_job(client: AsyncChatKit) -> None:
    seen: list[Progress] = []
    await erase(client, all_users=True, dry_run=True, on_progress=seen.append)
    await retain(client, older_than=1, dry_run=True, on_progress=seen.append)
    assert [*dict.fromkeys(one.job for one in seen)] == ["erase", "retain"]


async def test_retain_erases_by_age(client: AsyncChatKit, emulator: Emulator) -> None:
    import time

    now = int(time.time())
    ages = [100 * 86400, 91 * 86400, 89 * 86400, 0]
    emulator.seed(threads=[{"thread": thread(number, created_at=now - age)} for number, age in enumerate(ages)])
    report = await retain(client, older_than=timedelta(days=90))
    assert report.is_complete
    assert ids(emulator) == ["cthr_2", "cthr_3"]


async def test_only_what_the_archive_holds_whole_and_unchanged_goes(
    client: AsyncChatKit, emulator: Emulator, path: Path
) -> None:
    conversations = seed(6, items=120)
    emulator.seed(threads=conversations)
    emulator.add_faults(Fault(method="GET", path="/cthr_5/items", status=400, times="always"))
    await archive(client, path)
    emulator.clear_faults()
    conversations[1]["items"].append(user_message(999_999, created_at=1_800_000_000))
    conversations[2]["thread"]["title"] = "Renamed"
    conversations[3]["items"][-1]["content"][0]["text"] = "edited"
    emulator.seed(threads=[*conversations, {"thread": thread(77)}])
    report = await erase(client, all_users=True, archived_in=path)
    outcomes = {one.thread_id: (one.outcome, one.reason) for one in report.threads}
    changed = ("kept", "it has changed since it was archived: run archive(client, path) again")
    unheld = ("kept", "the archive does not hold it whole: run archive(client, path) again")
    assert outcomes == {
        "cthr_0": ("deleted", None),
        "cthr_1": changed,
        "cthr_2": changed,
        "cthr_3": changed,
        "cthr_4": ("deleted", None),
        "cthr_5": unheld,
        "cthr_77": unheld,
    }
    assert not report.is_complete
    await archive(client, path)
    assert (await erase(client, all_users=True, archived_in=path)).is_complete
    assert ids(emulator) == []


async def test_an_archive_of_another_project_deletes_nothing(
    client: AsyncChatKit, emulator: Emulator, path: Path
) -> None:
    emulator.seed(threads=seed(2))
    await archive(client, path)
    with pytest.raises(ArchiveError, match="made with no project, this job has the project proj_2"):
        await erase(client.with_options(project="proj_2"), all_users=True, archived_in=path)
    with pytest.raises(ArchiveError, match="there is no archive"):
        await erase(client, all_users=True, archived_in=path.parent / "missing")
    assert len(ids(emulator)) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"user": None},
        {"all_users": False},
        {"user": "u", "all_users": True},
        {"user": "u", "thread_ids": ["cthr_1"]},
        {"thread_ids": []},
        {"thread_ids": "cthr_1"},
        {"users": []},
        {"user": ""},
        {"all_users": "yes"},
        {"all_users": True, "created_before": datetime(2026, 1, 1)},
        {"all_users": True, "created_before": -1},
        {"all_users": True, "concurrency": 0},
    ],
)
async def test_without_a_clear_choice_nothing_happens(
    client: AsyncChatKit, emulator: Emulator, wrong: dict[str, Any]
) -> None:
    emulator.seed(threads=of_users(3, 1))
    with pytest.raises(ParamsValidationError, match=r"^erase: "):
        await erase(client, **wrong)
    for older_than in (0, -1, "90 days", timedelta(0), float("nan"), 1e12, timedelta.max):
        with pytest.raises(ParamsValidationError, match=r"^retain: older_than: must be a timedelta or seconds above 0"):
            await retain(client, older_than=older_than)  # type: ignore[arg-type]
    assert emulator.requests() == []
