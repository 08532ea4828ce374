"""vcrpy records calls of both clients, and plays them without a server, as it does for bare aiohttp."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import vcr
import yaml

from chatkit_async import AsyncChatKit, ChatKit, ChatSession
from chatkit_async.emulator import Emulator

from ..conftest import KEY

pytestmark = pytest.mark.transport


async def create(base_url: str, **settings: Any) -> ChatSession:
    async with AsyncChatKit(KEY, base_url=base_url, **settings) as client:
        session = await client.sessions.create(user="u1", workflow="wf_1")
        assert [thread async for thread in client.threads.list()] == []
        return session


async def create_blocking(base_url: str, **settings: Any) -> ChatSession:
    with ChatKit(KEY, base_url=base_url, in_event_loop="allow", **settings) as client:
        session = client.sessions.create(user="u1", workflow="wf_1")
        assert list(client.threads.list()) == []
        return session


HALVES = pytest.mark.parametrize("create", [create, create_blocking], ids=["async", "blocking"])


@HALVES
async def test_a_recorded_call_plays_without_a_server(
    emulator: Emulator, tmp_path: Path, create: Callable[..., Any]
) -> None:
    cassette = tmp_path / "calls.yaml"
    with vcr.use_cassette(cassette, filter_headers=["authorization"]):
        recorded = await create(emulator.base_url)
    assert KEY not in cassette.read_text()
    emulator.reset()
    with vcr.use_cassette(cassette, record_mode="none", filter_headers=["authorization"]):
        assert await create(emulator.base_url) == recorded
    assert emulator.requests() == []


@HALVES
async def test_every_recorded_header_is_a_plain_string(
    emulator: Emulator, tmp_path: Path, create: Callable[..., Any]
) -> None:
    cassette = tmp_path / "calls.yaml"
    with vcr.use_cassette(cassette):
        await create(emulator.base_url, organization="org_1", default_headers={"x-api-key": "hush"})
    requests = yaml.safe_load(cassette.read_text())["interactions"]
    assert requests[0]["request"]["headers"]["authorization"] == [f"Bearer {KEY}"]
    assert requests[0]["request"]["headers"]["x-api-key"] == ["hush"]
