"""A forked child leaves the state file to its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from chatkit_async.emulator import Emulator

# The child exits normally, which closes its files; the parent continues and is killed.
FORKING = """
import asyncio, os, signal, sys
from chatkit_async import ConfigurationError
from chatkit_async.emulator import Emulator

async def main():
    async with Emulator(state=sys.argv[1]) as emulator:
        emulator.seed(sessions=[{"id": "before"}])
        child = os.fork()
        if child == 0:
            try:
                emulator.seed(sessions=[{"id": "of the child"}])
            except ConfigurationError as error:
                print(error, flush=True)
            return
        os.waitpid(child, 0)
        emulator.seed(sessions=[{"id": "after"}])
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_the_parent_loses_nothing_when_a_forked_child_ends(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    command = [sys.executable, "-W", "ignore", "-c", FORKING, str(path)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=50, check=False, cwd=Path(__file__).parents[2]
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert "in use by another emulator" in done.stdout
    assert [session["id"] for session in Emulator(state=path).sessions()] == ["before", "after"]
