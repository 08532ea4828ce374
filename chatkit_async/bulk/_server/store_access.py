"""The server's side: the classes of the package `openai-chatkit`, its times, and access to a store."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Set
from datetime import UTC, datetime, timedelta
from functools import cache
from inspect import isawaitable, iscoroutine
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeGuard

import anyio
import attrs

from ...errors import ConfigurationError
from ...types._clock import unix_now_s
from ...types._json import JSON, JSONObject
from ...types.secret import mask_text

if TYPE_CHECKING:
    from chatkit.store import Store
    from chatkit.types import Attachment, ThreadItem, ThreadMetadata


Times: TypeAlias = Literal["local", "utc"]

DAY_S = 86_400
LONGEST_MESSAGE = 300  # characters of a store's error
_CREDENTIALS = re.compile(r"://[^@/\s]+@")  # of a database's address
_ID_WORDS = {"client_tool_call": "tool_call", "task": "task", "workflow": "workflow"}


class RisingTimes:
    """Datetimes of one thread's items, or of one user's threads, in the order given.

    Args:
        times: `local` for naive datetimes of this machine's time zone, `utc` for aware ones.
        step_us: microseconds between two that would be equal, or would go back.
        first_s: Unix seconds of the first, where its own time cannot be used.
    """

    def __init__(self, times: Times, step_us: int, first_s: JSON = 0) -> None:
        self._zone = UTC if times == "utc" else None
        self._step = timedelta(microseconds=step_us)
        self._first_s = first_s if is_usable_time(first_s) else 0
        self._before: datetime | None = None

    def after_the_one_before(self, seconds: JSON) -> datetime:
        """The datetime of these Unix seconds, or one step after the one before, whichever is later."""
        own = self._datetime(seconds) if is_usable_time(seconds) else None
        next_step = self._before + self._step if self._before else self._datetime(self._first_s)
        self._before = max(own, next_step) if own and self._before else own or next_step
        return self._before

    def _datetime(self, seconds: float) -> datetime:
        # The package's own times are naive and local: `datetime.now()`.
        return datetime.fromtimestamp(seconds, self._zone)


def is_usable_time(seconds: JSON) -> TypeGuard[float]:
    """Whether a time is a number between 1970 and tomorrow: one far ahead would drag along all that follow it."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return False
    return 0 <= seconds <= unix_now_s() + DAY_S


@attrs.frozen
class ServerTypes:
    """What is used of the package: adapters that read and write its classes, and the error for what is not there."""

    item: Any
    thread: Any
    not_found: type[Exception]
    invalid: type[Exception]

    def build_item(self, fields: JSONObject, item_id: str, thread_id: str, created_at: datetime) -> ThreadItem:
        """An item as every store gives it back: written as JSON and read again.

        Raises:
            ValueError: the package refuses the fields.
        """
        item = {**fields, "id": item_id, "thread_id": thread_id, "created_at": created_at}
        built: ThreadItem = self.item.validate_json(self.item.dump_json(self.item.validate_python(item)))
        return built

    def build_thread(self, fields: JSONObject, thread_id: str, created_at: datetime) -> ThreadMetadata:
        """A thread's metadata, never a `Thread`, which loses fields where a store writes metadata.

        Raises:
            ValueError: the package refuses the fields.
        """
        thread = {**fields, "id": thread_id, "created_at": created_at}
        built: ThreadMetadata = self.thread.validate_json(self.thread.dump_json(self.thread.validate_python(thread)))
        return built

    def is_absence(self, error: Exception) -> bool:
        """Whether an error of a store means that the requested thread or item does not exist."""
        is_unreadable = isinstance(error, (self.invalid, UnicodeError)) or "JSON" in type(error).__name__
        return isinstance(error, self.not_found | KeyError | ValueError) and not is_unreadable


@cache
def server_types() -> ServerTypes:
    """The package's classes.

    Raises:
        ConfigurationError: the package is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of its own widget classes
            from chatkit.store import NotFoundError  # noqa: PLC0415 - an extra that takes 0.3 s to import
            from chatkit.types import ThreadItem, ThreadMetadata  # noqa: PLC0415
            from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415
    except ImportError as error:
        hint = "Install it: pip install 'chatkit-async[server]'."
        raise ConfigurationError(f"The package openai-chatkit cannot be imported ({error}). {hint}") from error
    item: Any = TypeAdapter(ThreadItem)
    return ServerTypes(item, TypeAdapter(ThreadMetadata), NotFoundError, ValidationError)


def differing_fields(expected: ThreadItem | ThreadMetadata | Attachment, found: Any) -> tuple[str, ...]:
    """Names of the fields in which a store's copy differs; `metadata` may hold more keys than were written."""
    if type(found) is not type(expected):
        return ("type",)
    wanted, given = (_comparable(value) for value in (expected, found))
    if isinstance(metadata := wanted.get("metadata"), dict) and isinstance(given.get("metadata"), dict):
        given["metadata"] = {name: value for name, value in given["metadata"].items() if name in metadata}
    return tuple(name for name in wanted if wanted[name] != given.get(name))


def _comparable(model: Any) -> dict[str, Any]:
    """The fields as JSON, but the time as it is: a store may give the same moment in another time zone."""
    values: dict[str, Any] = model.model_dump(mode="json", exclude={"created_at"})
    return values | ({"created_at": model.created_at} if hasattr(model, "created_at") else {})


class StoreError(Exception):
    """A store did not do what its interface promises; `code` names how."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class StoreFault(StoreError):
    """A call of the store raised, or returned what it must not; other calls may go well."""


class StoreHang(StoreError):
    """A call did not return in time: no other call is worth its wait."""


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
        """The result of one method of the store. Raises `StoreFault` if it raises, `StoreHang` if it takes too long."""
        try:
            return await self._limited(method, args, kwargs)
        except StoreError:
            raise
        except Exception as error:
            raise StoreFault("raises", f"{method} raised {error_text(error)}") from error

    async def find(self, method: str, *args: object, missing: object = None) -> Any:
        """As `call`; `missing` if the store says that there is no such thing."""
        try:
            return await self._limited(method, args, {})
        except StoreError:
            raise
        except Exception as error:
            if self.types.is_absence(error):
                return missing
            raise StoreFault("raises", f"{method} raised {error_text(error)}") from error

    def generate(self, method: str, *args: object) -> str:
        """An id that the store makes. Raises `StoreFault` if it makes none."""
        try:
            made = getattr(self._store, method)(*args, self.context)
        except Exception as error:
            raise StoreFault("raises", f"{method} raised {error_text(error)}") from error
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
        except StoreError:
            raise
        except Exception as error:
            if args and after is None and self.types.is_absence(error):
                return [], False, None
            raise StoreFault("raises", f"{method} raised {error_text(error)}") from error

    async def _limited(self, method: str, args: tuple[object, ...], kwargs: dict[str, object]) -> Any:
        with anyio.move_on_after(self._timeout_s):
            function: Callable[..., Any] = getattr(self._store, method)
            # As the server calls it: the context by its name.
            result = function(*args, **kwargs, context=self.context)
            if not isawaitable(result):
                raise StoreFault("not_async", f"{method} must be a method with async def")
            return await result
        raise StoreHang("hangs", f"{method} did not return within {self._timeout_s:g} s")


def id_word(fields: JSONObject) -> str:
    """The word that a store's `generate_item_id` expects for an item."""
    return _ID_WORDS.get(str(fields.get("type")), "message")


def error_text(error: Exception) -> str:
    """An error as part of a sentence: its class and the start of its message, without secrets."""
    text = _CREDENTIALS.sub("://***@", mask_text(str(error)[: 4 * LONGEST_MESSAGE]))
    return f"{type(error).__name__}: {text[:LONGEST_MESSAGE]}" if text else type(error).__name__
