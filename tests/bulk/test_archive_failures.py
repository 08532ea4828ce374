"""Archiving while the API fails, for a while or for good: nothing is lost, and the report says what failed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chatkit_async import AsyncChatKit
from chatkit_async.bulk import Archive, Progress, archive
from chatkit_async.emulator import Emulator, Fault

from .helpers import assert_equals_api, seed

ITEMS = "/chatkit/threads/cthr_1/items"
THREADS = "/chatkit/threads"


FAULTS = [
    Fault(method="GET", drop=True, times=2),
    Fault(method="GET", drop="after", times=2),
    Fault(method="GET", status=500, times=4),
    Fault(method="GET", status=503, times=4),
    Fault(method="GET", status=429, headers={"retry-after-ms": "10"}, times=12),
    Fault(method="GET", kind="truncated", times=2),
    Fault(method="GET", kind="broken_json", times=2),
    Fault(method="GET", kind="html", times=2),
    Fault(method="GET", kind="empty_page", times=3),
    Fault(method="GET", kind="stuck_cursor", times=2),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault.kind or fault.status or fault.drop))
@pytest.mark.parametrize("skip", [0, 1, 4])
async def test_archive_survives_temporary_faults(
    client: AsyncChatKit, emulator: Emulator, path: Path, fault: Any, skip: int
) -> None:
    import attrs

    emulator.seed(threads=seed(4, items=230))
    emulator.add_faults(attrs.evolve(fault, skip=skip))
    report = await archive(client, path)
    assert report.is_complete, report
    assert_equals_api(path, emulator)


async def test_a_listing_that_begins_again_reads_no_thread_twice(
    client: AsyncChatKit, emulator: Emulator, path: Path
) -> None:
    emulator.seed(threads=seed(4, items=230))
    for number in range(12):  # a thread that ends while the page is saved is a matter of chance
        emulator.clear_faults()
        emulator.add_faults(Fault(method="GET", kind="stuck_cursor", times=2))
        report = await archive(client, path.with_suffix(f".{number}"))
        assert (report.is_complete, report.items) == (True, 920)


async def test_a_thread_that_fails_is_in_the_report_and_the_next_run_does_it(
    client: AsyncChatKit, emulator: Emulator, path: Path
) -> None:
    emulator.seed(threads=seed(4))
    emulator.add_faults(Fault(method="GET", path=ITEMS, status=400, times="always"))
    report = await archive(client, path)
    assert not report.is_complete
    assert [(one.thread_id, one.status) for one in report.failures] == [("cthr_1", 400)]
    assert report.failures[0].request_id
    assert report.new == 4
    with Archive(path) as held:
        assert held.info.incomplete_threads == ("cthr_1",)
        assert held.info.last_run == "incomplete"
        assert not held.verify().ok
    emulator.clear_faults()
    again = await archive(client, path)
    assert (again.is_complete, again.items) == (True, 3)
    assert_equals_api(path, emulator)


@pytest.mark.parametrize(("status", "code"), [(401, "invalid_api_key"), (403, None), (429, "insufficient_quota")])
async def test_a_key_that_is_refused_ends_the_run_with_a_report(
    client: AsyncChatKit, emulator: Emulator, path: Path, status: int, code: str | None
) -> None:
    emulator.seed(threads=seed(200))
    body = {"error": {"message": "no", "code": code, "type": None, "param": None}}
    emulator.add_faults(Fault(method="GET", status=status, body=body, skip=20, times="always"))
    report = await archive(client, path)
    assert not report.is_complete
    assert report.stopped is not None
    assert str(status) in report.stopped
    assert report.requests < 60
    emulator.clear_faults()
    assert (await archive(client, path)).is_complete
    assert_equals_api(path, emulator)


async def test_an_outage_ends_the_run_before_every_thread_has_failed(
    client: AsyncChatKit, emulator: Emulator, path: Path
) -> None:
    emulator.seed(threads=seed(300))
    emulator.add_faults(Fault(method="GET", path="/items", status=500, times="always"))
    report = await archive(client, path)
    assert report.stopped is not None
    assert len(report.failures) < 30


async def test_a_listing_without_cursor_or_has_more_is_no_complete_archive(
    client: AsyncChatKit, emulator: Emulator, path: Path
) -> None:
    for body in (
        {"data": []},
        {"data": [], "has_more": "no"},
        {"has_more": False},
        {"data": [{}], "has_more": True},
        [],
    ):
        emulator.clear_faults()
        emulator.add_faults(Fault(method="GET", path=THREADS, body=body, times="always"))
        report = await archive(client, path)
        assert not report.is_complete
        assert report.failures[0].thread_id is None


async def test_threads_and_items_without_their_fields_are_archived(
    client: AsyncChatKit, emulator: Emulator, path: Path
) -> None:
    threads = ['{"id":"a", "n": 1.50e0}', '{"id" : "b","created_at":null,"user":7,"status":"x"}']
    items = ['{"id":1}', "7", r'{"text":"\ud800 half", "big":123456789012345678901234567890}']
    as_json = {"content-type": "application/json"}
    emulator.add_faults(
        *(
            Fault(method="GET", path=where, body=page.encode(), headers=as_json, times="always")
            for where, page in (
                (THREADS, f'{{"object":"list","data":[ {threads[0]} ,{threads[1]}], "has_more":false}}'),
                ("/a/items", f'{{"data":[{",".join(items)}],"has_more":false}}'),
                ("/b/items", '{"has_more":false,"data":[ ]}'),
            )
        )
    )
    report = await archive(client, path)
    assert report.is_complete, report
    with Archive(path) as held:
        assert list(held.thread_texts()) == threads
        assert list(held.item_texts("a")) == items
        assert [one.id for one in held.threads()] == ["a", "b"]
        assert len(list(held.items("a"))) == 3
        assert held.verify().ok


async def test_a_thread_without_id_is_a_failure_that_says_so(
    client: AsyncChatKit, emulator: Emulator, path: Path
) -> None:
    emulator.add_faults(
        Fault(method="GET", path=THREADS, body={"data": [{"title": "x"}], "has_more": False}, times="always")
    )
    report = await archive(client, path)
    assert not report.is_complete
    assert report.failures[0].reason == "thread 0 of the listing has no id, so its items cannot be read"


async def test_the_wait_that_the_api_asks_for_holds_back_all_requests(
    client: AsyncChatKit, emulator: Emulator, path: Path
) -> None:
    emulator.seed(threads=seed(40))
    emulator.add_faults(Fault(method="GET", path="/items", status=429, headers={"retry-after-ms": "400"}, skip=10))
    waits: list[Progress] = []
    report = await archive(client, path, on_progress=lambda one: waits.append(one) if one.stage == "waiting" else None)
    assert report.is_complete
    assert [one.wait_s for one in waits] == [0.4]
    times = [request.received_at for request in emulator.requests()]
    refused = next(request.received_at for request in emulator.requests() if request.status == 429)
    assert [one for one in times if refused + 0.1 < one < refused + 0.35] == []


async def test_a_wait_for_a_day_ends_the_run(client: AsyncChatKit, emulator: Emulator, path: Path) -> None:
    emulator.seed(threads=seed(40))
    emulator.add_faults(
        Fault(method="GET", path="/items", status=429, headers={"retry-after": "86400"}, times="always")
    )
    report = await archive(client, path)
    assert report.stopped is not None
    assert "retry after 86400 s" in report.stopped
