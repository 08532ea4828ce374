"""Malformed HTTP counts as a lost response, and its content shows nowhere."""

from __future__ import annotations

import asyncio
import gc
import logging
import pickle
import traceback

import pytest

from chatkit_async import APIConnectionError, APIResponseValidationError

from .helpers import connections_in_use, create, made, raised
from .raw import always, raw_server

pytestmark = pytest.mark.transport

BODY = b'{"id": "cksess_1", "client_secret": "ek_THE_SECRET"}'
JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
MALFORMED = {
    "a chunk longer than it says": JSON + b"Transfer-Encoding: chunked\r\n\r\n5\r\n" + BODY + b"\r\n0\r\n\r\n",
    "no chunk size": JSON + b"Transfer-Encoding: chunked\r\n\r\n" + BODY,
    "a body in place of the head": BODY + b"\r\n\r\n",
    "a header line that is none": JSON + BODY + b"\r\n\r\n",
    "a length that is none": JSON + b"Content-Length: " + BODY + b"\r\n\r\n",
}


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
async def test_the_content_of_a_malformed_response_is_in_no_text_traceback_or_log(
    content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with raw_server(always(content, then_close=True)) as server, made(server.base_url, max_retries=0) as client:
        error = await raised(APIConnectionError, create(client))
    assert error.outcome == "unknown"
    shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format(chain=True))
    logging.getLogger("app").error("failed", exc_info=error)
    texts = [
        str(error),
        repr(error),
        "".join(traceback.format_exception(error)),
        caplog.text,
        repr(pickle.dumps(error)),
    ]
    assert not [text for text in texts if "THE_SECRET" in text]
    ours = [part for part in shown.split("  File ") if "/chatkit_async/" in part.partition("\n")[0]]
    assert ours
    assert not [part for part in ours if "THE_SECRET" in part]


@pytest.mark.usefixtures("both_paths")
async def test_a_server_that_wants_to_switch_protocols_is_left() -> None:
    asyncio.get_running_loop().set_debug(True)  # aiohttp then says which response was not closed, and the test fails
    switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: another\r\nConnection: upgrade\r\n\r\n"
    async with raw_server(always(switch)) as server, made(server.base_url) as client:
        await raised(APIResponseValidationError, create(client))
        assert connections_in_use(client) == 0
        await server.until(lambda known: known.open_connections == 0)
        gc.collect()
