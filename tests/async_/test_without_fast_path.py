"""Without the folder `_fast_path`, the client loses only speed. `pytest --public-way` runs the other tests that way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import chatkit_async
from chatkit_async.emulator import Emulator, Fault

from ..conftest import KEY

PROGRAM = """
import asyncio, sys
import chatkit_async
from chatkit_async import APIStatusError, AsyncChatKit, ChatKit
assert chatkit_async.__file__.startswith(FOLDER), chatkit_async.__file__

async def main():
    async with AsyncChatKit(KEY, base_url=BASE_URL) as client:
        sessions = await asyncio.gather(*(client.sessions.create(user="u1", workflow="wf_1") for _ in range(5)))
        assert len({session.id for session in sessions}) == 5
        retried = await client.sessions.create(user="u1", workflow="wf_1")
        assert retried.response.attempts == 2, retried.response
        assert (await client.sessions.cancel(retried.id)).status == "cancelled"
        assert [thread async for thread in client.threads.list()] == []
        try:
            await client.threads.retrieve("cthr_missing")
        except APIStatusError as error:
            assert error.status == 404

asyncio.run(main())
with ChatKit(KEY, base_url=BASE_URL) as client:
    client.sessions.create(user="u1", workflow="wf_1")
assert not [name for name in sys.modules if "_fast_path" in name]
print("done")
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package without the folder."""
    package = tmp_path / "chatkit_async"
    shutil.copytree(Path(chatkit_async.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.rmtree(package / "_async" / "_fast_path")
    return tmp_path


def test_both_clients_work_without_the_folder(copy: Path, emulator: Emulator) -> None:
    emulator.add_faults(Fault(status=503, path="/chatkit/sessions", skip=5))
    head = f"FOLDER, KEY, BASE_URL = {str(copy)!r}, {KEY!r}, {emulator.base_url!r}\n"
    env = {**os.environ, "PYTHONPATH": str(copy)}
    command = [sys.executable, "-W", "error", "-c", head + PROGRAM]
    done = subprocess.run(command, cwd=copy, env=env, capture_output=True, text=True, timeout=50, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("done\n", "", 0)
