"""A page: its items, and where the next begins."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from chatkit_async import ChatKitThread, ChatKitThreadItem, MissingFieldError, Page
from chatkit_async._core.codec import structure
from chatkit_async.types.page import point_backwards


def page(**fields: Any) -> Page[ChatKitThread]:
    document: Any = {"object": "list", "data": [{"id": "a"}, {"id": "b"}], "has_more": True, **fields}
    return structure(document, Page[ChatKitThread])


def test_a_page_is_its_items() -> None:
    found = page()
    assert [thread.id for thread in found] == ["a", "b"]
    assert (len(found), list(found), bool(found)) == (2, list(found.data), True)
    assert (len(page(data=[])), list(page(data=[]))) == (0, [])


@pytest.mark.parametrize(
    ("fields", "forwards", "backwards"),
    [
        ({"first_id": "f", "last_id": "l"}, "l", "f"),
        ({"first_id": None, "last_id": None}, "b", "a"),
        ({"first_id": "", "last_id": ""}, "b", "a"),
        ({}, "b", "a"),
        ({"data": []}, None, None),
        ({"data": [{}]}, None, None),
        ({"data": [], "first_id": "f", "last_id": "l"}, "l", "f"),
        ({"has_more": False, "first_id": "f", "last_id": "l"}, None, None),
    ],
    ids=str,
)
def test_the_next_page_begins_at_the_edge_of_its_direction(
    fields: Any, forwards: str | None, backwards: str | None
) -> None:
    assert page(**fields).next_cursor == forwards
    assert point_backwards(page(**fields)).next_cursor == backwards


@pytest.mark.parametrize("absent", ["has_more", "data"])
def test_the_next_cursor_of_an_incomplete_page_is_missing_never_none(absent: str) -> None:
    whole: Any = {"object": "list", "data": [{"id": "a"}], "has_more": True}
    found = structure({name: value for name, value in whole.items() if name != absent}, Page[ChatKitThread])
    with pytest.raises(MissingFieldError, match=rf"Page\.{absent}"):
        _ = found.next_cursor


def test_an_id_other_than_a_string_is_not_a_cursor() -> None:
    document: Any = {"data": [{"type": "new", "id": None}], "has_more": True}
    assert structure(document, Page[ChatKitThreadItem]).next_cursor is None


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_a_copy_of_a_page_goes_on_the_same_way(again: Any) -> None:
    for first in (page(), point_backwards(page())):
        assert again(first) == first
        assert again(again(first)).next_cursor == first.next_cursor


def test_the_direction_of_a_listing_is_not_a_field_of_its_pages() -> None:
    assert page() == point_backwards(page())
    assert hash(page()) == hash(point_backwards(page()))
    assert repr(page()) == repr(point_backwards(page()))
    assert page().to_dict() == point_backwards(page()).to_dict()
