"""What a program imports before its first response, counted in modules; times are never asserted."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatkit_async.emulator import Emulator

ROOT = Path(__file__).parents[1]
NAMES = "AsyncChatKit, ChatKit, ChatSession"
THREADS = {"content", "items", "page", "thread", "thread_operations", "unknown"}  # modules that describe threads
NETWORK = {"aiohttp", "anyio", "cattrs"}

CREATE = {
    "async": """
import asyncio
from chatkit_async import AsyncChatKit
async def main():
    async with AsyncChatKit() as client:
        await client.sessions.create(user="ada", workflow="wf_1")
asyncio.run(main())
""",
    "blocking": """
from chatkit_async import ChatKit
with ChatKit() as client:
    client.sessions.create(user="ada", workflow="wf_1")
""",
}


@pytest.fixture(scope="module")
def server() -> Iterator[Emulator]:
    with Emulator.in_thread() as emulator:
        yield emulator


def printed(code: str, base_url: str = "http://127.0.0.1:9/v1") -> str:
    """What a program prints, run without coverage, which imports modules of its own."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    env |= {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": base_url}
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def imported(code: str, base_url: str = "http://127.0.0.1:9/v1") -> set[str]:
    """The modules that a program imports, beyond those of a bare interpreter."""
    before, after = "import sys; bare = set(sys.modules)", "print('modules', *(set(sys.modules) - bare))"
    return set(printed(f"{before}\n{code}\n{after}", base_url).rpartition("modules ")[2].split())


def ours(modules: set[str]) -> set[str]:
    return {name for name in modules if name.startswith("chatkit_async.")}


def other_peoples(modules: set[str]) -> set[str]:
    """The packages that neither we nor Python brought."""
    roots = {name.partition(".")[0] for name in modules if not name.startswith("_")}
    return roots - {*sys.stdlib_module_names, "chatkit_async", "cython_runtime"}


def about_threads(modules: set[str]) -> set[str]:
    names = {f"chatkit_async.types.{name}" for name in THREADS} | {"chatkit_async._core.thread_rows"}
    return modules & (names | {"chatkit_async._async.threads", "chatkit_async._sync.threads"})


def test_both_clients_and_the_session_come_without_any_network_library() -> None:
    modules = imported(f"from chatkit_async import {NAMES}")
    assert other_peoples(modules) <= {"attr", "attrs", "orjson"}
    assert not {"email", "http", "random"} & {name.partition(".")[0] for name in modules}


def test_both_clients_and_the_session_are_at_most_48_files_of_ours_and_none_is_about_threads() -> None:
    modules = imported(f"from chatkit_async import {NAMES}")
    assert about_threads(modules) == set()
    assert len(ours(modules)) <= 48  # 42 when this was written


def test_a_client_with_both_resources_is_made_without_any_network_library() -> None:
    code = f"from chatkit_async import {NAMES}\nfor kind in (AsyncChatKit, ChatKit):\n    client = kind()\n"
    modules = imported(f"{code}    client.sessions, client.threads")
    assert {"chatkit_async._async.threads", "chatkit_async._sync.threads"} <= modules
    assert modules.isdisjoint(NETWORK)


@pytest.mark.parametrize("half", CREATE)
def test_a_program_that_creates_a_session_loads_no_threads_and_anyio_only_for_the_blocking_loop(
    server: Emulator, half: str
) -> None:
    modules = imported(CREATE[half], server.base_url)
    assert "aiohttp" in modules
    assert about_threads(modules) == set()
    assert ("anyio" in modules) == (half == "blocking")
    assert len(ours(modules)) <= 62  # 56 when this was written


def test_help_is_at_most_12_files_of_ours_beside_click() -> None:
    code = "from chatkit_async.__main__ import main\nsys.argv[1:] = ['--help']\n"
    modules = imported(f"{code}try:\n    main()\nexcept SystemExit as done:\n    assert not done.code")
    assert other_peoples(modules) == {"click"}
    assert len(ours(modules)) <= 12  # 10 when this was written


COUNTED = """
import asyncio, ssl
from chatkit_async import AsyncChatKit, ChatKit
from chatkit_async._core import codec
made = []
make = ssl.SSLContext.__new__
ssl.SSLContext.__new__ = lambda cls, *given, **named: made.append(cls) or make(cls, *given, **named)
before = len(made)
clients = [AsyncChatKit() for _ in range(3)], [ChatKit() for _ in range(3)]
unused = len(made)

async def main():
    for client in clients[0]:
        async with client:
            await client.sessions.create(user="ada", workflow="wf_1")

asyncio.run(main())
first = len(made)
for client in clients[1]:
    with client:
        client.sessions.create(user="ada", workflow="wf_1")
print(unused, first > 0, len(made) - first)
"""


def test_tls_contexts_are_made_at_the_first_call_of_the_process_and_never_again(server: Emulator) -> None:
    assert printed(COUNTED, server.base_url).split() == ["0", "True", "0"]


def test_the_converter_is_made_at_the_first_response_of_the_process_and_never_again(server: Emulator) -> None:
    code = f"""
from chatkit_async import ChatKit, AsyncChatKit
import cattrs
made, make = [], cattrs.Converter.__init__
def counted(self, *given, **named):
    made.append(self)
    make(self, *given, **named)
cattrs.Converter.__init__ = counted
clients = [ChatKit() for _ in range(3)]
print(len(made))
for client in clients:
    with client:
        client.sessions.create(user="ada", workflow="wf_1")
        client.threads.list()
{CREATE["async"]}
print(len(made))
"""
    assert printed(code, server.base_url).split() == ["0", "1"]
