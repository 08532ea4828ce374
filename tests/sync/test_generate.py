"""The generator of the blocking twins."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from chatkit_async._sync import generate
from chatkit_async._sync.blocking import module
from chatkit_async._sync.source import Source
from chatkit_async._sync.twins import TWINS, Twin

from .running import CHECKOUT

PYTHONS = [path for path in (Path.home() / ".pyenv" / "versions").glob("3.1[1-9]*/bin/python") if path.exists()]

THINGS = '''"""`client.things`."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from functools import cached_property
from typing import TYPE_CHECKING, Self, overload

from .._core.options import RequestOptions
from .listing import AsyncListing
from .sessions import AsyncSessions

if TYPE_CHECKING:
    from .client import AsyncChatKit
    from .things import Thing

LIMIT = 20


class AsyncThings:
    """Things, reached as `client.things`."""

    def __init__(self, client: AsyncChatKit) -> None:
        self._client = client

    @overload
    async def get(self, /, name: str) -> Thing: ...

    @overload
    async def get(self, /, *, number: int) -> Thing: ...

    async def get(self, /, name: str = "", *others: str, number: int = LIMIT, **more: object) -> Thing:
        """One thing.

        Example:
            thing = await client.things.get("x")
        """
        return await self._client._send(name, number)

    def list(self, user: Sequence[
        str,
    ], *, options: RequestOptions | None = None) -> AsyncListing[Thing]:
        """All things: `async for thing in client.things.list()`."""
        return AsyncListing(self)

    def open(self, *, ssl: ssl.SSLContext) -> AbstractAsyncContextManager[Thing]:
        return self._open(ssl)

    @cached_property
    def sessions(self) -> AsyncSessions:
        """Sessions."""
        return AsyncSessions(self._client)

    def with_options(self, *, options: RequestOptions) -> Self:
        """A copy."""
        return self

    async def _hidden(self) -> None:
        pass
'''

BLOCKING_THINGS = '''# Generated from chatkit_async/_async/things.py by `python -m chatkit_async._sync.generate`.
# Edit that file and generate again: changes made here are lost.
"""`client.things`."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from typing import TYPE_CHECKING, Self, overload

from .._async.things import LIMIT, AsyncThings
from .._core.options import RequestOptions
from .channel import Channel
from .listing import Listing

if TYPE_CHECKING:
    from .._async.things import Thing
    from .sessions import Sessions


class Things:
    """Things, reached as `client.things`."""

    def __init__(self, asynchronous: AsyncThings, channel: Channel) -> None:
        self._async = asynchronous
        self._channel = channel

    @overload
    def get(self, /, name: str) -> Thing: ...

    @overload
    def get(self, /, *, number: int) -> Thing: ...

    def get(self, /, name: str = "", *others: str, number: int = LIMIT, **more: object) -> Thing:
        """One thing.

        Example:
            thing = client.things.get("x")
        """
        return self._channel.call(self._async.get, name, *others, number=number, **more)

    def list(self, user: Sequence[str], *, options: RequestOptions | None = None) -> Listing[Thing]:
        """All things: `for thing in client.things.list()`."""
        return Listing(self._channel, self._async.list, user, options=options)

    def open(self, *, ssl: ssl.SSLContext) -> AbstractContextManager[Thing]:
        return self._channel.enter(self._async.open, ssl=ssl)

    @cached_property
    def sessions(self) -> Sessions:
        """Sessions."""
        from .sessions import Sessions  # noqa: PLC0415 - loaded by who uses it

        return Sessions(self._async.sessions, self._channel)

    def with_options(self, *, options: RequestOptions) -> Self:
        """A copy."""
        return self._channel.copy(type(self), self._async.with_options, options=options)
'''

UNKNOWN = {
    "a property": "    @property\n    def size(self) -> int:\n        return 1\n",
    "a plain method": "    def size(self) -> int:\n        return 1\n",
    "an async generator": "    async def each(self) -> AsyncIterator[int]:\n        yield 1\n",
    "a decorated coroutine": "    @cached\n    async def size(self) -> int:\n        return 1\n",
    "a class attribute": "    size = 1\n",
    "a method that says not what it returns": "    def size(self):\n        return 1\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of what the generator reads and writes."""
    for path in {path for twin in TWINS for path in (twin.source, twin.target)}:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        shutil.copy(generate.FOLDER / path, tmp_path / path)
    return tmp_path


@pytest.mark.checkout
def test_the_checked_in_twins_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"]) == 0, capsys.readouterr().out


def test_every_kind_of_member_has_its_twin(monkeypatch: pytest.MonkeyPatch) -> None:
    twin = Twin("_async/things.py", "_sync/things.py", "AsyncThings", "resource")
    monkeypatch.setattr("chatkit_async._sync.blocking.TWINS", (*TWINS, twin))
    assert module(Source(twin.source, THINGS), twin) == BLOCKING_THINGS


@pytest.mark.parametrize("kind", UNKNOWN)
def test_an_unknown_kind_of_member_is_refused_with_its_place(
    kind: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "_async/sessions.py"
    text = path.read_text()
    path.write_text(f"{text}\n{UNKNOWN[kind]}")
    before = (folder / "_sync/sessions.py").read_text()
    assert generate.main([], folder) == 1
    line = text.count("\n") + 2 + (UNKNOWN[kind].count("@"))
    assert f"chatkit_async/_async/sessions.py:{line}: " in capsys.readouterr().err
    assert (folder / "_sync/sessions.py").read_text() == before


def test_a_stale_twin_is_shown_and_then_written_anew(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "_async/sessions.py"
    path.write_text(path.read_text().replace("Cancel a session: its", "Cancel one session: its"))
    assert generate.main(["--check"], folder) == 1
    shown = capsys.readouterr().out
    assert '-        """Cancel a session: its' in shown
    assert '+        """Cancel one session: its' in shown
    assert "1 stale" in shown
    assert generate.main([], folder) == 0
    assert generate.main(["--check"], folder) == 0


def test_a_missing_twin_is_stale(folder: Path) -> None:
    (folder / "_sync/client.py").unlink()
    assert generate.main(["--check"], folder) == 1
    assert generate.main([], folder) == 0
    assert (folder / "_sync/client.py").read_text() == (generate.FOLDER / "_sync/client.py").read_text()


def test_a_phrase_that_nobody_says_any_more_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "_async/client.py"
    path.write_text(path.read_text().replace("REST API, awaited", "REST API, polled"))
    assert generate.main([], folder) == 1
    assert "'REST API, awaited'" in capsys.readouterr().err


@pytest.mark.checkout
@pytest.mark.parametrize("python", PYTHONS, ids=lambda path: path.parents[1].name)
def test_every_python_writes_the_same(python: Path) -> None:
    command = [
        str(python),
        "-I",
        "-c",
        "import sys; sys.path.insert(0, '.'); import runpy; runpy.run_module(sys.argv.pop(1), run_name='__main__')",
    ]
    done = subprocess.run(
        [*command, "chatkit_async._sync.generate", "--check"],
        cwd=CHECKOUT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
