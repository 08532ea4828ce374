"""The blocking twins of the bulk jobs."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatkit_async import AsyncChatKit, ChatKit, ConfigurationError
from chatkit_async.broker import SessionBroker
from chatkit_async.bulk import Archive, Progress
from chatkit_async.bulk.blocking import archive, erase, erase_user, retain
from chatkit_async.emulator import Emulator

from ..conftest import KEY
from .conftest import QUICK
from .helpers import assert_equals_api, seed


@pytest.fixture
def blocking_client(emulator: Emulator) -> Iterator[ChatKit]:
    with ChatKit(KEY, base_url=emulator.base_url, retry_policy=QUICK) as made:
        yield made


def test_the_twins_do_what_the_coroutines_do(blocking_client: ChatKit, emulator: Emulator, path: Path) -> None:
    emulator.seed(threads=[*seed(8, user="u1"), *seed(20, user="u2")[8:]])
    assert archive(blocking_client, path).is_complete
    assert_equals_api(path, emulator)
    assert erase(blocking_client, user="u1", archived_in=path).count("deleted") == 8
    with SessionBroker(blocking_client, workflow="wf_1") as broker:
        live = broker.secret_for("u2")
        report = erase_user(broker, blocking_client, "u2")
    assert report.sessions == (live.session_id,)
    assert emulator.threads() == []
    assert retain(blocking_client, older_than=1).is_complete


def test_an_async_client_is_refused_by_name(path: Path) -> None:
    with pytest.raises(ConfigurationError, match="archive takes a ChatKit, not AsyncChatKit"):
        archive(AsyncChatKit(KEY), path)  # type: ignore[arg-type]


def test_ctrl_c_leaves_a_file_that_can_be_continued(blocking_client: ChatKit, emulator: Emulator, path: Path) -> None:
    emulator.seed(threads=seed(300))
    has_interrupted = False

    def interrupt(progress: Progress) -> None:
        nonlocal has_interrupted
        if progress.done > 3 and not has_interrupted:
            has_interrupted = True
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        archive(blocking_client, path, on_progress=interrupt)
    with Archive(path) as held:
        assert held.info.last_run == "interrupted"
    assert archive(blocking_client, path).is_complete
    assert_equals_api(path, emulator)
