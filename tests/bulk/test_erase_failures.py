"""Erasing while the API fails, misleads or pretends: what is left is done again, or reported."""

from __future__ import annotations

import random
from typing import Any

import pytest

from chatkit_async import AsyncChatKit
from chatkit_async.bulk import Progress, erase
from chatkit_async.emulator import Emulator, Fault

from .helpers import ids, of_users

THREADS = "/chatkit/threads"


FAULTS = [
    Fault(drop=True, times=3),
    Fault(drop="after", times=3),
    Fault(status=500, times=4),
    Fault(status=429, headers={"retry-after-ms": "10"}, times=12),
    Fault(kind="truncated", times=2),
    Fault(kind="html", times=2),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault.kind or fault.status or fault.drop))
@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("skip", [0, 2])
async def test_erase_survives_temporary_faults(
    client: AsyncChatKit, emulator: Emulator, fault: Any, method: str, skip: int
) -> None:
    import attrs

    emulator.seed(threads=of_users(230, 1))
    emulator.add_faults(attrs.evolve(fault, skip=skip, method=method))
    report = await erase(client, user="u0")
    assert report.is_complete, report
    assert (report.count("deleted"), ids(emulator)) == (230, [])


@pytest.mark.parametrize("kind", ["empty_page", "stuck_cursor"])
async def test_a_listing_that_misleads_for_a_while_changes_nothing(
    client: AsyncChatKit, emulator: Emulator, kind: Any
) -> None:
    emulator.seed(threads=of_users(230, 1))
    emulator.add_faults(Fault(method="GET", path=THREADS, kind=kind, times=2, skip=1))
    assert (await erase(client, user="u0")).is_complete
    assert ids(emulator) == []


@pytest.mark.parametrize("is_refused", [True, False])
async def test_another_process_deleting_at_the_same_time_hides_no_thread(
    client: AsyncChatKit, emulator: Emulator, *, is_refused: bool
) -> None:
    emulator.seed(threads=of_users(450, 1))
    if is_refused:
        emulator.add_faults(Fault(kind="gone_cursor", times="always"))
    chance, pages = random.Random(5), 0

    def delete_some(progress: Progress) -> None:
        nonlocal pages
        pages += 1
        if progress.stage == "listing" and pages < 6:
            left = [one for one in emulator.threads() if chance.random() < 0.7]
            emulator.seed(threads=[{"thread": one} for one in left], reset=True)

    report = await erase(client, user="u0", on_progress=delete_some)
    assert report.is_complete, report
    assert ids(emulator) == []


async def test_a_thread_that_cannot_be_deleted_is_in_the_report(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.seed(threads=of_users(5, 1))
    emulator.add_faults(Fault(method="DELETE", path="/cthr_3", status=400, times="always"))
    report = await erase(client, user="u0")
    assert not report.is_complete
    assert not report.ok
    (failed,) = [one for one in report.threads if one.outcome == "failed"]
    assert failed.thread_id == "cthr_3"
    assert "400" in str(failed.reason)
    assert report.count("deleted") == 4


async def test_a_delete_that_the_api_only_pretends_is_no_success(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.seed(threads=of_users(3, 1))
    body = {"id": "cthr_1", "object": "chatkit.thread.deleted", "deleted": True}
    emulator.add_faults(Fault(method="DELETE", path="/cthr_1", body=body, times="always"))
    report = await erase(client, user="u0")
    assert not report.is_complete
    assert [(one.outcome, one.reason) for one in report.threads if one.outcome != "deleted"] == [
        ("failed", "the last check still found the thread after its delete: run the job again")
    ]


async def test_a_listing_that_fails_deletes_nothing(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.seed(threads=of_users(250, 1))
    emulator.add_faults(Fault(method="GET", path=THREADS, status=400, skip=1, times="always"))
    report = await erase(client, all_users=True)
    assert not report.is_complete
    assert report.failures[0].status == 400
    assert len(ids(emulator)) == 250


async def test_a_key_that_is_refused_ends_the_job_with_a_report(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.seed(threads=of_users(100, 1))
    emulator.add_faults(Fault(method="DELETE", status=401, skip=20, times="always"))
    report = await erase(client, all_users=True)
    assert report.stopped is not None
    assert not report.is_complete
    assert (report.count("deleted"), len(ids(emulator))) == (20, 80)
    assert report.count("planned") > 60
