"""Archiving over a real socket: exact, incremental, and honest about what failed."""

from __future__ import annotations

import asyncio
import json
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from chatkit_async import ArchiveError, AsyncChatKit, ConfigurationError, ParamsValidationError
from chatkit_async.bulk import Archive, Progress, archive
from chatkit_async.emulator import Emulator, Fault

from ..conftest import KEY
from .conftest import QUICK
from .helpers import assert_equals_api, paths, seed, thread, user_message

ITEMS = "/chatkit/threads/cthr_1/items"
THREADS = "/chatkit/threads"


async def test_an_archive_equals_the_api_field_by_field(client: AsyncChatKit, emulator: Emulator, path: Path) -> None:
    unknown = {"id": "cthi_new", "type": "chatkit.hologram", "created_at": 5, "shape": {"points": [1, 2.5, None]}}
    long = {"thread": thread(500, extra_field=[1]), "items": [user_message(9_000_000 + n) for n in range(250)]}
    emulator.seed(threads=[*seed(205), {"thread": thread(400), "items": [unknown]}, long])
    report = await archive(client, path)
    assert report.is_complete
    assert report.ok
    assert (report.threads, report.new, report.items) == (207, 207, 205 * 3 + 1 + 250)
    assert report.failures == ()
    assert json.loads(json.dumps(report.to_dict()))["is_complete"] is True
    assert_equals_api(path, emulator)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_nothing_to_archive_is_a_complete_archive(client: AsyncChatKit, path: Path) -> None:
    report = await archive(client, path)
    assert report.is_complete
    with Archive(path) as held:
        assert list(held.threads()) == []
        assert held.verify().ok


async def test_an_unchanged_thread_costs_one_request(client: AsyncChatKit, emulator: Emulator, path: Path) -> None:
    emulator.seed(threads=seed(12, items=101))
    await archive(client, path)
    before = len(emulator.requests())
    report = await archive(client, path)
    assert (report.unchanged, report.changed, report.new, report.items) == (12, 0, 0, 0)
    asked = paths(emulator, since=before)
    assert sorted(one for one in asked if one.endswith("/items")) == sorted(
        f"/threads/cthr_{n}/items" for n in range(12)
    )
    assert len(asked) == 12 + 2  # the listing, and the look that proves it


async def test_a_changed_thread_costs_its_new_items(client: AsyncChatKit, emulator: Emulator, path: Path) -> None:
    conversations = seed(3, items=150)
    emulator.seed(threads=conversations)
    await archive(client, path)
    conversations[1]["items"] += [user_message(77_000 + n, created_at=1_800_000_000) for n in range(5)]
    conversations[2]["thread"]["title"] = "Renamed"
    emulator.seed(threads=conversations)
    before = len(emulator.requests())
    report = await archive(client, path)
    assert (report.unchanged, report.changed, report.items) == (1, 2, 5)
    assert paths(emulator, since=before).count("/threads/cthr_1/items") == 1
    assert_equals_api(path, emulator)


async def test_a_tool_call_that_was_open_is_read_again(client: AsyncChatKit, emulator: Emulator, path: Path) -> None:
    call: dict[str, Any] = {
        "id": "cthi_call",
        "type": "chatkit.client_tool_call",
        "created_at": 1_700_000_000,
        "call_id": "call_1",
        "name": "locate",
        "arguments": "{}",
        "status": "in_progress",
        "output": None,
    }
    items = [user_message(1, created_at=1), {**call, "created_at": 2}, user_message(3, created_at=3)]
    emulator.seed(threads=[{"thread": thread(1), "items": items}])
    await archive(client, path)
    items[1] = {**call, "created_at": 2, "status": "completed", "output": '{"place":"here"}'}
    emulator.seed(threads=[{"thread": thread(1), "items": items}])
    report = await archive(client, path)
    assert (report.changed, report.items) == (1, 0)
    assert_equals_api(path, emulator)


async def test_an_item_that_is_gone_is_kept_apart(client: AsyncChatKit, emulator: Emulator, path: Path) -> None:
    items = [user_message(number, created_at=number) for number in range(1, 6)]
    emulator.seed(threads=[{"thread": thread(1), "items": items}])
    await archive(client, path)
    emulator.seed(threads=[{"thread": thread(1), "items": [*items[:3], user_message(9, created_at=9)]}])
    report = await archive(client, path)
    assert (report.is_complete, report.changed, report.items) == (True, 1, 1)
    assert_equals_api(path, emulator)
    with Archive(path) as held:
        assert held.info.removed_items == 2


@pytest.mark.parametrize("is_refused", [True, False])
async def test_a_cursor_that_the_api_lost_means_reading_the_thread_anew(
    client: AsyncChatKit, emulator: Emulator, path: Path, *, is_refused: bool
) -> None:
    items = [user_message(number, created_at=number) for number in range(1, 300)]
    emulator.seed(threads=[{"thread": thread(1), "items": items}])
    await archive(client, path)
    del items[297]  # the cursor of the next run
    emulator.seed(threads=[{"thread": thread(1), "items": items}])
    if is_refused:
        emulator.add_faults(Fault(kind="gone_cursor", times="always"))
    assert (await archive(client, path)).is_complete
    assert_equals_api(path, emulator)


async def test_a_thread_that_is_gone_is_kept_and_marked(client: AsyncChatKit, emulator: Emulator, path: Path) -> None:
    emulator.seed(threads=seed(5))
    await archive(client, path)
    await client.threads.delete("cthr_3")
    report = await archive(client, path)
    assert (report.is_complete, report.gone, report.unchanged) == (True, 1, 4)
    assert (await archive(client, path)).gone == 0
    with Archive(path) as held:
        assert held.info.gone_threads == 1
        assert [one.id for one in held.threads()] == [f"cthr_{number}" for number in range(5)]
        assert len(list(held.items("cthr_3"))) == 3
        assert held.verify().ok


async def test_a_thread_deleted_before_it_was_read_is_no_failure(
    client: AsyncChatKit, emulator: Emulator, path: Path
) -> None:
    emulator.seed(threads=seed(150, items=1))

    def delete_one(progress: Progress) -> None:
        if progress.done == 1:
            conversations = seed(150, items=1)
            del conversations[50]
            emulator.seed(threads=conversations, reset=True)

    report = await archive(client, path, concurrency=1, on_progress=delete_one)
    assert (report.is_complete, report.gone, report.failures) == (True, 1, ())


async def test_only_the_chosen_users_are_archived(client: AsyncChatKit, emulator: Emulator, path: Path) -> None:
    emulator.seed(threads=[{"thread": thread(number, user=f"u{number % 3}")} for number in range(9)])
    assert (await archive(client, path, users=["u0", "u2", "u0"])).threads == 6
    with Archive(path) as held:
        assert held.info.users == ("u0", "u2")
        assert [one.id for one in held.threads()] == [f"cthr_{number}" for number in range(9) if number % 3 != 1]
        assert [one.id for one in held.threads(user="u2")] == ["cthr_2", "cthr_5", "cthr_8"]


async def test_continuing_with_other_settings_is_refused_with_both_named(
    client: AsyncChatKit, emulator: Emulator, path: Path
) -> None:
    await archive(client, path, user="u1")
    with pytest.raises(ArchiveError, match=r"made with users=\['u1'\], this run has users=None: continue"):
        await archive(client, path)
    with pytest.raises(ArchiveError, match=r"users=\['u1'\], this run has users=\['u1', 'u2'\]"):
        await archive(client, path, users=["u1", "u2"])
    other = client.with_options(project="proj_2")
    with pytest.raises(ArchiveError, match="made with project=None, this run has project='proj_2'"):
        await archive(other, path, user="u1")
    elsewhere = client.with_options(base_url="http://127.0.0.1:1/v1")
    with pytest.raises(
        ArchiveError, match=f"made with base_url='{emulator.base_url}', this run has base_url='http://127"
    ):
        await archive(elsewhere, path, user="u1")


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
async def test_what_goes_wrong_for_a_while_changes_nothing(
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
    for number in range(30):  # a thread that ends while the page is saved is a matter of chance
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


async def test_a_pace_is_kept(client: AsyncChatKit, emulator: Emulator, path: Path) -> None:
    emulator.seed(threads=seed(18))
    await archive(client, path, requests_per_second=50)
    times = [request.received_at for request in emulator.requests()]
    assert len(times) == 20
    assert times[-1] - times[0] >= 19 / 50 - 0.05


async def test_progress_grows_to_the_end(client: AsyncChatKit, emulator: Emulator, path: Path) -> None:
    emulator.seed(threads=seed(20))
    told: list[Progress] = []
    await archive(client, path, on_progress=told.append)
    assert [one.done for one in told] == sorted(one.done for one in told)
    assert (told[-1].stage, told[-1].done, told[-1].items, told[-1].failed) == ("done", 20, 60, 0)


async def test_what_on_progress_raises_ends_the_run_as_it_is(
    client: AsyncChatKit, emulator: Emulator, path: Path
) -> None:
    emulator.seed(threads=seed(20))

    def refuse(progress: Progress) -> None:
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        await archive(client, path, on_progress=refuse)
    with Archive(path) as held:
        assert held.info.last_run == "interrupted"


async def test_a_cancelled_run_can_be_continued(client: AsyncChatKit, emulator: Emulator, path: Path) -> None:
    emulator.seed(threads=seed(120))
    for _ in range(10):
        reached = asyncio.Event()
        run = asyncio.create_task(
            archive(client, path, on_progress=lambda one, r=reached: r.set() if one.done else None)
        )
        await reached.wait()
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        with Archive(path) as held:
            assert held.info.last_run == "interrupted"
    assert (await archive(client, path)).is_complete
    assert_equals_api(path, emulator)


async def test_a_run_cancelled_while_it_opens_the_file_holds_it_no_longer(client: AsyncChatKit, path: Path) -> None:
    for turns in range(0, 60, 4):
        run = asyncio.create_task(archive(client, path))
        for _ in range(turns):
            await asyncio.sleep(0)
        run.cancel()
        with suppress(asyncio.CancelledError):
            await run
        await archive(client, path)


async def test_a_second_run_on_the_same_file_is_told_which_process_has_it(
    client: AsyncChatKit, emulator: Emulator, path: Path
) -> None:
    import os

    emulator.seed(threads=seed(5))
    emulator.add_faults(Fault(method="GET", path="/items", delay=0.5))
    first = asyncio.create_task(archive(client, path))
    while not path.exists():
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    with pytest.raises(
        ArchiveError, match=rf"is in use by process {os.getpid()} on \S+ since 20\d\d-.*: wait for its end"
    ):
        await archive(client, path)
    assert (await first).is_complete
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize(
    "wrong",
    [
        {"user": "u", "users": ["v"]},
        {"users": []},
        {"users": "u1"},
        {"user": ""},
        {"user": "x" * 513},
        {"users": ["a", 7]},
        {"concurrency": 0},
        {"concurrency": 101},
        {"concurrency": True},
        {"requests_per_second": 0},
        {"requests_per_second": float("nan")},
    ],
)
async def test_arguments_that_cannot_work_are_refused_before_anything_happens(
    client: AsyncChatKit, emulator: Emulator, path: Path, wrong: dict[str, Any]
) -> None:
    with pytest.raises(ParamsValidationError, match=r"^archive: "):
        await archive(client, path, **wrong)
    assert not path.exists()
    assert emulator.requests() == []


async def test_a_folder_that_is_missing_and_a_key_that_is_missing_raise(emulator: Emulator, path: Path) -> None:
    async with AsyncChatKit(base_url=emulator.base_url, retry_policy=QUICK) as keyless:
        with pytest.raises(ConfigurationError, match="OPENAI_API_KEY"):
            await archive(keyless, path)
    async with AsyncChatKit(KEY, base_url=emulator.base_url) as client:
        with pytest.raises(ArchiveError, match="No such file or directory"):
            await archive(client, path.parent / "missing" / "x.db")
        with pytest.raises(ArchiveError, match="is not a file"):
            await archive(client, path.parent)
