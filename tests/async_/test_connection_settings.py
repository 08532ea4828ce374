"""Invalid connection settings are refused when the client is made, or at its first call."""

from __future__ import annotations

import traceback
from typing import Any

import pytest

from chatkit_async import AsyncChatKit, ChatKit, ConfigurationError
from chatkit_async.emulator import Emulator
from tests.conftest import KEY


class Unspeakable:
    def __repr__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"max_connections": 0}, "max_connections"),
        ({"max_connections": True}, "max_connections"),
        ({"max_connections": 1.5}, "max_connections"),
        ({"max_connections": -(10**5000)}, "max_connections"),
        ({"max_connections": Unspeakable()}, "max_connections"),
        ({"middlewares": Unspeakable()}, "middlewares"),
        ({"middlewares": ["no function"]}, "middlewares"),
        ({"trace_configs": "no list"}, "trace_configs"),
        ({"trace_configs": [5]}, "trace_configs"),
        ({"http_session": "http://127.0.0.1"}, "http_session"),
        ({"proxy": Unspeakable()}, "proxy"),
    ],
)
def test_a_client_with_such_settings_is_not_made(settings: dict[str, Any], name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name}: "):
        AsyncChatKit(KEY, **settings)


async def test_what_aiohttp_takes_for_no_ssl_is_refused_at_the_first_call(emulator: Emulator) -> None:
    async with AsyncChatKit(KEY, base_url=emulator.base_url, ssl="off") as client:  # type: ignore[arg-type]
        with pytest.raises(ConfigurationError, match=r"^ssl: "):
            await client.sessions.cancel("cksess_1")
    assert emulator.requests() == []


def test_headers_given_to_a_blocking_client_are_in_no_traceback() -> None:
    try:
        ChatKit(KEY, default_headers={"X-Api-Key": "hidden-treasure"}, max_retries=-1)
    except ConfigurationError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    ours = [part for part in shown.split("  File ") if "chatkit_async/" in part.splitlines()[0]]
    assert ours
    assert not [part for part in ours if "hidden-treasure" in part]
