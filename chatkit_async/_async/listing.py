"""Listings: pages fetched one after the other, or one ahead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any, Generic, Never, NoReturn, TypeVar

from .._core.options import wrong_method_call
from .._core.paging import (
    LostCursor,
    Position,
    checked_max_items,
    first_position,
    is_backwards,
    next_position,
    params_at,
)
from ..errors import APIResponseValidationError
from ..types.misuse import answering
from ..types.page import Page, point_backwards
from ..types.result import field_names

T = TypeVar("T")
Fetch = Callable[[Any], Awaitable[Page[T]]]


class Walk(Generic[T]):
    """One walk over the pages of a listing, from its first page to its last.

    Args:
        fetch: requests one page by its parameters.
        params: of the first page.
        operation: its name, for errors.
        prefetch: request the next page while this one is used.
    """

    def __init__(self, fetch: Fetch[T], params: Any, *, operation: str, prefetch: bool) -> None:
        self._operation = operation
        self._fetch = fetch
        self._params = params
        self.prefetch = prefetch
        begin = first_position(params)
        self._position: Position | None = begin
        self._seen = {begin.cursor}
        self._ahead: asyncio.Task[Page[T]] | None = None
        self._untaken: Page[T] | None = None
        self._broken: APIResponseValidationError | None = None

    async def next_page(self) -> Page[T] | None:
        """The next page; None after the last.

        Raises:
            APIResponseValidationError: there are more pages, but no usable cursor; the pages before are right.
        """
        page, self._untaken = self._untaken, None
        if page is not None:
            return page
        self._raise_if_broken()
        if self._position is None:
            return None
        page = await self._page_ahead()
        self.go_on_from(page)
        if self._broken is not None and "data" in page.missing_fields:  # without items before the error
            self._raise_if_broken()
        if self.prefetch and self._broken is None and self.goes_on:
            await self._request_ahead(page)
        return page

    @property
    def goes_on(self) -> bool:
        """Whether `next_page` will return a page or raise an error."""
        return self._position is not None or self._broken is not None

    def go_on_from(self, page: Page[T]) -> None:
        """Moves to the position behind a page."""
        if self._position is None:
            return
        try:
            self._position = next_position(self._position, page, self._seen)
        except LostCursor as lost:
            self._position, self._broken = None, _broken(self._operation, page, lost)
        if self._position is not None:
            self._seen.add(self._position.cursor)

    def _raise_if_broken(self) -> None:
        if self._broken is not None:
            raise self._broken

    def drop(self) -> None:
        """Gives up the page that was requested ahead; from any thread."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            with suppress(RuntimeError):  # its loop has ended, and the task with it
                ahead.get_loop().call_soon_threadsafe(ahead.cancel)

    async def _request_ahead(self, page: Page[T]) -> None:
        """Requests the next page at once, since the code that uses this one may never let the loop run."""
        # A task group of anyio cannot stay open over the yields of an async generator.
        self._ahead = asyncio.create_task(self._page())
        self._ahead.add_done_callback(_retrieve_error)
        self._untaken = page  # kept for the next call if this one is cancelled here
        await asyncio.sleep(0)  # the task runs until it waits for the response
        self._untaken = None

    async def _page_ahead(self) -> Page[T]:
        ahead, self._ahead = self._ahead, None
        if ahead is None or ahead.cancelled() or ahead.get_loop() is not asyncio.get_running_loop():
            return await self._page()
        return await ahead  # cancelling the caller cancels it, too

    async def _page(self) -> Page[T]:
        assert self._position is not None
        page = await self._fetch(params_at(self._params, self._position))
        return point_backwards(page) if is_backwards(self._params) else page


class AsyncListing(Generic[T]):
    """A listing that requests nothing until it is used, and can be used again from its start.

    `await listing` gives its first `Page`; `async for` gives all items, page after page. It is awaitable but no
    coroutine: `asyncio.create_task` takes `listing.first_page()` instead.

    Example:
        page = await client.threads.list(limit=50)
        async for thread in client.threads.list(user="user_123"):
            print(thread.id)
    """

    def __init__(self, fetch: Fetch[T], params: Any, *, operation: str, prefetch: bool = False) -> None:
        self._operation = operation
        self._fetch = fetch
        self._params = params
        self._prefetch = prefetch

    def __await__(self) -> Generator[Any, None, Page[T]]:
        return self.first_page().__await__()

    async def __aiter__(self) -> AsyncGenerator[T, None]:
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                for item in page.data:
                    yield item

    async def first_page(self) -> Page[T]:
        """The first page, as `await listing` gives it."""
        page = await self._walk_pages(prefetch=False).next_page()
        assert page is not None
        return page

    @answering()
    async def pages(self, *, prefetch: bool | None = None) -> AsyncGenerator[Page[T], None]:
        """All pages, one after the other.

        Args:
            prefetch: request the next page while this one is used; default: as the listing was made.
        """
        walk = self._walk_pages(prefetch=prefetch)
        try:
            while (page := await walk.next_page()) is not None:
                yield page
        finally:
            walk.drop()

    async def first(self, **unexpected: Never) -> T | None:
        """The first item; None if the listing is empty.

        Args:
            unexpected: refused with a `TypeError`.
        """
        if unexpected:
            raise wrong_method_call(self.first, unexpected, {})
        walk = self._walk_pages(prefetch=False)
        while (page := await walk.next_page()) is not None:
            if page.data:
                return page.data[0]
        return None

    async def collect(self, *positional: Never, max_items: int | None = None, **unexpected: Never) -> list[T]:
        """All items as a list.

        Args:
            positional: refused with a `TypeError` that names the keyword.
            max_items: at most this many, at least 0; no page beyond them is requested. Default: all.
            unexpected: refused with a `TypeError` that names the right keyword.

        Raises:
            ParamsValidationError: `max_items` is not an integer of at least 0.
        """
        if positional or unexpected:
            raise wrong_method_call(self.collect, unexpected, {})
        max_items = checked_max_items(max_items)
        items: list[T] = []
        async with aclosing(self.pages(prefetch=self._prefetch and max_items is None)) as pages:
            while max_items is None or len(items) < max_items:
                page = await anext(pages, None)
                if page is None:
                    break
                items.extend(page.data)
        return items if max_items is None else items[:max_items]

    def _walk_pages(self, *, prefetch: bool | None = None) -> Walk[T]:
        """A walk over the pages; `prefetch` as in `pages`."""
        prefetch = self._prefetch if prefetch is None else prefetch
        return Walk(self._fetch, self._params, operation=self._operation, prefetch=prefetch)

    if not TYPE_CHECKING:  # which refuses these uses by itself

        def __getitem__(self, _: object) -> NoReturn:  # `for` calls it where there is no `__iter__`
            raise TypeError(
                "an AsyncListing is not walked by `for`: write `async for`, or `await` it for its first page"
            )

        def __getattr__(self, name: str) -> object:
            if name in field_names(Page) or name == "next_cursor":
                raise AttributeError(f"AsyncListing.{name}: await the listing for a page, or walk it with `async for`")
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


def _retrieve_error(ahead: asyncio.Task[Page[T]]) -> None:
    # Without this, asyncio prints the error of a page that no caller asked for.
    if not ahead.cancelled():
        ahead.exception()


def _broken(operation: str, page: Page[T], lost: LostCursor) -> APIResponseValidationError:
    info = page.response
    return APIResponseValidationError(
        f"the listing cannot go on: {lost}",
        operation=operation,
        status=info.status,
        request_id=info.request_id,
        attempts=info.attempts,
        elapsed_s=info.elapsed_s,
        outcome="done",
        hint="Items so far are right; those behind this page were not reached.",
        response=info,
    )
