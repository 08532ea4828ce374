"""Requests and responses as bytes, written by hand; in the order of their numbers, against one emulator."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chatkit_async.emulator import Emulator
from tests.emulator.raw import raw_response

REQUESTS = sorted((Path(__file__).parent / "golden").glob("*.request"))
# They change with the machine, the version and the time it took.
UNPREDICTABLE = (b"server:", b"connection:", b"x-request-id:", b"openai-processing-ms:")


def wire_bytes(path: Path) -> bytes:
    """The file as it goes over the wire: the head's lines end in CRLF, the last newline is not part of the body."""
    head, _, body = path.read_bytes().removesuffix(b"\n").partition(b"\n\n")
    return head.replace(b"\n", b"\r\n") + b"\r\n\r\n" + body


def comparable(response: bytes) -> tuple[bytes, set[bytes], bytes]:
    """Status line, header lines in any order, body."""
    head, _, body = response.partition(b"\r\n\r\n")
    status_line, *lines = head.split(b"\r\n")
    return status_line, {line for line in lines if not line.lower().startswith(UNPREDICTABLE)}, body


@pytest.fixture
async def golden() -> AsyncIterator[Emulator]:
    numbers = itertools.count(1)
    async with Emulator(
        api_keys=["sk-golden"], read_clock=lambda: 1_700_000_000.0, new_token=lambda: f"{next(numbers):048d}"
    ) as emulator:
        yield emulator


@pytest.mark.parametrize("path", REQUESTS, ids=lambda path: path.stem)
async def test_the_response_is_the_golden_one(golden: Emulator, path: Path) -> None:
    for earlier in REQUESTS[: REQUESTS.index(path)]:
        await raw_response(golden.base_url, wire_bytes(earlier))
    response = await raw_response(golden.base_url, wire_bytes(path))
    assert comparable(response) == comparable(wire_bytes(path.with_suffix(".response")))
