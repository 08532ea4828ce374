"""What stays in memory: counted in objects and bytes of Python's own, so that a run on any machine counts the same."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatkit_async.emulator import Emulator

ROOT = Path(__file__).parents[1]

CALLS = {
    "async": """
import asyncio
from chatkit_async import AsyncChatKit

async def main():
    async with AsyncChatKit() as client:
        async def call():
            return await client.sessions.create(user="ada", workflow="wf_1")
        await measured(call)

asyncio.run(main())
""",
    "blocking": """
from chatkit_async import ChatKit

with ChatKit() as client:
    def call():
        return client.sessions.create(user="ada", workflow="wf_1")
    measured(call)
""",
}

OBJECTS = """
import gc, sys

def objects():
    gc.collect()
    return len(gc.get_objects())

{keyword} measured(call):
    for _ in range(200):
        {wait} call()
    before = objects()
    for _ in range(1000):
        {wait} call()
    print(objects() - before, gc.garbage)
"""

BYTES = """
import gc, tracemalloc

def traced():
    gc.collect()
    return tracemalloc.get_traced_memory()[0]

{keyword} measured(call):
    for _ in range(20):
        {wait} call()
    tracemalloc.start()
    before = traced()
    held = []
    for _ in range(200):
        held.append({wait} call())
    print((traced() - before) // 200)
"""

CYCLES = """
import gc

{keyword} measured(call):
    for _ in range(20):
        {wait} call()
    gc.collect()
    gc.disable()
    for _ in range(100):
        {wait} call()
    print(gc.collect())
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Emulator]:
    with Emulator.in_thread() as emulator:
        yield emulator


def printed(what: str, half: str, server: Emulator) -> str:
    """What the measuring function prints of calls by the async or the blocking half."""
    measured = what.format(keyword="async def" if half == "async" else "def", wait="await" if half == "async" else "")
    return run_alone(measured + CALLS[half], server)


def run_alone(program: str, server: Emulator) -> str:
    """What a program prints, in a process that holds nothing else, and without coverage."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    env |= {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": server.base_url}
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("half", CALLS)
def test_a_thousand_calls_leave_no_objects_behind(server: Emulator, half: str) -> None:
    more, garbage = printed(OBJECTS, half, server).split()
    assert int(more) <= 20  # a few per thousand: what the event loop and the connection have just then
    assert garbage == "[]"


@pytest.mark.parametrize("half", CALLS)
def test_a_call_leaves_no_reference_cycle_to_the_garbage_collector(server: Emulator, half: str) -> None:
    assert int(printed(CYCLES, half, server)) <= 20  # a hundred calls with one cycle each would be hundreds


def test_a_held_session_takes_at_most_2400_bytes_with_its_response(server: Emulator) -> None:
    assert int(printed(BYTES, "async", server)) <= 2400  # 1750, and 500 more for the headers of the oldest multidict


PARTS = """
import json
from chatkit_async import ChatSession
from chatkit_async._core.codec import structure
document = json.dumps({
    "id": "cksess_1", "object": "chatkit.session", "client_secret": "ek_1", "expires_at": 1, "user": "ada",
    "status": "active", "max_requests_per_1_minute": 10, "rate_limits": {"max_requests_per_1_minute": 10},
    "workflow": {"id": "wf_1", "version": None, "state_variables": None, "tracing": {"enabled": True}},
    "chatkit_configuration": {
        "automatic_thread_titling": {"enabled": True}, "history": {"enabled": True, "recent_threads": None},
        "file_upload": {"enabled": False, "max_file_size": 512, "max_files": 10},
    },
})
measured(lambda: structure(json.loads(document), ChatSession))
"""


def test_a_held_session_without_its_response_takes_at_most_800_bytes(server: Emulator) -> None:
    assert int(run_alone(BYTES.format(keyword="def", wait="") + PARTS, server)) <= 800
