"""An archive whose process is killed at any moment, and one that two processes want."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chatkit_async import ArchiveError, AsyncChatKit
from chatkit_async.bulk import Archive, archive
from chatkit_async.emulator import Emulator, Fault

from ..conftest import KEY
from .helpers import assert_equals_api, seed

PROGRAM = """
import asyncio, sys
from chatkit_async import AsyncChatKit
from chatkit_async.bulk import archive

async def main(key, url, path):
    async with AsyncChatKit(key, base_url=url) as client:
        print("ready", flush=True)
        print((await archive(client, path)).is_complete, flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


def start(emulator: Emulator, path: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROGRAM, KEY, emulator.base_url, str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("number", [0, 1, pytest.param(2, marks=pytest.mark.soak)])
async def test_a_run_killed_at_any_moment_is_continued(
    client: AsyncChatKit, emulator: Emulator, path: Path, number: int
) -> None:
    chance = random.Random(number)
    emulator.seed(threads=[*seed(150, items=chance.randrange(1, 9)), *seed(151, items=1100)[150:]])
    for _ in range(2):
        process = start(emulator, path)
        time.sleep(chance.random() * 0.4)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if path.exists() and path.stat().st_size:
            assert path.stat().st_mode & 0o777 == 0o600
    report = await archive(client, path)
    assert report.is_complete
    assert_equals_api(path, emulator)
    assert not path.with_name(f"{path.name}.lock").exists()


async def test_another_process_is_named_while_it_works_and_blocks_nothing_once_it_is_dead(
    client: AsyncChatKit, emulator: Emulator, path: Path
) -> None:
    emulator.seed(threads=seed(3))
    emulator.add_faults(Fault(method="GET", path="/items", delay=20, times=3))
    process = start(emulator, path)
    while not (path.exists() and len(emulator.requests()) > 3):
        time.sleep(0.01)
    with pytest.raises(ArchiveError, match=rf"is in use by process {process.pid} on \S+ since 20"):
        await archive(client, path)
    with Archive(path) as held:  # readers need no turn
        assert held.info.last_run == "running"
        assert held.info.incomplete_threads == ("cthr_0", "cthr_1", "cthr_2")
    process.kill()
    process.communicate()
    assert path.with_name(f"{path.name}.lock").exists()
    assert (await archive(client, path)).is_complete
    assert_equals_api(path, emulator)
