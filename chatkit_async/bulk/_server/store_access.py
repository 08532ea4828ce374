"""A store as this room uses it: every call within a time limit, absence and listings read in one way."""

from __future__ import annotations

import re
from collections.abc import Callable, Set
from inspect import isawaitable, iscoroutine
from typing import TYPE_CHECKING, Any

import anyio

from ...types.secret import mask_text
from .server_types import ServerTypes, server_types

if TYPE_CHECKING:
    from chatkit.store import Store
    from chatkit.types import ThreadItem, ThreadMetadata

LONGEST_MESSAGE = 300  # characters of a store's error
_CREDENTIALS = re.compile(r"://[^@/\s]+@")  # of a database's address


class StoreFault(Exception):
    """A store did not do what its interface promises; `code` names how."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class StoreAccess:
    """A store for one context.

    Args:
        store: the store.
        context: passed to each of its methods.
        timeout_s: seconds that one call may take.
    """

    def __init__(self, store: Store[Any], context: object, timeout_s: float) -> None:
        self.types: ServerTypes = server_types()
        self._store, self.context, self._timeout_s = store, context, timeout_s

    async def call(self, method: str, *args: object, **kwargs: object) -> Any:
        """The result of one method of the store. Raises `StoreFault` if it raises or does not return in time."""
        try:
            return await self._limited(method, args, kwargs)
        except StoreFault:
            raise
        except Exception as error:
            raise StoreFault("raises", f"{method} raised {described(error)}") from error

    async def find(self, method: str, *args: object, missing: object = None) -> Any:
        """As `call`; `missing` if the store says that there is no such thing."""
        try:
            return await self._limited(method, args, {})
        except StoreFault:
            raise
        except Exception as error:
            if self.types.is_absence(error):
                return missing
            raise StoreFault("raises", f"{method} raised {described(error)}") from error

    def generate(self, method: str, *args: object) -> str:
        """An id that the store makes. Raises `StoreFault` if it makes none."""
        try:
            made = getattr(self._store, method)(*args, self.context)
        except Exception as error:
            raise StoreFault("raises", f"{method} raised {described(error)}") from error
        if isinstance(made, str) and made:
            return made
        if iscoroutine(made):
            made.close()
        raise StoreFault("no_id", f"{method} returned {type(made).__name__}; it must return a string, without await")

    async def items(self, thread_id: str, order: str, page_size: int) -> list[ThreadItem]:
        """All items of a thread, following the cursors; none if the store says that there is no such thread."""
        return await self._listed("load_thread_items", (thread_id,), order, page_size)

    async def items_or_none(self, thread_id: str) -> list[ThreadItem]:
        """All items of a thread that may not be there; stores have many errors for that."""
        try:
            return await self.items(thread_id, "asc", 100)
        except StoreFault as fault:
            if fault.code != "raises":
                raise
            return []

    async def threads(self, order: str, page_size: int, until: Set[str] = frozenset()) -> list[ThreadMetadata]:
        """All threads of this context, following the cursors; no further than to the last of these ids, if given."""
        return await self._listed("load_threads", (), order, page_size, until)

    async def _listed(
        self, method: str, args: tuple[object, ...], order: str, page_size: int, until: Set[str] = frozenset()
    ) -> list[Any]:
        found: dict[str, Any] = {}
        after: str | None = None
        while True:
            data, has_more, cursor = await self._page(method, args, order, page_size, after)
            if any(element.id in found for element in data):
                raise StoreFault("ignores_cursor", f"{method} gives again, after a cursor, what it gave before it")
            if len({element.id for element in data}) < len(data):
                raise StoreFault("doubles", f"{method} lists the same id twice in one page")
            found |= {element.id: element for element in data}
            if not has_more or (until and until <= set(found)):
                return [*found.values()]
            if not cursor or cursor == after:
                reason = "no cursor" if not cursor else "the cursor that it was given"
                raise StoreFault("no_cursor", f"{method} says has_more with {reason}: what follows cannot be read")
            after = cursor

    async def _page(
        self, method: str, args: tuple[object, ...], order: str, page_size: int, after: str | None
    ) -> tuple[list[Any], bool, str | None]:
        try:
            page = await self._limited(method, args, {"limit": page_size, "after": after, "order": order})
            return [element for element in page.data if element.id], bool(page.has_more), page.after
        except StoreFault:
            raise
        except Exception as error:
            if args and after is None and self.types.is_absence(error):
                return [], False, None
            raise StoreFault("raises", f"{method} raised {described(error)}") from error

    async def _limited(self, method: str, args: tuple[object, ...], kwargs: dict[str, object]) -> Any:
        with anyio.move_on_after(self._timeout_s):
            function: Callable[..., Any] = getattr(self._store, method)
            # As the server calls it: the context by its name.
            result = function(*args, **kwargs, context=self.context)
            if not isawaitable(result):
                raise StoreFault("not_async", f"{method} must be a method with async def")
            return await result
        raise StoreFault("hangs", f"{method} did not return within {self._timeout_s:g} s")


def described(error: Exception) -> str:
    """An error as part of a sentence: its class and the start of its message, without secrets."""
    text = _CREDENTIALS.sub("://***@", mask_text(str(error)[: 4 * LONGEST_MESSAGE]))
    return f"{type(error).__name__}: {text[:LONGEST_MESSAGE]}" if text else type(error).__name__
