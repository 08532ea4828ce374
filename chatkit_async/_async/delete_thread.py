"""Deleting a thread, when being gone is what was wanted."""

from __future__ import annotations

from collections.abc import Awaitable

from ..errors import NotFoundError
from ..types.result import attach_response
from ..types.thread import ThreadDeleteResponse


async def delete_thread(
    call: Awaitable[ThreadDeleteResponse], thread_id: str, *, missing_ok: bool
) -> ThreadDeleteResponse:
    """What the call answers; a 404 counts as deleted if asked to, or if an earlier attempt may have done it.

    Args:
        call: the call, not yet awaited.
        thread_id: what it deletes.
        missing_ok: count any 404 as deleted.
    """
    try:
        return await call
    except NotFoundError as error:
        if not missing_ok and error.outcome != "unknown":
            raise
        gone = ThreadDeleteResponse(id=thread_id, object="chatkit.thread.deleted", deleted=True)
        if error.response is not None:
            attach_response(gone, error.response)
        return gone
