"""Threads and items as objects: partial, of unknown kinds, and what they work out from what came."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from chatkit_async import (
    APIResponseValidationError,
    ChatKitClientToolCallItem,
    ChatKitTaskItem,
    ChatKitThread,
    ChatKitThreadAssistantMessageItem,
    ChatKitThreadItem,
    ChatKitThreadStatusActive,
    ChatKitThreadUserMessageItem,
    ChatKitWidgetItem,
    MissingFieldError,
    Page,
    UnknownContent,
    UnknownThreadItem,
    UnknownThreadStatus,
)
from chatkit_async._core.codec import Mismatch, structure
from chatkit_async._core.decode import check_strictly
from tests.types.documents import SCHEMAS, resolved, whole

# As the documentation shows them: short spellings, embedded items, fields left out.
THREAD: dict[str, Any] = {
    "id": "cthr_abc123",
    "object": "chatkit.thread",
    "title": "Customer escalation",
    "items": {
        "data": [
            {
                "id": "cthi_user_001",
                "type": "user_message",
                "content": [{"type": "input_text", "text": "I need help."}],
            },
            {"id": "cthi_a_002", "type": "assistant_message", "content": [{"type": "output_text", "text": "Sure."}]},
        ],
        "has_more": False,
    },
}
THREADS: dict[str, Any] = {
    "data": [{"id": "cthr_abc123", "object": "chatkit.thread", "title": "Escalation"}, {"id": "cthr_def456"}],
    "has_more": False,
    "object": "list",
}
ITEMS: dict[str, Any] = {"data": THREAD["items"]["data"], "has_more": True, "object": "list"}
PARTIAL: list[tuple[Any, dict[str, Any]]] = [
    (ChatKitThread, THREAD),
    (Page[ChatKitThread], THREADS),
    (Page[ChatKitThreadItem], ITEMS),
    (Page[ChatKitThreadItem], {}),
    (ChatKitThread, {"status": {}}),
]
every_partial = pytest.mark.parametrize(("cls", "document"), PARTIAL)


def item(document: dict[str, Any]) -> Any:
    page: Any = structure({"data": [document]}, Page[ChatKitThreadItem])
    return page.data[0]


@every_partial
def test_a_documented_example_parses_and_goes_back_as_it_came(cls: Any, document: dict[str, Any]) -> None:
    assert structure(document, cls).to_dict() == document


@every_partial
def test_a_partial_response_copies_pickles_compares_hashes_and_shows_itself(cls: Any, document: dict[str, Any]) -> None:
    first = structure(document, cls)
    for again in (copy.copy(first), copy.deepcopy(first), pickle.loads(pickle.dumps(first))):
        assert (again, hash(again), repr(again), again.to_dict()) == (first, hash(first), repr(first), document)
        assert again.missing_fields == first.missing_fields


def test_fields_that_an_example_lacks_are_named_when_read() -> None:
    thread = structure(THREAD, ChatKitThread)
    assert thread.missing_fields == ("created_at", "status", "user")
    for name in ("created_at", "status", "user", "created_at_utc", "is_active"):
        with pytest.raises(MissingFieldError, match=r"ChatKitThread\.(created_at|status|user): the API's response"):
            getattr(thread, name)
    message = structure(ITEMS, Page[ChatKitThreadItem]).data[0]
    assert isinstance(message, ChatKitThreadUserMessageItem)
    assert (message.type, message.text) == ("chatkit.user_message", "I need help.")
    for name in ("thread_id", "created_at_utc", "attachments", "inference_options"):
        with pytest.raises(MissingFieldError):
            getattr(message, name)


@pytest.mark.parametrize(
    ("document", "missing"),
    [
        ({"type": "user_message"}, r"ChatKitThreadUserMessageItem\.content"),
        ({"type": "user_message", "content": [{"type": "input_text"}]}, r"ChatKitInputText\.text"),
        ({"type": "assistant_message", "content": [{"type": "output_text"}]}, r"ChatKitResponseOutputText\.text"),
    ],
)
def test_text_that_did_not_come_is_missing_never_empty(document: dict[str, Any], missing: str) -> None:
    with pytest.raises(MissingFieldError, match=missing):
        _ = item(document).text


def test_text_is_the_blocks_on_lines_of_their_own_without_quotes_and_unknown_blocks() -> None:
    blocks = [{"type": kind, "text": kind} for kind in ("input_text", "quoted_text", "image", "input_text")]
    assert item({"type": "user_message", "content": blocks}).text == "input_text\ninput_text"
    assert item({"type": "user_message", "content": []}).text == ""


UNKNOWN: dict[str, Any] = {
    "id": "cthi_1",
    "type": "chatkit.hologram",
    "thread_id": "cthr_1",
    "created_at": 5,
    "deep": [{"a": None}],
    "client_secret": "ek_0123456789abcdef",
}


def test_an_unknown_item_shows_itself_compares_hashes_copies_and_pickles() -> None:
    found = item(UNKNOWN)
    for again in (copy.copy(found), copy.deepcopy(found), pickle.loads(pickle.dumps(found)), item(UNKNOWN)):
        assert (again, hash(again), repr(again), again.to_dict()) == (found, hash(found), repr(found), UNKNOWN)
        assert type(again) is UnknownThreadItem
    assert found != item({**UNKNOWN, "deep": []})
    assert "chatkit.hologram" in repr(found)
    assert "0123456789" not in repr(found)
    with pytest.raises(AttributeError):
        found.id = "x"


def test_an_unknown_item_matches_by_class_and_attribute() -> None:
    match item(UNKNOWN):
        case UnknownThreadItem(type="unknown", kind="chatkit.hologram", id=name, created_at=created_at):
            assert (name, created_at) == ("cthi_1", 5)
        case other:
            raise AssertionError(other)


@pytest.mark.parametrize("name", ["kind", "id", "thread_id", "created_at", "created_at_utc"])
def test_what_an_unknown_item_lacks_is_missing(name: str) -> None:
    with pytest.raises(MissingFieldError, match=r"UnknownThreadItem\."):
        getattr(item({}), name)


@pytest.mark.parametrize("value", [None, True, [], {}])
@pytest.mark.parametrize("name", ["id", "thread_id", "created_at"])
def test_what_an_unknown_item_has_of_another_type_is_never_turned_into_text(name: str, value: Any) -> None:
    with pytest.raises(MissingFieldError, match=rf"UnknownThreadItem\.{name}: .* extra has it"):
        getattr(item({name: value}), name)


def test_time_of_an_unknown_item_is_whole_seconds() -> None:
    assert item({"created_at": 5.0}).created_at == 5
    for value in (5.5, "5"):
        with pytest.raises(MissingFieldError):
            _ = item({"created_at": value}).created_at


KINDS: list[tuple[str, str, Any]] = [
    (spelling, tag, SCHEMAS[name])
    for name in ("UserMessageItem", "AssistantMessageItem", "WidgetMessageItem", "ClientToolCallItem", "TaskItem")
    for (tag,) in [resolved(SCHEMAS[name]["properties"]["type"])["enum"]]
    for spelling in (tag, tag.removeprefix("chatkit."))
]


@pytest.mark.parametrize(("spelling", "tag", "schema"), KINDS)
def test_the_type_of_a_known_kind_is_the_documented_one_and_to_dict_has_what_came(
    spelling: str, tag: str, schema: Any
) -> None:
    document = {**whole(schema), "type": spelling}
    found = item(document)
    assert found.type == tag
    assert found.to_dict() == document
    assert list(found.to_dict()) == list(document)
    assert dict(found.extra) == ({} if spelling == tag else {"type": spelling})
    assert pickle.loads(pickle.dumps(found)).to_dict() == document


@pytest.mark.parametrize("document", [{"type": "task"}, {"type": "chatkit.hologram", "heading": "x", "more": 1}])
def test_a_class_decoded_by_itself_has_its_own_type_whatever_came(document: dict[str, Any]) -> None:
    found = structure(document, ChatKitTaskItem)
    assert found.type == "chatkit.task"
    assert found.to_dict() == document
    with pytest.raises(Mismatch, match=r"should be one of 'chatkit\.task'") as caught:
        check_strictly(structure({**whole(SCHEMAS["TaskItem"]), **document}, ChatKitTaskItem))
    assert caught.value.path == "type"


def test_the_type_of_an_unknown_kind_is_unknown_and_its_kind_is_what_came() -> None:
    found = item(UNKNOWN)
    assert (found.type, found.kind, found.to_dict()["type"]) == ("unknown", "chatkit.hologram", "chatkit.hologram")
    assert UnknownThreadItem.type == "unknown"


def test_unknown_kinds_of_every_sort_are_kept_and_differ_by_class() -> None:
    thread = structure({"status": {"type": "frozen"}}, ChatKitThread)
    block = item({"type": "user_message", "content": [{"type": "frozen"}]}).content[0]
    assert type(thread.status) is UnknownThreadStatus
    assert type(block) is UnknownContent
    assert thread.status != block
    assert not thread.is_active
    assert isinstance(structure({"status": {"type": "active"}}, ChatKitThread).status, ChatKitThreadStatusActive)


@pytest.mark.parametrize(
    ("schema", "cls", "field", "value", "path"),
    [
        ("ThreadResource", ChatKitThread, "status", {"type": "frozen"}, "status"),
        ("UserMessageItem", ChatKitThreadUserMessageItem, "content", [{"type": "image"}], "content[0]"),
        ("ThreadItemListResource", Page[ChatKitThreadItem], "data", [UNKNOWN], "data[0]"),
    ],
)
def test_strictly_an_unknown_kind_is_refused_with_its_path(
    schema: str, cls: Any, field: str, value: Any, path: str
) -> None:
    with pytest.raises(Mismatch, match="undocumented kind") as caught:
        check_strictly(structure({**whole(SCHEMAS[schema]), field: value}, cls))
    assert caught.value.path == path


def test_the_kind_that_a_refusal_names_is_short() -> None:
    with pytest.raises(Mismatch) as caught:
        check_strictly(item({"type": "ek_0123456789abcdef" + "x" * 100_000}))
    assert len(caught.value.message) < 200
    assert "0123456789" not in caught.value.message


@pytest.mark.parametrize("value", [10**11 * 5, -(10**12), 2**63, -(2**63), 2**64 - 1, 10**30])
def test_a_time_that_no_datetime_can_hold_is_our_error_and_the_number_stays(value: int) -> None:
    task = item({"type": "task", "created_at": value})
    unknown = item({"type": "new", "created_at": value})
    for found in (structure({"created_at": value}, ChatKitThread), task, unknown):
        assert found.created_at == value
        with pytest.raises(APIResponseValidationError, match=rf"{type(found).__name__}\.created_at is"):
            _ = found.created_at_utc


BROKEN = ["", "{", "nonsense", "NaN", "[Infinity]", '{"a": -Infinity}', "1e999", "[" * 100_000, "1" * 5000, "{} {}"]


@pytest.mark.parametrize("text", BROKEN, ids=lambda text: repr(text[:12]))
def test_invalid_json_text_is_our_error_and_the_error_does_not_show_it(text: str) -> None:
    call = item({"type": "client_tool_call", "arguments": text, "output": text})
    widget = item({"type": "widget", "widget": text})
    for found, name in ((call, "arguments_json"), (call, "output_json"), (widget, "widget_json")):
        with pytest.raises(APIResponseValidationError, match=rf"{name.removesuffix('_json')} is not JSON") as caught:
            getattr(found, name)
        assert caught.value.__context__ is None


def test_text_that_is_json_is_decoded() -> None:
    call = item({"type": "client_tool_call", "arguments": '{"a": [1, 2.5, null]}', "output": None})
    assert isinstance(call, ChatKitClientToolCallItem)
    assert (call.arguments_json, call.output_json) == ({"a": [1, 2.5, None]}, None)
    widget = item({"type": "widget", "widget": "{}"})
    assert isinstance(widget, ChatKitWidgetItem)
    assert widget.widget_json == {}
    with pytest.raises(MissingFieldError, match=r"ChatKitClientToolCallItem\.arguments"):
        _ = item({"type": "client_tool_call"}).arguments_json


def test_an_assistants_message_has_its_text_and_references() -> None:
    annotation = {"type": "url", "source": {"type": "url", "url": "https://example.com"}}
    found = item(
        {"type": "assistant_message", "content": [{"type": "output_text", "text": "a", "annotations": [annotation]}]}
    )
    assert isinstance(found, ChatKitThreadAssistantMessageItem)
    assert found.text == "a"
    assert found.to_dict()["content"][0]["annotations"] == [annotation]  # type: ignore[index,call-overload]
