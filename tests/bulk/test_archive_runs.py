"""A run of archive: its workers, pace and progress, and how it is cancelled, continued and kept alone on its file."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path

import anyio
import pytest

from chatkit_async import ArchiveError, AsyncChatKit
from chatkit_async.bulk import Archive, Progress, archive
from chatkit_async.bulk._job import workers
from chatkit_async.emulator import Emulator, Fault

from .helpers import assert_equals_api, seed


async def test_a_pace_is_kept(client: AsyncChatKit, emulator: Emulator, path: Path) -> None:
    emulator.seed(threads=seed(18))
    await archive(client, path, requests_per_second=50)
    times = [request.received_at for request in emulator.requests()]
    assert len(times) == 20
    assert times[-1] - times[0] >= 19 / 50 - 0.05


async def test_progress_grows_to_the_end(client: AsyncChatKit, emulator: Emulator, path: Path) -> None:
    emulator.seed(threads=seed(20))
    events: list[Progress] = []
    await archive(client, path, on_progress=events.append)
    assert [one.done for one in events] == sorted(one.done for one in events)
    assert (events[-1].stage, events[-1].done, events[-1].items, events[-1].failed) == ("done", 20, 60, 0)


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
            assert not held.is_complete
            whole = held.info.threads - len(held.info.incomplete_threads)
    report = await archive(client, path)
    assert report.is_complete
    assert (report.new, report.changed, report.unchanged) == (120 - whole, 0, whole)
    assert_equals_api(path, emulator)
    with Archive(path) as held:
        assert held.is_complete


async def test_a_long_thread_that_was_held_in_part_is_new_and_one_that_grew_is_changed(
    client: AsyncChatKit, emulator: Emulator, path: Path
) -> None:
    cut = Fault(path="/items", skip=11, status=422, times="always")  # after the first thousand items
    for items, expected in ((2200, (1, 0, 0, True)), (4400, (0, 1, 0, True))):
        emulator.seed(threads=seed(1, items=items), reset=True)
        emulator.add_faults(cut)
        assert not (await archive(client, path)).is_complete
        emulator.clear_faults()
        report = await archive(client, path)
        assert (report.new, report.changed, report.unchanged, report.is_complete) == expected


async def test_a_run_cancelled_while_it_opens_the_file_holds_it_no_longer(client: AsyncChatKit, path: Path) -> None:
    for turns in range(0, 60, 4):
        run = asyncio.create_task(archive(client, path))
        for _ in range(turns):
            await asyncio.sleep(0)
        run.cancel()
        with suppress(asyncio.CancelledError):
            await run
        await archive(client, path)


async def test_the_file_is_closed_off_the_event_loop(
    client: AsyncChatKit, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed_in: list[threading.Thread] = []

    class Connection(sqlite3.Connection):
        def close(self) -> None:
            closed_in.append(threading.current_thread())
            super().close()  # copies the log into the file

    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Connection))
    await archive(client, path)
    assert len(closed_in) == 1
    assert closed_in != [threading.current_thread()]


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


@pytest.mark.parametrize("count", [1, 2, 8])
@pytest.mark.parametrize("values", [0, 1, 2, 3, 8, 9, 10, 12, 17, 100])
@pytest.mark.parametrize("naps", [0, 1])
async def test_each_value_is_worked_on_once_and_waiting_values_are_bounded(count: int, values: int, naps: int) -> None:
    done: list[int] = []
    most = 0

    async def work(value: int) -> None:
        for _ in range(naps):
            await anyio.sleep(0)
        done.append(value)

    with anyio.fail_after(5):
        async with workers(count, work) as hand_out:
            await anyio.sleep(0)  # the workers wait already
            for start in range(0, values, 7):
                await hand_out(range(start, min(start + 7, values)))
                most = max(most, min(start + 7, values) - len(done))
    assert sorted(done) == list(range(values))
    assert most <= 2 * count


async def test_the_first_error_ends_all_and_is_raised_as_it_is() -> None:
    async def work(value: int) -> None:
        if value == 3:
            raise LookupError("three")
        await anyio.sleep_forever()

    async def all_of_it() -> None:
        async with workers(4, work) as hand_out:
            await hand_out(range(4))
            await anyio.sleep_forever()

    with anyio.fail_after(5), pytest.raises(LookupError, match="three"):
        await all_of_it()
