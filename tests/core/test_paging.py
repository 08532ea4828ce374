"""Where the next page begins, compared with a model of a server."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit_async import ChatKitThread, Page, ParamsValidationError, ThreadListItemsParams, ThreadListParams
from chatkit_async._core.codec import structure
from chatkit_async._core.paging import (
    MOST_EMPTY_PAGES,
    LostCursor,
    Position,
    checked_max_items,
    first_position,
    is_backwards,
    next_position,
    params_at,
)
from chatkit_async.types.page import point_backwards
from tests.examples import steady

MANY = steady(300)
SHAPES = st.sampled_from([("first_id", "last_id"), ("last_id",), ("first_id",), ()])


def page(*ids: str | None, backwards: bool = False, **fields: Any) -> Page[ChatKitThread]:
    document: Any = {"data": [{} if name is None else {"id": name} for name in ids], "has_more": True, **fields}
    found = structure(document, Page[ChatKitThread])
    return point_backwards(found) if backwards else found


def served(ids: list[str], params: Any, shape: tuple[str, ...]) -> Page[ChatKitThread]:
    """The page of a server that keeps these ids in this order."""
    begin = ids.index(params.after) + 1 if params.after in ids else 0
    end = ids.index(params.before) if params.before in ids else len(ids)
    window = ids[begin:end]
    backwards = is_backwards(params)
    found = window[-params.limit :] if backwards else window[: params.limit]
    edges = {"first_id": found[0] if found else None, "last_id": found[-1] if found else None}
    known = {name: edges[name] for name in shape}
    return page(*found, backwards=backwards, has_more=len(window) > len(found), **known)


def walked(ids: list[str], params: Any, shapes: Any, empties: Any) -> list[list[str]]:
    """The pages of a whole walk; empty ones are requested again."""
    position: Position | None = first_position(params)
    seen: set[str | None] = {position.cursor} if position else set()
    pages: list[list[str]] = []
    while position is not None:
        if empties() and position.empty_pages < MOST_EMPTY_PAGES - 1:
            found = page(backwards=is_backwards(params), last_id=position.cursor, first_id=position.cursor)
        else:
            found = served(ids, params_at(params, position), shapes())
        pages.append([thread.id for thread in found])
        position = next_position(position, found, seen)
        if position is not None:
            seen.add(position.cursor)
    return pages


@MANY
@given(st.data())
def test_a_walk_gives_each_item_of_its_window_once_and_in_order(data: st.DataObject) -> None:
    ids = [f"cthr_{number}" for number in range(data.draw(st.integers(0, 30), "count"))]
    edge = st.none() | st.sampled_from([*ids, "nowhere"])
    limit = data.draw(st.integers(1, 12), "limit")
    params = ThreadListParams(after=data.draw(edge, "after"), before=data.draw(edge, "before"), limit=limit)
    pages = walked(ids, params, lambda: data.draw(SHAPES), lambda: data.draw(st.integers(0, 4)) == 0)
    begin = ids.index(params.after) + 1 if params.after in ids else 0
    end = ids.index(params.before) if params.before in ids else len(ids)
    # Backwards, pages come from the last to the first; each has its items in the given order.
    found = [name for part in (pages[::-1] if is_backwards(params) else pages) for name in part]
    assert found == ids[begin:end]
    assert all(len(part) <= limit for part in pages)


@MANY
@given(st.data())
def test_whatever_a_server_sends_a_walk_ends_or_moves(data: st.DataObject) -> None:
    ids = st.sampled_from(["a", "b", "c", None])
    position: Position | None = first_position(ThreadListParams())
    seen: set[str | None] = {None}
    for _ in range(4 * MOST_EMPTY_PAGES):  # three ids and a beginning, each with so many empty pages
        fields = data.draw(st.fixed_dictionaries({}, optional={"last_id": ids, "has_more": st.just(True)}))
        try:
            position = next_position(position, page(*data.draw(st.lists(ids, max_size=2)), **fields), seen)
        except LostCursor:
            return
        assert position is not None
        seen.add(position.cursor)
    raise AssertionError("a walk over three ids never ended")


@pytest.mark.parametrize("absent", ["has_more", "data"])
def test_a_page_that_does_not_say_whether_there_are_more_is_lost(absent: str) -> None:
    document: Any = {"data": [{"id": "a"}], "has_more": False, "last_id": "a"}
    found = structure({name: value for name, value in document.items() if name != absent}, Page[ChatKitThread])
    with pytest.raises(LostCursor, match=f"has no {absent}"):
        next_position(Position(None), found, {None})


def test_no_more_is_the_end_whatever_else_a_page_says() -> None:
    assert next_position(Position("a"), page("b", has_more=False, last_id="a"), {None, "a"}) is None
    assert next_position(Position("a"), page(has_more=False), {None, "a"}) is None


def test_a_repeated_cursor_and_a_missing_one_are_lost_cursors() -> None:
    with pytest.raises(LostCursor, match="'a', which an earlier page had"):
        next_position(Position("b"), page("x", last_id="a"), {None, "a", "b"})
    with pytest.raises(LostCursor, match="but no cursor"):
        next_position(Position("b"), page("x", None), {None, "b"})


def test_empty_pages_are_requested_again_up_to_a_limit() -> None:
    position: Position | None = Position("a")
    for count in range(1, MOST_EMPTY_PAGES):
        assert position is not None
        position = next_position(position, page(), {"a"})
        assert position == Position("a", count)
    with pytest.raises(LostCursor, match=f"{MOST_EMPTY_PAGES} empty pages"):
        next_position(Position("a", MOST_EMPTY_PAGES - 1), page(), {"a"})
    assert next_position(Position("a", MOST_EMPTY_PAGES - 1), page("b"), {"a"}) == Position("b")


def test_only_the_cursor_of_the_parameters_changes_and_the_window_stays() -> None:
    params = ThreadListItemsParams(thread_id="t", after="a", before="z", limit=5, order="asc")
    assert params_at(params, Position("m")).to_dict() == {**params.to_dict(), "after": "m"}
    back = ThreadListItemsParams(thread_id="t", before="z")
    assert params_at(back, Position("m")).to_dict() == {"thread_id": "t", "before": "m"}
    assert params_at(back, Position(None)) is back


@pytest.mark.parametrize("value", [-1, 1.5, "5", True, 2**64])
def test_an_invalid_number_of_items_is_refused(value: Any) -> None:
    with pytest.raises(ParamsValidationError) as caught:
        checked_max_items(value)
    assert [problem.path for problem in caught.value.problems] == ["max_items"]


@pytest.mark.parametrize("value", [None, 0, 1, 10**9])
def test_any_number_of_items_passes(value: int | None) -> None:
    assert checked_max_items(value) == value
