"""Adding an operation, tried on a copy of the package: one follows the list of `test_operations` to its end."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
COPIED = ("chatkit_async", "docs", "tests", "pyproject.toml", "README.md")

PARAMS = '''

@attrs.frozen(kw_only=True, repr=False)
class ThreadUpdateParams(Params):
    """Parameters of `threads.update`: the thread's id in the path, its title in the body."""

    thread_id: str = attrs.field(converter=path_segment)
    title: str = attrs.field(converter=path_segment)
'''
ROW = """
UPDATE_THREAD = Operation(
    name="threads.update",
    method="POST",
    path="/chatkit/threads/{thread_id}",
    params=ThreadUpdateParams,
    result=ChatKitThread,
    repeatable=True,
)
"""
METHOD = '''
    async def update(self, thread_id: str, *, title: str, options: RequestOptions | None = None) -> ChatKitThread:
        """Change a thread's title."""
        return await self._caller.send(UPDATE_THREAD, ThreadUpdateParams(thread_id=thread_id, title=title), options)
'''
BEHAVIOUR = """

BEHAVIOURS = {**BEHAVIOURS, "threads.update": Behaviour(retrieve_thread, example_retrieve)}
"""
COMMAND = '''

@threads.command()
@click.argument("thread_id")
@click.option("--title", required=True)
def update(*, thread_id: str, title: str) -> None:
    """Change a thread's title."""
'''
TEST = """
def test_a_thread_gets_another_title(client, emulator):
    emulator.seed(threads=[{"thread": {"id": "cthr_1"}}])
    assert client.threads.update("cthr_1", title="New").id == "cthr_1"
"""
USE = """
from chatkit_async import ChatKit
from chatkit_async.emulator import Emulator
with Emulator.in_thread() as emulator, ChatKit("sk-test", base_url=emulator.base_url, max_retries=0) as client:
    emulator.seed(threads=[{"thread": {"id": "cthr_1"}}])
    print(client.threads.update("cthr_1", title="New").id)
"""
SEND = """
from chatkit_async import ChatKit
from chatkit_async.emulator import Emulator
with Emulator.in_thread() as emulator, ChatKit("sk-test", base_url=emulator.base_url, max_retries=0) as client:
    client.sessions.create(user="u", workflow="wf_1")
    client.request("POST", "/chatkit/threads/cthr_1", body={"title": "New"})
"""
MISSING = """
from tests.test_operations import OPERATIONS, missing
print(*[line for operation in OPERATIONS for line in missing(operation)], sep="\\n")
"""


class Copy:
    """The package, its tests and documents in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in COPIED:
            source, target = ROOT / name, folder / name
            if source.is_dir():
                shutil.copytree(source, target)
            else:
                shutil.copy(source, target)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder)},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    def missing(self) -> list[str]:
        done = self.run("-c", MISSING)
        assert done.returncode == 0, done.stderr
        return done.stdout.split("\n")[:-1] if done.stdout.strip() else []

    def append(self, path: str, text: str) -> None:
        with (self.folder / path).open("a", encoding="utf-8") as file:
            file.write(text)

    def insert(self, path: str, after: str, text: str) -> None:
        old = (self.folder / path).read_text()
        assert after in old, path
        (self.folder / path).write_text(old.replace(after, after + text, 1))

    def add_params_and_row(self) -> None:
        self.append("chatkit_async/types/thread_operations.py", PARAMS)
        self.insert("chatkit_async/_core/thread_rows.py", "    ThreadRetrieveParams,\n", "    ThreadUpdateParams,\n")
        self.append("chatkit_async/_core/thread_rows.py", ROW)

    def add_method(self) -> None:
        path = "chatkit_async/_async/threads.py"
        self.insert(path, "    ThreadRetrieveParams,\n", "    ThreadUpdateParams,\n")
        self.insert(path, "from .._core.thread_rows import ", "UPDATE_THREAD, ")
        self.insert(path, "        self._caller = caller\n", METHOD)

    def generate(self) -> None:
        done = self.run("-m", "chatkit_async._sync.generator")
        assert done.returncode == 0, done.stderr

    def export(self) -> None:
        path, name = "chatkit_async/__init__.py", "ThreadUpdateParams"
        self.insert(path, "if TYPE_CHECKING:\n", f"    from .types.thread_operations import {name} as {name}\n")
        self.generate()

    def document(self) -> None:
        path = self.folder / "tests/openapi-chatkit.json"
        document: dict[str, Any] = json.loads(path.read_text())
        paths = document["paths"]["/chatkit/threads/{thread_id}"]
        paths["post"] = {**paths["get"], "operationId": "UpdateThreadMethod"}
        path.write_text(json.dumps(document))


def steps(copy: Copy) -> dict[str, Callable[[], None]]:
    """How each line of the list is settled, by the file it names."""
    behaviours = "chatkit_async/emulator/_behaviours.py"
    return {
        "chatkit_async/_async/threads.py": copy.add_method,
        "chatkit_async/_sync/threads.py": copy.generate,
        "chatkit_async/__init__.py": copy.export,
        behaviours: lambda: copy.append(behaviours, BEHAVIOUR),
        "chatkit_async/cli/threads.py": lambda: copy.append("chatkit_async/cli/threads.py", COMMAND),
        "tests/openapi-chatkit.json": copy.document,
        "tests": lambda: copy.append("tests/sync/test_twin.py", TEST),
        "README.md or docs": lambda: copy.append("README.md", '\n    client.threads.update("cthr_1", title="New")\n'),
    }


@pytest.mark.slow
@pytest.mark.checkout
@pytest.mark.timeout(300)
def test_a_new_operation_is_whole_when_each_line_of_the_list_is_settled(tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    assert copy.missing() == []
    copy.add_params_and_row()
    files = [line.partition(": ")[0] for line in copy.missing()]
    assert files == list(steps(copy))
    collected = copy.run("-m", "pytest", "--collect-only", "-q", "tests/core", "tests/emulator", "tests/threads")
    assert collected.returncode == 0, collected.stdout[-2000:]
    assert "501" in copy.run("-c", SEND).stderr
    for file in files:
        steps(copy)[file]()
    assert copy.missing() == []
    used = copy.run("-c", USE)
    assert used.stdout == "cthr_1\n", used.stderr
