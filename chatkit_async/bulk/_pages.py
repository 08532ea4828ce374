"""A page of a listing, its elements as the very text that the API sent, and the client's objects from such text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

import attrs

from .._core.codec import Mismatch, structure
from .._core.json_bytes import loads
from .._core.paging import MOST_EMPTY_PAGES
from ..types._json import JSON, JSONObject
from ..types.items import ChatKitThreadItem
from ..types.redacted import kind_of
from ..types.result import Result, field_names, restore
from ..types.thread import ChatKitThread
from ..types.unknown import UnknownThreadItem

LARGEST_TIME = 2**53

_scan = json.JSONDecoder().raw_decode
_SPACE = re.compile(r"[ \t\r\n]*")
ResultT = TypeVar("ResultT", bound=Result)
_PATH_STEP = re.compile(r"[.\[]")


class BrokenPageError(Exception):
    """A page, or the listing behind it, that is not as documented. Never leaves the jobs."""


class Element(NamedTuple):
    """One thread or item of a page: its id if it has a usable one, its JSON as the API sent it, the same decoded."""

    id: str | None
    text: str
    value: JSON


@attrs.frozen
class RawPage:
    """One page of a listing.

    Attributes:
        body: all of it as the API sent it.
        ids: of its threads or items, in the order of the listing; None where one has no usable id.
        first_open: the index of the first tool call that waits for its output, and so may change later; None if none.
        has_more: whether there are more pages.
        last_id: where the next page begins; None if the page does not say.
    """

    body: str
    ids: tuple[str | None, ...]
    first_open: int | None
    has_more: bool
    last_id: str | None


def parse_page(body: bytes) -> RawPage:
    """The page that a response's body holds.

    Raises:
        BrokenPageError: it holds none, or one without `data` or `has_more`.
    """
    try:
        page, text = _loaded(body), body.decode()
    except (ValueError, RecursionError) as error:
        raise BrokenPageError(f"the response is not JSON: {error}") from None
    if not isinstance(page, dict):
        raise BrokenPageError(f"a page should be an object, is {kind_of(page)}")
    data, has_more, last_id = page.get("data"), page.get("has_more"), page.get("last_id")
    if not isinstance(data, list):
        raise BrokenPageError(f"data of a page should be an array, is {kind_of(data)}")
    if not isinstance(has_more, bool):
        raise BrokenPageError(f"has_more of a page should be a boolean, is {kind_of(has_more)}")
    if last_id is not None and not isinstance(last_id, str):
        raise BrokenPageError(f"last_id of a page should be a string, is {kind_of(last_id)}")
    ids = _ids_of(data)
    return RawPage(text, ids, _first_open(data), has_more, last_id or (ids[-1] if ids else None))


def page_of(elements: Sequence[Element]) -> RawPage:
    """A page of these elements."""
    body = f'{{"data":[{",".join(element.text for element in elements)}]}}'
    ids = tuple(element.id for element in elements)
    return RawPage(body, ids, _first_open([element.value for element in elements]), False, None)


def element_of(text: str) -> Element:
    """One thread by itself; without value and id if the text is not JSON."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    return Element(text_field(value, "id"), text, value)


def elements_of(body: str) -> tuple[Element, ...]:
    """The elements of a page that `parse_page` has read, each with its own part of the text."""
    return _envelope(body) or ()


class Cursors:
    """The cursors of one listing: tells where the next page begins, and refuses to go in circles.

    Args:
        first: the cursor of the first page; None for the start.
    """

    def __init__(self, first: str | None = None) -> None:
        self.current = first
        self._seen = {first}
        self._empty_pages = 0

    def advance(self, page: RawPage) -> bool:
        """Moves behind a page; False if it was the last.

        Raises:
            BrokenPageError: there are more pages, and the cursor is missing, was there before, or never moves.
        """
        if not page.has_more:
            return False
        if not page.ids and page.last_id in (None, self.current):
            self._empty_pages += 1
            if self._empty_pages >= MOST_EMPTY_PAGES:
                raise BrokenPageError(f"{MOST_EMPTY_PAGES} empty pages in a row promised more")
            return True
        self._empty_pages = 0
        if page.last_id is None:
            raise BrokenPageError("a page promises more and names no cursor, nor does its last element have an id")
        if page.last_id in self._seen or page.last_id in page.ids[:-1]:
            raise BrokenPageError(f"a page promises more from {page.last_id!r}, where the listing has been before")
        self.current = page.last_id
        self._seen.add(page.last_id)
        return True


def _loaded(body: bytes) -> JSON:
    try:
        return loads(body)
    except ValueError:
        found: JSON = json.loads(body)  # which takes halves of surrogate pairs
        return found


def _ids_of(data: list[Any]) -> tuple[str | None, ...]:
    try:
        ids = [value["id"] for value in data]
        if "".join(ids).isascii() and all(ids):  # nearly all pages, at a glance
            return tuple(ids)
    except (KeyError, TypeError):
        pass
    return tuple([text_field(value, "id") for value in data])


def _first_open(data: Sequence[JSON]) -> int | None:
    for index, value in enumerate(data):
        if isinstance(value, dict) and value.get("status") == "in_progress":
            return index
    return None


def _envelope(text: str) -> tuple[Element, ...] | None:
    """The elements of the field `data`; the last one counts, as for any JSON reader."""
    elements: tuple[Element, ...] | None = None
    at, more = _opened(text, _skip(text, 0), "{}")
    while more:
        name, at = _value(text, at)
        at = _skip(text, _expect(text, _skip(text, at), ":"))
        if name == "data" and text.startswith("[", at):
            elements, at = _elements(text, at)
        else:
            _, at = _value(text, at)
        at, more = _next(text, at, "}")
    return elements


def _elements(text: str, at: int) -> tuple[tuple[Element, ...], int]:
    found: list[Element] = []
    at, more = _opened(text, at, "[]")
    while more:
        value, end = _value(text, at)
        found.append(Element(text_field(value, "id"), text[at:end], value))
        at, more = _next(text, end, "]")
    return tuple(found), at


def _opened(text: str, at: int, brackets: str) -> tuple[int, bool]:
    """Where the first element begins, and whether there is one."""
    at = _skip(text, _expect(text, at, brackets[0]))
    return (at + 1, False) if text.startswith(brackets[1], at) else (at, True)


def _next(text: str, at: int, closing: str) -> tuple[int, bool]:
    """Where the next element begins, and whether there is one."""
    at = _skip(text, at)
    if text.startswith(closing, at):
        return at + 1, False
    return _skip(text, _expect(text, at, ",")), True


def _value(text: str, at: int) -> tuple[JSON, int]:
    value: tuple[JSON, int] = _scan(text, at)
    return value


def _expect(text: str, at: int, character: str) -> int:
    if not text.startswith(character, at):
        raise ValueError(f"{character!r} is missing at character {at}")
    return at + 1


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None  # it matches nothing, too
    return found.end()


def text_field(value: JSON, name: str) -> str | None:
    """A field of an object that is a string and not empty; None for any other, and for one that UTF-8 cannot hold."""
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, str) or not found:
        return None
    if found.isascii():
        return found
    try:
        found.encode()
    except UnicodeEncodeError:
        return None
    return found


def time_field(value: JSON, name: str) -> int | None:
    """A field of an object that is a time in Unix seconds; None for any other."""
    found = value.get(name) if isinstance(value, dict) else None
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not 0 <= found < LARGEST_TIME:
        return None
    return int(found)


def object_of(text: str) -> JSONObject:
    """The JSON object that a stored text holds; anything else comes as `{"damaged": ...}`."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = text
    return value if isinstance(value, dict) else {"damaged": value}


def thread_of(raw: JSONObject) -> ChatKitThread:
    """A thread of any JSON object; the fields that the decoder refuses are in `extra`."""
    fitting, damaged = dict(raw), dict[str, JSON]()
    while True:
        thread: ChatKitThread | Mismatch = as_typed(fitting, ChatKitThread)
        if not isinstance(thread, Mismatch):
            break
        name = _PATH_STEP.split(thread.path)[0]
        if name not in fitting:
            return _kept(ChatKitThread, raw)
        damaged[name] = fitting.pop(name)
    if not damaged:
        return thread
    present = {name: getattr(thread, name) for name in field_names(ChatKitThread) if name not in thread.missing_fields}
    return _kept(ChatKitThread, {**thread.extra, **damaged}, present)


def item_of(raw: JSONObject) -> ChatKitThreadItem:
    """An item of any JSON object; an `UnknownThreadItem` if the decoder refuses it."""
    item: ChatKitThreadItem | Mismatch = as_typed(raw, ChatKitThreadItem)
    return _kept(UnknownThreadItem, raw) if isinstance(item, Mismatch) else item


def as_typed(raw: JSON, cls: Any) -> Any:
    """The object of a class, or the Mismatch that says why the decoder refuses it."""
    try:
        return structure(raw, cls)
    except Mismatch as mismatch:
        return mismatch


def _kept(cls: type[ResultT], extra: JSONObject, present: Mapping[str, object] = MappingProxyType({})) -> ResultT:
    found: Any = restore(cls, present, extra)
    kept: ResultT = found
    return kept
