"""Listings for code that blocks: the first page at once, the others as they are needed."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from typing import Any, Generic, TypeVar

from .._async.listing import AsyncListing, Walk
from .._core.paging import checked_max_items
from ..types.misuse import answering_methods
from ..types.page import Page
from .channel import Channel

T = TypeVar("T")


@answering_methods
class Listing(Generic[T]):
    """A listing that holds its first page; iterating goes over all its items, page after page.

    Errors of the first page are raised by the call that returns the listing, those of later pages on the way.

    Example:
        for thread in client.threads.list(user="user_123"):
            print(thread.id)

    Attributes:
        data, has_more, first_id, last_id, next_cursor: of the first page; see `Page`.
    """

    def __init__(
        self, channel: Channel, function: Callable[..., AsyncListing[T]], /, *args: Any, **kwargs: Any
    ) -> None:
        self._channel = channel
        self._listing = function(*args, **kwargs)
        walk = self._listing._walk_pages()
        page = channel.call(walk.next_page)
        assert page is not None
        self._first_page: Page[T] = page
        # For the first iteration: this walk has already requested the next page.
        self._begun = [walk] if walk.prefetch else []

    @property
    def data(self) -> tuple[T, ...]:
        """The first page's items."""
        return self._first_page.data

    @property
    def has_more(self) -> bool:
        """Whether there are pages after the first."""
        return self._first_page.has_more

    @property
    def first_id(self) -> str | None:
        """The id of the first page's first item."""
        return self._first_page.first_id

    @property
    def last_id(self) -> str | None:
        """The id of the first page's last item."""
        return self._first_page.last_id

    @property
    def next_cursor(self) -> str | None:
        """Where the second page begins; None if there is none."""
        return self._first_page.next_cursor

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.data

    def pages(self, *, prefetch: bool | None = None) -> Generator[Page[T], None, None]:
        """All pages, from the first, which is not requested again; each other page is one hand-over.

        Args:
            prefetch: request the next page while this one is used; default: what the listing was made with.
        """
        walk = self._walk(prefetch)
        try:
            yield self._first_page
            while walk.goes_on and (page := self._channel.call(walk.next_page)) is not None:
                yield page
        finally:
            walk.drop()

    def _walk(self, prefetch: bool | None) -> Walk[T]:
        """A walk that begins after the first page."""
        walk = self._listing._walk_pages(prefetch=prefetch)
        for begun in self._begun if walk.prefetch else ():
            with suppress(ValueError):  # another thread has taken it
                self._begun.remove(begun)
                return begun
        walk.go_on_from(self._first_page)
        return walk

    def first(self) -> T | None:
        """The first item; None if there is none."""
        for page in self.pages(prefetch=False):
            if page.data:
                return page.data[0]
        return None

    def collect(self, *, max_items: int | None = None) -> list[T]:
        """All items as a list.

        Args:
            max_items: at most this many, at least 0; no page beyond them is requested. Default: all.

        Raises:
            ParamsValidationError: `max_items` is not an integer of at least 0.
        """
        max_items = checked_max_items(max_items)
        items: list[T] = []
        for page in self.pages(prefetch=None if max_items is None else False):
            items.extend(page.data)
            if max_items is not None and len(items) >= max_items:
                break
        return items[:max_items]

    def __repr__(self) -> str:
        page: Page[T] | None = vars(self).get("_first_page")  # a traceback shows also a listing whose first page failed
        return "Listing()" if page is None else f"Listing(first_page={page!r})"
