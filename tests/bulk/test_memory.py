"""What a run holds does not grow with the number of threads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from chatkit_async.emulator import Emulator

from ..conftest import KEY
from .helpers import seed

PROGRAM = """
import asyncio, sys, tracemalloc
from chatkit_async import AsyncChatKit
from chatkit_async.bulk import archive

async def peak(client, path, user):
    tracemalloc.reset_peak()
    report = await archive(client, f"{path}.{user}", user=user)
    assert report.is_complete, report
    return tracemalloc.get_traced_memory()[1] // 1024

async def main(key, url, path):
    tracemalloc.start()
    async with AsyncChatKit(key, base_url=url) as client:
        print(*[await peak(client, path, user) for user in ("few", "few", "many")])

asyncio.run(main(*sys.argv[1:]))
"""


def test_archiving_many_threads_takes_no_more_memory_than_a_few(emulator: Emulator, path: Path) -> None:
    emulator.seed(threads=[*seed(150, items=20, user="few"), *seed(650, items=20, user="many")[150:]])
    command = [sys.executable, "-c", PROGRAM, KEY, emulator.base_url, str(path)]
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    _, few_kib, many_kib = map(int, found.split())
    assert many_kib < 1.5 * few_kib
