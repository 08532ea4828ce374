"""One page of a listing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Generic, Literal, NoReturn, TypeVar

import attrs

from .result import Result, restore, slot_value

T = TypeVar("T")


class _Directed(Result):
    # The direction of the listing: no field, so in no eq or repr; copies keep it.
    __slots__ = ("_is_backwards",)


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class Page(_Directed, Generic[T]):
    """One page of a listing; iterating it yields its own items, and `len` counts them.

    Attributes:
        data: the items, in the order of the listing.
        has_more: whether there are more pages.
        first_id, last_id: ids of the first and last item; None if the page is empty.
        next_cursor: where the next page begins; None on the last page, or if the API names no place.

    Source: ChatKit REST API, schemas ThreadListResource and ThreadItemListResource.
    """

    object: Literal["list"] | str
    data: tuple[T, ...]
    first_id: str | None
    last_id: str | None
    has_more: bool

    @property
    def next_cursor(self) -> str | None:
        """Where the next page begins: `last_id`, or the last item's id; backwards, `first_id` or the first item's id.

        Raises:
            MissingFieldError: the response lacks `has_more`, or both the id and `data`.
        """
        if not self.has_more:
            return None
        backwards = slot_value(self, "_is_backwards")
        named: str | None = slot_value(self, "first_id" if backwards else "last_id")
        return named or self._edge_id(0 if backwards else -1)

    def _edge_id(self, position: int) -> str | None:
        found: str | None = getattr(self.data[position], "id", None) if self.data else None
        return found

    def __iter__(self) -> Iterator[T]:
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)

    if not TYPE_CHECKING:  # which refuses this use by itself

        def __aiter__(self) -> NoReturn:
            raise TypeError("a Page is walked by `for`; `async for` walks the listing itself, all pages: no `await`")

    def __reduce__(self) -> tuple[Callable[..., Result], tuple[Any, ...]]:
        restored, held = super().__reduce__()
        return (_restore_backwards, held) if slot_value(self, "_is_backwards") else (restored, held)


def leads_inside(page: Page[T], cursor: str) -> bool:
    """Whether a cursor is an item of the page other than its edge, so that the next page would repeat items."""
    edge = page._edge_id(0 if slot_value(page, "_is_backwards") else -1)
    return cursor != edge and any(getattr(item, "id", None) == cursor for item in page.data)


def point_backwards(page: Page[T]) -> Page[T]:
    """Mark a page as one of a listing with `before`: the next page lies before its first item."""
    object.__setattr__(page, "_is_backwards", True)
    return page


def _restore_backwards(*held: Any) -> Result:
    restored: Any = restore(*held)
    return point_backwards(restored)
