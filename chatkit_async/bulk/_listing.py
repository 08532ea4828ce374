"""Walks a listing from its start to its end, and notices when it cannot be trusted."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import attrs

from .._core.operation import Operation
from ..errors import BadRequestError, NotFoundError
from ._pages import BrokenPageError, Cursors, RawPage
from ._requests import JobRequests

PAGE_SIZE = 100  # the API's largest
MOST_WALKS = 4  # of one listing that loses its cursors


class ListingLostError(Exception):
    """The listing has to be walked again: its cursor is gone, or it contradicts itself. Never leaves the jobs."""


async def walk(
    requests: JobRequests, operation: Operation[Any, Any], params: Any, *, trusts_end: bool
) -> AsyncGenerator[RawPage]:
    """The pages of a listing, from the cursor `params.after` on.

    Args:
        requests: sends them.
        operation: `threads.list` or `threads.list_items`.
        params: of the first page; `after` may be a cursor.
        trusts_end: take an empty last page for the end, though the page before promised more.

    Raises:
        ListingLostError: the cursor is gone, the listing walks in circles, or it ends against its promise.
    """
    cursors, is_first = Cursors(params.after), True
    while True:
        try:
            page = await requests.page(operation, params if is_first else attrs.evolve(params, after=cursors.current))
        except (BadRequestError, NotFoundError) as error:
            if cursors.current is None:
                raise
            raise ListingLostError(f"the cursor {cursors.current!r} is gone: {error}") from error
        if not (is_first or page.ids or page.has_more or trusts_end):
            raise ListingLostError("a page promised more, and none came")
        yield page
        is_first = False
        try:
            if not cursors.advance(page):
                return
        except BrokenPageError as error:
            raise ListingLostError(str(error)) from None
