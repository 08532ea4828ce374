"""Whole responses take the generated hook: for every class its result must equal that of the hook by field."""

from __future__ import annotations

import linecache
import traceback
from collections.abc import Iterator
from copy import deepcopy
from itertools import cycle, islice
from typing import Any

import attrs
import pytest

from chatkit_async import ChatKitThreadItem, ChatKitWidgetItem, ChatSession, Page
from chatkit_async._core.codec import Mismatch, structure, structuring_converter
from chatkit_async.types.result import Result, field_names
from tests.counting import python_calls
from tests.types.documents import RESULTS, SCHEMAS, WHOLE, class_of, resolved, whole

every_result = pytest.mark.parametrize("schema", RESULTS)

ITEMS = [whole(choice) for choice in resolved(SCHEMAS["ThreadItem"])["oneOf"]]
PAGE = {**whole(SCHEMAS["ThreadItemListResource"]), "data": list(islice(cycle(ITEMS), 100))}


def parts(result: object) -> Iterator[Result]:
    """A result and all results in it."""
    if isinstance(result, Result):
        yield result
        for name in field_names(type(result)):
            yield from parts(getattr(result, name))
    if isinstance(result, tuple):
        for item in result:
            yield from parts(item)


def places(document: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Each value in a document by its path, with the object or array that holds it and its place there."""
    for place, value in document.items() if isinstance(document, dict) else enumerate(document):
        below = f"{path}[{place}]" if isinstance(document, list) else f"{path}.{place}".removeprefix(".")
        yield below, document, place
        if isinstance(value, (dict, list)):
            yield from places(value, below)


@every_result
def test_a_whole_response_reads_as_it_does_with_an_undocumented_field_beside(schema: str) -> None:
    document = whole(SCHEMAS[schema])
    found, beside = (structure(each, RESULTS[schema]) for each in (document, {**document, "undocumented": 1}))
    assert found.to_dict() == document
    assert (dict(found.extra), dict(beside.extra)) == ({}, {"undocumented": 1})
    for name in document:
        assert getattr(found, name) == getattr(beside, name)
        assert type(getattr(found, name)) is type(getattr(beside, name))


@every_result
def test_each_part_of_a_whole_response_is_of_its_very_class_and_frozen(schema: str) -> None:
    found = structure(whole(SCHEMAS[schema]), RESULTS[schema])
    known = {class_of(cls) for cls in RESULTS.values()}
    for part in parts(found):
        assert type(part) in known
        assert part.missing_fields == ()
        for name in ("extra", *field_names(type(part))):
            with pytest.raises(attrs.exceptions.FrozenInstanceError):
                setattr(part, name, None)
            with pytest.raises(attrs.exceptions.FrozenInstanceError):
                delattr(part, name)


@every_result
def test_a_field_of_another_type_in_a_whole_response_is_refused_as_it_is_alone(schema: str) -> None:
    document = whole(SCHEMAS[schema])
    for name, value in [(name, value) for name in document for value in (None, 1.5, [None], {"type": None}, object())]:
        outcomes = []
        for changed in ({name: value}, {**document, name: value}):
            try:
                outcomes.append(getattr(structure(changed, RESULTS[schema]), name))
            except Mismatch as mismatch:
                outcomes.append((mismatch.path, mismatch.message))
        assert outcomes[0] == outcomes[1]


@every_result
def test_what_is_wrong_deep_in_a_whole_response_is_named_by_its_whole_path(schema: str) -> None:
    document = whole(SCHEMAS[schema])
    for path, _, _ in list(places(document)):
        wrong = deepcopy(document)
        (holder, place) = next((holder, place) for found, holder, place in places(wrong) if found == path)
        holder[place] = object()
        with pytest.raises(Mismatch) as caught:
            structure(wrong, RESULTS[schema])
        assert caught.value.path == path


@every_result
def test_a_field_in_place_of_a_documented_one_is_extra_and_the_documented_one_missing(schema: str) -> None:
    document = whole(SCHEMAS[schema])
    for name in document:
        found = structure({"other" if key == name else key: value for key, value in document.items()}, RESULTS[schema])
        assert found.missing_fields == (name,)
        assert dict(found.extra) == {"other": document[name]}


def test_the_first_of_several_wrong_fields_is_named_whatever_their_types() -> None:
    for first, second in (("client_secret", "expires_at"), ("user", "workflow"), ("workflow", "chatkit_configuration")):
        with pytest.raises(Mismatch) as caught:
            structure({**WHOLE, first: [], second: []}, ChatSession)
        assert caught.value.path == first


def test_an_integral_float_in_a_whole_response_is_an_integer() -> None:
    assert type(structure({**WHOLE, "expires_at": 5.0}, ChatSession).expires_at) is int


@pytest.mark.parametrize("odd", [None, 7, "text", [], {}, {"type": "new"}, {"type": ""}, {"id": "x"}], ids=repr)
def test_an_odd_item_in_a_page_changes_no_other(odd: Any) -> None:
    document = {**PAGE, "data": [*PAGE["data"][:7], odd, *PAGE["data"][7:]]}
    if not isinstance(odd, dict):
        with pytest.raises(Mismatch, match="should be an object") as caught:
            structure(document, Page[ChatKitThreadItem])
        assert caught.value.path == "data[7]"
        return
    found = structure(document, Page[ChatKitThreadItem])
    assert found.to_dict() == document
    assert [type(item) for item in found.data if item is not found.data[7]] == [
        type(item) for item in structure(PAGE, Page[ChatKitThreadItem]).data
    ]


def test_the_lines_of_a_decoder_can_be_read_and_tracebacks_show_them_without_values() -> None:
    decoder = structuring_converter().get_structure_hook(ChatSession)
    file = decoder.__code__.co_filename
    linecache.checkcache(file)  # a debugger does
    assert "def structure_ChatSession(document, _):\n" in linecache.getlines(file)
    wrong = {**WHOLE, "user": "hush", "workflow": []}
    with pytest.raises(Mismatch) as caught:
        structure(wrong, ChatSession)
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert [frame.line for frame in frames if frame.filename == file] == ["raise mismatch.below(place) from None"]
    assert "hush" not in "".join(traceback.format_exception(caught.value))


def test_a_decoder_is_written_once_for_each_class() -> None:
    hook_of = structuring_converter().get_structure_hook
    assert hook_of(ChatKitWidgetItem) is hook_of(ChatKitWidgetItem)


def test_reading_a_page_of_a_hundred_items_takes_one_python_call_for_each_object_and_array_in_it() -> None:
    found = list(parts(structure(PAGE, Page[ChatKitThreadItem])))
    arrays = [
        value for part in found for name in field_names(type(part)) if (value := getattr(part, name)).__class__ is tuple
    ]
    assert (len(found), len(arrays)) == (236, 85)
    assert python_calls(lambda: structure(PAGE, Page[ChatKitThreadItem])) <= len(found) + len(arrays) + 5


def test_reading_a_session_takes_one_python_call_for_each_object_in_it() -> None:
    objects = len(list(parts(structure(WHOLE, ChatSession))))
    assert objects == 8
    assert python_calls(lambda: structure(WHOLE, ChatSession)) <= objects + 6
