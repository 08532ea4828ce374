"""Keys, client secrets and users stay out of error texts, tracebacks with locals, and logs."""

from __future__ import annotations

import asyncio
import gc
import logging
import pickle
import traceback
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import chatkit_async
from chatkit_async import AsyncChatKit, RequestOptions
from chatkit_async.emulator import Emulator, Fault
from chatkit_async.errors import APIError, ConfigurationError

from .failures import FAILURES, KEY, SECRET, USER, Failure, by, client_of

pytestmark = pytest.mark.transport

OURS = str(Path(chatkit_async.__file__).parent)
HIDDEN = [KEY[:15], SECRET[:15], SECRET[-10:]]
each_failure = pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)


async def failed(emulator: Emulator, failure: Failure) -> Exception:
    try:
        await failure(emulator)
    except Exception as error:
        return error
    raise AssertionError("it succeeded")


def chain(error: BaseException) -> Iterator[BaseException]:
    """An error, its causes and contexts."""
    known: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        found = waiting.pop()
        if found is not None and found not in known:
            known.append(found)
            waiting += [found.__cause__, found.__context__]
            yield found


def locals_of_ours(error: BaseException) -> list[str]:
    """All names and values in our own frames, as a traceback with locals shows them."""
    shown = []
    for link in chain(error):
        for frame in traceback.TracebackException.from_exception(link, capture_locals=True).stack:
            if frame.filename.startswith(OURS) and not frame.filename.startswith(f"{OURS}/emulator"):
                shown += [f"{frame.name}: {name} = {value}" for name, value in (frame.locals or {}).items()]
    return shown


@each_failure
async def test_a_traceback_with_locals_shows_neither_key_nor_secret(emulator: Emulator, failure: Failure) -> None:
    shown = locals_of_ours(await failed(emulator, failure))
    assert shown
    assert [line for line in shown if any(part in line for part in HIDDEN)] == []


@each_failure
async def test_the_text_of_an_error_has_neither_key_nor_secret(emulator: Emulator, failure: Failure) -> None:
    error = await failed(emulator, failure)
    texts = [f"{link} {link!r}" for link in chain(error)]
    if isinstance(error, APIError):
        texts += [repr(vars(error)), repr(error.public()), str(pickle.loads(pickle.dumps(error)).__reduce__())]
    assert [text for text in texts if any(part in text for part in HIDDEN)] == []


@each_failure
async def test_logs_have_neither_body_nor_key_nor_secret_nor_user(
    emulator: Emulator, failure: Failure, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await failed(emulator, failure)
    records = [repr(vars(record)) for record in caplog.records if record.name == "chatkit_async"]
    assert [record for record in records if any(part in record for part in [*HIDDEN, USER, "wf_1"])] == []


@each_failure
async def test_an_error_is_in_no_reference_cycle(emulator: Emulator, failure: Failure) -> None:
    gc.collect()
    gc.disable()
    try:
        error = weakref.ref(await failed(emulator, failure))
        for _ in range(200):
            if error() is None:  # a worker thread lets go of what it raised a moment later
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"{error()!r} is still there")
    finally:
        gc.enable()


@each_failure
async def test_an_error_says_what_it_came_from(emulator: Emulator, failure: Failure) -> None:
    error = await failed(emulator, failure)
    for link in chain(error):
        if link.__context__ is not None:
            assert link.__suppress_context__ or link.__cause__ is not None or not isinstance(link, APIError)
    if isinstance(error, APIError) and error.response is None:
        assert error.__cause__ is not None


async def test_attempts_are_logged_with_their_facts(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "chatkit_async")
    emulator.add_faults(Fault(status=503))
    async with client_of(emulator) as client:
        await client.sessions.create(user=USER, workflow="wf_1")
    facts: list[Any] = [vars(record) for record in caplog.records if record.name == "chatkit_async"]
    assert [(fact["operation"], fact["attempt"], fact["status"]) for fact in facts] == [
        ("sessions.create", 1, 503),
        ("sessions.create", 2, 200),
    ]
    assert all(fact["levelno"] == logging.DEBUG and fact["elapsed_s"] >= 0 for fact in facts)


async def test_nothing_is_logged_above_debug(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    await failed(emulator, by(Fault(status=500, times=9)))
    gc.collect()
    assert [record for record in caplog.records if record.name == "chatkit_async" and record.levelno > 10] == []


CONFIGURED: dict[str, Callable[[], object]] = {
    "a broken key": lambda: AsyncChatKit(f"{KEY}\né"),
    "a copy's broken key": lambda: AsyncChatKit(KEY).with_options(api_key=f"{KEY}\né"),
    "a broken authorization": lambda: AsyncChatKit(default_headers={"authorization": f"Bearer {KEY}\né"}),
    "an option's broken authorization": lambda: RequestOptions(headers={"authorization": f"Bearer {KEY}\né"}),
    "a broken key of the environment": lambda: AsyncChatKit(),
    "a bad URL": lambda: AsyncChatKit(KEY, base_url="nowhere"),
    "a bad timeout": lambda: AsyncChatKit(KEY, timeout=-1),
    "a bad proxy": lambda: AsyncChatKit(KEY, proxy=f"socks5://u:{SECRET}@x.example"),
    "a copy's bad timeout": lambda: AsyncChatKit(KEY).with_options(timeout=-1),
}


@pytest.mark.parametrize("make", CONFIGURED.values(), ids=CONFIGURED)
def test_a_client_that_cannot_be_made_shows_no_key(monkeypatch: pytest.MonkeyPatch, make: Callable[[], object]) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\né" if make is CONFIGURED["a broken key of the environment"] else KEY)
    with pytest.raises(ConfigurationError) as caught:
        make()
    shown = [f"{caught.value} {caught.value!r}", *locals_of_ours(caught.value)]
    assert [line for line in shown if any(part in line for part in HIDDEN)] == []
