"""An answer of aiohttp's, read to its end."""

from __future__ import annotations

from io import BytesIO

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError

from .._core.message import Response
from ..types.headers import Headers
from .lean_request import LeanAnswer

LARGEST_BODY_BYTES = 64 * 1024 * 1024


async def read(response: aiohttp.ClientResponse | LeanAnswer) -> Response:
    """The answer with its body, or without if that is too large, or belongs to a refusal and does not come."""
    headers = Headers.received(response.headers)
    try:
        body = await _body(response)
    except BaseException as error:
        response.close()
        if not isinstance(error, (aiohttp.ClientError, OSError)):
            raise
        # The status of a refusal is all it takes; what cannot be unpacked has come, and is not lost.
        if response.status < 300 and not isinstance(error.__cause__, ContentEncodingError):
            raise
        body = None
    if response.connection is not None:  # too large, or a switch of protocols: what else comes is not for us
        response.close()
    if body is None:
        return Response(response.status, headers, b"", is_whole=False)
    return Response(response.status, headers, body)


def read_whole(response: aiohttp.ClientResponse | LeanAnswer) -> Response | None:
    """The answer if all of it came with its head, as most do; None if there is more to do.

    Only for answers that nobody else reads: a middleware may have, a trace wants to know.
    """
    content = response.content
    # No connection: aiohttp has put it back into the pool by itself.
    if response.connection is not None or content.exception() is not None or content.total_bytes > LARGEST_BODY_BYTES:
        return None
    return Response(response.status, Headers.received(response.headers), content.read_nowait())


async def _body(response: aiohttp.ClientResponse | LeanAnswer) -> bytes | None:
    """The body, or None if it is larger than we read."""
    declared = response.content_length
    if declared is not None and declared > LARGEST_BODY_BYTES:
        return None
    if declared is not None and "Content-Encoding" not in response.headers:
        return await response.read()
    # A buffer, and no name for a piece: what arrived must not show in a traceback if the rest does not.
    buffer, size = BytesIO(), 0
    while not response.content.at_eof():
        size += buffer.write(await response.content.readany())
        if size > LARGEST_BODY_BYTES:
            return None
    return buffer.getvalue()
