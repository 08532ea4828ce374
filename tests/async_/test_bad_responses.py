"""A 200 that is not what the API documents: each is one error of ours, with a masked body and the right outcome."""

from __future__ import annotations

import asyncio
import gzip
import pickle
import zlib
from collections.abc import Callable

import pytest

from chatkit_async import AsyncChatKit, RequestOptions
from chatkit_async.emulator import Emulator, Fault
from chatkit_async.errors import APIConnectionError, APIResponseValidationError

from .helpers import connections_in_use, create, made, raised
from .raw import SESSION, ReceivedRequest, always, raw_server, response

pytestmark = pytest.mark.transport

SECRET = "ek_68f00000000000000000000000"
WHOLE = b'{"id":"cksess_1","object":"chatkit.session","client_secret":"%s","expires_at":2e9' % SECRET.encode()
MIB = 1024 * 1024

BAD = {
    "a web page": response(b"<html>" + SECRET.encode(), content_type="text/html; charset=utf-8"),
    "text": response(WHOLE + b"}", content_type="text/plain"),
    "broken JSON": response(WHOLE),
    "broken in the secret": response(WHOLE[:60]),
    "not UTF-8": response(WHOLE + b',"user":"\xff\xfe"}'),
    "a byte order mark and nothing": response(b"\xef\xbb\xbf"),
    "NaN": response(WHOLE + b',"x":NaN}'),
    "a list": response(b"[" + WHOLE + b"}]"),
    "a string": response(b'"%s"' % SECRET.encode()),
    "null": response(b"null"),
    "a number too long for an int": response(b"1" * 5000),
    "nothing": response(b""),
    "nothing, by its status": response(b"", status="204 No Content", content_type="", content_length=""),
    "100,000 brackets": response(b"[" * 100_000),
    "100,000 closed brackets": response(b"[" * 100_000 + b"]" * 100_000),
    "100,000 braces in a field": response(WHOLE + b',"x":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001),
    "a field of the wrong type": response(WHOLE + b',"user":7}'),
    "null where it is not nullable": response(WHOLE + b',"status":null}'),
    "a gzip that is none": response(WHOLE + b"}", content_encoding="gzip"),
}

# Of the content type and form of the API, but not a session: no proxy or captive portal responds so.
JSON = [
    BAD[name] for name in ("a list", "a string", "null", "a field of the wrong type", "null where it is not nullable")
]


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
async def test_a_200_that_is_not_a_session_is_an_api_response_validation_error(content: bytes) -> None:
    async with raw_server(always(content)) as server, made(server.base_url) as client:
        error = await raised(APIResponseValidationError, create(client))
        assert connections_in_use(client) == 0
    assert (error.attempts, len(server.requests)) == (1, 1)
    assert error.outcome == ("done" if content in JSON else "unknown")
    assert error.operation == "sessions.create"
    for shown in (
        str(error),
        repr(error),
        repr(error.body),
        str(error.public()),
        repr(pickle.loads(pickle.dumps(error)).body),
    ):
        assert SECRET[3:10] not in shown


@pytest.mark.parametrize("strict", [False, True])
async def test_a_created_session_that_cannot_be_read_can_still_be_cancelled(
    emulator: Emulator, client: AsyncChatKit, strict: bool
) -> None:
    body = {"id": (await create(client)).id, "client_secret": SECRET, "expires_at": "soon"}
    emulator.add_faults(Fault(body=body))
    error = await raised(APIResponseValidationError, create(client, RequestOptions(strict=strict)))
    assert isinstance(error.body, dict)
    await client.sessions.cancel(error.body["id"])
    assert [session["status"] for session in emulator.sessions()] == ["cancelled"]


async def test_the_error_names_the_path_of_the_wrong_value(emulator: Emulator, client: AsyncChatKit) -> None:
    emulator.add_faults(Fault(body={"id": "cksess_1", "workflow": {"id": "wf_1", "tracing": {"enabled": "yes"}}}))
    error = await raised(APIResponseValidationError, create(client))
    assert "workflow.tracing.enabled" in error.message


def big(size: int) -> bytes:
    return WHOLE + b',"user":"' + b"u" * (size - len(WHOLE) - 11) + b'"}'


def chunked(body: bytes) -> bytes:
    head = response(b"", content_length="", transfer_encoding="chunked")
    pieces = [body[start : start + MIB] for start in range(0, len(body), MIB)]
    return head + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def bomb(size: int) -> bytes:
    packer, piece = zlib.compressobj(9, wbits=31), b" " * MIB
    packed = b"".join(packer.compress(piece) for _ in range(size // MIB)) + packer.flush()
    return response(packed, content_encoding="gzip")


@pytest.mark.parametrize(
    "content",
    [
        lambda: response(big(65 * MIB)),
        lambda: chunked(big(65 * MIB)),
        lambda: bomb(65 * MIB),
        lambda: response(b"\x1f\x8b", content_encoding="gzip", content_length=str(65 * MIB)),
    ],
    ids=["Content-Length", "chunked", "gzip", "announced and packed"],
)
async def test_a_body_larger_than_64_mib_is_not_read(content: Callable[[], bytes]) -> None:
    async with raw_server(always(content())) as server, made(server.base_url) as client:
        error = await raised(APIResponseValidationError, create(client))
        assert connections_in_use(client) == 0
        assert (error.outcome, error.attempts, error.body, len(server.requests)) == ("unknown", 1, None, 1)
    assert "64 MiB" in error.message


async def test_a_content_length_above_64_mib_is_not_waited_for() -> None:
    async def announce(writer: asyncio.StreamWriter, received: ReceivedRequest) -> None:
        writer.write(response(b"{", content_length=str(65 * MIB)))

    async with raw_server(announce) as server, made(server.base_url) as client:
        await raised(APIResponseValidationError, create(client))


@pytest.mark.parametrize("pack", [response, chunked])
async def test_a_body_of_64_mib_is_read(pack: Callable[[bytes], bytes]) -> None:
    async with raw_server(always(pack(big(60 * MIB)))) as server, made(server.base_url) as client:
        assert len((await create(client)).user) > 59 * MIB


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.api+json", ""]
)
async def test_other_content_types_of_json_are_read(kind: str) -> None:
    async with raw_server(always(response(content_type=kind))) as server, made(server.base_url) as client:
        assert (await create(client)).id == "cksess_1"


async def test_a_body_compressed_by_a_gateway_is_decompressed() -> None:
    packed = response(gzip.compress(SESSION), content_encoding="gzip")
    async with raw_server(always(packed)) as server, made(server.base_url) as client:
        assert (await create(client)).id == "cksess_1"


async def test_a_garbled_chunk_shows_nothing_of_the_body() -> None:
    garbled = response(WHOLE + b"}", content_length="", transfer_encoding="chunked")
    async with raw_server(always(garbled, then_close=True)) as server, made(server.base_url) as client:
        error = await raised(APIConnectionError, create(client))
    assert (error.outcome, error.attempts) == ("unknown", 1)
    assert SECRET[3:10] not in f"{error}{error!r}"
