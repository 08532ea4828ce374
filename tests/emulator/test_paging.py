"""Pages of threads and items, compared with a model that follows the list element by element."""

from __future__ import annotations

import itertools
import json
from typing import Any
from urllib.parse import urlencode

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatkit_async.emulator._api import ApiRequest
from chatkit_async.emulator._state import EmulatorState
from chatkit_async.emulator._store import NoStore
from tests.emulator.raw import HEADERS
from tests.emulator.schema_slice import ITEM_LIST, THREAD_LIST

UNKNOWN = "cthr_unknown"
THREADS, ITEMS = "/v1/chatkit/threads", "/v1/chatkit/threads/cthr_0/items"
PATHS = {THREADS: THREAD_LIST, ITEMS: ITEM_LIST}


@attrs.frozen
class Query:
    """The query of a list; None leaves a parameter out."""

    order: str | None = None
    after: str | None = None
    before: str | None = None
    limit: int | None = None

    def text(self) -> str:
        return urlencode({name: value for name, value in attrs.asdict(self).items() if value is not None})


def state_with(path: str, created_at: list[int]) -> tuple[EmulatorState, list[str]]:
    """An emulator's state with these resources, and their ids, oldest first; in a second as seeded."""
    state = EmulatorState([], lambda: 1_800_000_000.0, lambda: "0" * 48, NoStore())
    resources: list[dict[str, Any]] = [{"id": f"c_{n}", "created_at": at} for n, at in enumerate(created_at)]
    if path == THREADS:
        state.seed([{"thread": one} for one in resources], [], reset=True)
    else:
        items = [{"type": "chatkit.widget", "widget": "{}", **one} for one in resources]
        state.seed([{"thread": {"id": "cthr_0"}, "items": items}, {"thread": {"id": "cthr_1"}}], [], reset=True)
    return state, sorted((f"c_{n}" for n in range(len(created_at))), key=lambda one: created_at[int(one[2:])])


def page_at(state: EmulatorState, path: str, query: Query) -> dict[str, Any]:
    """The page that the emulator returns, checked against the schema and in itself."""
    response = state.respond(ApiRequest("GET", path, query.text(), HEADERS, b""))
    assert response.status == 200
    page = json.loads(response.body)
    PATHS[path].validate(page)
    ids = [one["id"] for one in page["data"]]
    assert (page["first_id"], page["last_id"]) == ((ids[0], ids[-1]) if ids else (None, None))
    return page


def modelled(oldest_first: list[str], query: Query) -> tuple[list[str], bool]:
    """The elements of the page and whether more follow, found by going from element to element."""
    line = oldest_first if query.order == "asc" else oldest_first[::-1]
    after = query.after if query.after in line else None
    before = query.before if query.before in line else None
    if query.before is not None and query.after is None:
        taken, more = walked(line[::-1], before, None, query.limit)
        return taken[::-1], more
    return walked(line, after, before, query.limit)


def walked(line: list[str], start: str | None, stop: str | None, limit: int | None) -> tuple[list[str], bool]:
    """The elements after `start` and before `stop`, up to the limit, and whether another one follows."""
    met: list[str] = []
    walking = start is None
    if stop is not None and start is not None and line.index(stop) <= line.index(start):
        return [], False
    for element in line:
        if element == stop:
            break
        if walking and len(met) == (20 if limit is None else limit):
            return met, True
        if walking:
            met.append(element)
        walking = walking or element == start
    return met, False


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("created_at", [[], [5], [5, 5], [1, 2, 3], [9, 5, 5, 1], [3, 1, 2, 2, 3]], ids=str)
def test_every_page_of_a_short_list_is_that_of_the_model(path: str, created_at: list[int]) -> None:
    state, oldest_first = state_with(path, created_at)
    cursors = [None, UNKNOWN, "", *oldest_first]
    for parts in itertools.product([None, "asc", "desc"], cursors, cursors, [None, 0, 1, 2, 3, 100]):
        query = Query(*parts)
        page = page_at(state, path, query)
        assert ([one["id"] for one in page["data"]], page["has_more"]) == modelled(oldest_first, query), query


@settings(deadline=None, max_examples=60)
@given(st.data())
@pytest.mark.parametrize("path", PATHS)
def test_every_page_of_a_long_list_is_that_of_the_model(path: str, data: st.DataObject) -> None:
    state, oldest_first = state_with(path, data.draw(st.lists(st.integers(0, 5), max_size=120)))
    cursors = st.sampled_from([None, UNKNOWN, *oldest_first])
    limits = st.one_of(st.none(), st.integers(0, 100))
    query = data.draw(st.builds(Query, st.sampled_from([None, "asc", "desc"]), cursors, cursors, limits))
    page = page_at(state, path, query)
    assert ([one["id"] for one in page["data"]], page["has_more"]) == modelled(oldest_first, query)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 5), max_size=60), st.integers(1, 7), st.sampled_from(["asc", "desc"]))
@pytest.mark.parametrize("path", PATHS)
def test_following_the_cursors_yields_every_resource_once(
    path: str, created_at: list[int], limit: int, order: str
) -> None:
    state, oldest_first = state_with(path, created_at)
    line = oldest_first if order == "asc" else oldest_first[::-1]
    page = page_at(state, path, Query(order=order, limit=limit))
    met = [one["id"] for one in page["data"]]
    while page["has_more"]:
        page = page_at(state, path, Query(order=order, limit=limit, after=page["last_id"]))
        met += [one["id"] for one in page["data"]]
    assert met == line
    backwards = met[-1:]
    while backwards:
        page = page_at(state, path, Query(order=order, limit=limit, before=backwards[0]))
        backwards = [one["id"] for one in page["data"]] + backwards
        if not page["has_more"]:
            break
    assert backwards == line
