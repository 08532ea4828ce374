"""A person's request for erasure: sessions end first, and no thread is left."""

from __future__ import annotations

import json
from typing import Any

from chatkit_async import AsyncChatKit
from chatkit_async.broker import AsyncSessionBroker
from chatkit_async.bulk import Progress, erase_user
from chatkit_async.emulator import Emulator, Fault

from .helpers import ids, of_users, thread


async def test_erasing_a_user_ends_sessions_first_and_leaves_nothing(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.seed(threads=of_users(30, 2))
    async with AsyncSessionBroker(client, workflow="wf_1") as broker:
        live = await broker.secret_for("u1")
        other = await broker.secret_for("u0")
        report = await erase_user(broker, client, "u1")
    assert report.sessions == (live.session_id,)
    assert (report.failed_sessions, report.left) == ((), ())
    assert report.is_complete == report.is_revocation_complete
    assert [one.count("deleted") for one in report.erasures] == [15]
    assert {one["id"]: one["status"] for one in emulator.sessions()} == {
        live.session_id: "cancelled",
        other.session_id: "active",
    }
    assert len(ids(emulator)) == 15
    paths = [request.path for request in emulator.requests()]
    assert paths.index(f"/v1/chatkit/sessions/{live.session_id}/cancel") < paths.index("/v1/chatkit/threads")
    assert json.loads(json.dumps(report.to_dict()))["erasures"][0]["counts"]["deleted"] == 15


async def test_a_session_made_while_a_user_is_erased_is_ended_and_its_threads_go_too(
    client: AsyncChatKit, emulator: Emulator
) -> None:
    import asyncio

    emulator.seed(threads=of_users(30, 2))
    async with AsyncSessionBroker(client, workflow="wf_1") as broker:
        comes_back: list[asyncio.Task[Any]] = []

        def come_back(progress: Progress) -> None:
            if progress.stage == "deleting" and not comes_back:
                comes_back.append(asyncio.create_task(broker.secret_for("u1")))
                emulator.seed(threads=[{"thread": thread(500, user="u1", created_at=1_800_000_000)}])

        report = await erase_user(broker, client, "u1", on_progress=come_back)
        live = await comes_back[0]
    assert report.sessions == (live.session_id,)
    assert len(report.erasures) == 2
    assert report.left == ()
    assert [one for one in emulator.threads() if one["user"] == "u1"] == []


async def test_erasing_a_user_says_what_is_left(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.seed(threads=of_users(4, 1))
    emulator.add_faults(Fault(method="DELETE", path="/cthr_2", status=400, times="always"))
    async with AsyncSessionBroker(client, workflow="wf_1") as broker:
        report = await erase_user(broker, client, "u0")
    assert not report.is_complete
    assert report.left == ("cthr_2",)
