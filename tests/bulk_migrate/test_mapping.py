"""What each hosted item becomes, row by row."""

from __future__ import annotations

import json
import random
from datetime import datetime
from typing import Any

import pytest
from chatkit.agents import ThreadItemConverter
from chatkit.types import ThreadMetadata

from chatkit_async.bulk._server.arguments import MappingOptions
from chatkit_async.bulk._server.mapping import map_item, map_thread
from chatkit_async.bulk._server.report import LOSSES
from chatkit_async.bulk._server.store_access import server_types

from .sources import hosted_item, hosted_thread, random_items

FILE = {"type": "file", "id": "file_1", "name": "a.pdf", "mime_type": "application/pdf", "preview_url": None}
IMAGE = {
    "type": "image",
    "id": "file_2",
    "name": "b.png",
    "mime_type": "image/png",
    "preview_url": "https://cdn.example.com/b",
}


def mapped(raw: Any, **options: Any) -> tuple[Any, set[str]]:
    """The target's item, built by the package, and the kinds of loss."""
    result = map_item(raw, "cthr_1", MappingOptions(**options))
    if result.fields is None:
        return None, {*result.losses}
    item: Any = server_types().build_item(result.fields, "cthi_1", "cthr_1", datetime(2026, 1, 1))
    return item, {*result.losses}


def test_a_user_message_is_one_text_block_with_its_quotes_beside_it() -> None:
    blocks = [{"type": "input_text", "text": "one"}, {"type": "quoted_text", "text": "said"}]
    blocks += [{"type": "input_text", "text": "two"}, {"type": "quoted_text", "text": "before"}]
    item, losses = mapped(hosted_item(content=blocks))
    assert [block.text for block in item.content] == ["one\ntwo"]
    assert item.quoted_text == "said\n\nbefore"
    assert losses == {"block_borders", "quote_position"}


def test_a_quote_before_the_text_loses_nothing() -> None:
    item, losses = mapped(
        hosted_item(content=[{"type": "quoted_text", "text": "q"}, {"type": "input_text", "text": "t"}])
    )
    assert (item.quoted_text, item.content[0].text, losses) == ("q", "t", set())


def test_inference_options_are_carried_over() -> None:
    chosen = {"tool_choice": {"id": "search"}, "model": "gpt-x"}
    item, losses = mapped(hosted_item(inference_options=chosen))
    assert (item.inference_options.model_dump(), losses) == (chosen, set())
    item, losses = mapped(hosted_item(inference_options=None))
    assert (item.inference_options.model_dump(), losses) == ({"tool_choice": None, "model": None}, set())
    item, losses = mapped(hosted_item(inference_options={"tool_choice": 7, "model": "gpt-x"}))
    assert (item.inference_options.model, losses) == ("gpt-x", {"inference_options"})


def test_attachments_become_lines_of_text() -> None:
    item, losses = mapped(hosted_item(attachments=[FILE, IMAGE, {"name": None}]))
    lines = ["[file: a.pdf, application/pdf]", "[file: b.png, image/png]", "[file: unnamed]"]
    assert item.content[0].text.splitlines()[1:] == lines
    assert (item.attachments, losses) == ([], {"attachment_as_text"})


def test_attachments_are_kept_where_asked() -> None:
    without_preview = {**IMAGE, "id": "file_3", "preview_url": "/relative"}
    item, losses = mapped(hosted_item(attachments=[FILE, IMAGE, without_preview]), attachments="keep")
    assert [(each.type, each.id, each.thread_id) for each in item.attachments] == [
        ("file", "file_1", "cthr_1"),
        ("image", "file_2", "cthr_1"),
        ("file", "file_3", "cthr_1"),
    ]
    assert losses == {"attachment_without_bytes"}


def test_an_assistant_message_keeps_its_blocks_and_annotations() -> None:
    block = hosted_item(kind="chatkit.assistant_message")["content"][0]
    item, losses = mapped(hosted_item(kind="chatkit.assistant_message", content=[block, {**block, "annotations": []}]))
    assert [len(each.annotations) for each in item.content] == [2, 0]
    url, file = (annotation.source for annotation in item.content[0].annotations)
    assert (url.url, url.title) == ("https://docs.example.com/reset", "docs.example.com")
    assert (file.filename, file.title) == ("manual.pdf", "manual.pdf")
    assert losses == {"annotation_position"}


@pytest.mark.parametrize("annotation", [None, {}, {"type": "new"}, {"source": {"type": "url", "url": None}}, 7])
def test_an_annotation_that_is_unknown_or_damaged_costs_only_itself(annotation: Any) -> None:
    content = [{"type": "output_text", "text": "said", "annotations": [annotation]}]
    item, losses = mapped(hosted_item(kind="chatkit.assistant_message", content=content))
    assert (item.content[0].text, item.content[0].annotations, losses) == ("said", [], {"annotation_left_out"})


@pytest.mark.parametrize(
    ("block", "text"), [({"type": "new", "text": "said"}, "said"), ({"type": "new"}, '[{"type": "new"}]')]
)
def test_a_block_of_an_unknown_kind_becomes_text(block: Any, text: str) -> None:
    for kind in ("chatkit.user_message", "chatkit.assistant_message"):
        item, losses = mapped(hosted_item(kind=kind, content=[block]))
        assert (item.content[0].text, losses) == (text, {"unknown_block"})


def test_a_widget_becomes_the_server_s_widget() -> None:
    item, losses = mapped(hosted_item(kind="chatkit.widget"))
    assert item.widget.model_dump()["children"] == [{"type": "Text", "value": "42 %"}]
    assert losses == set()


@pytest.mark.parametrize(
    ("arguments", "carried", "lossy"),
    [('{"a": 1}', {"a": 1}, False), ("[1]", {"value": [1]}, True), ("half {", {"value": "half {"}, True)],
)
def test_arguments_of_a_tool_call_become_an_object(arguments: str, carried: Any, lossy: bool) -> None:
    item, losses = mapped(hosted_item(kind="chatkit.client_tool_call", arguments=arguments))
    assert (item.arguments, item.call_id, item.name) == (carried, "call_1", "get_location")
    assert losses == ({"tool_call_form"} if lossy else set())


@pytest.mark.parametrize(("output", "carried", "lossy"), [('{"a": 1}', {"a": 1}, False), ("plain", "plain", True)])
def test_output_of_a_tool_call_is_json_or_text(output: str, carried: Any, lossy: bool) -> None:
    item, losses = mapped(hosted_item(kind="chatkit.client_tool_call", output=output))
    assert (item.output, item.status, losses) == (carried, "completed", {"tool_call_form"} if lossy else set())


def test_a_tool_call_that_was_never_answered_is_completed_pending_or_left_out() -> None:
    call = hosted_item(kind="chatkit.client_tool_call", status="in_progress", output=None)
    item, losses = mapped(call)
    assert (item.status, item.output, losses) == (
        "completed",
        {"hosted": "never answered"},
        {"tool_call_without_output"},
    )
    item, losses = mapped(call, pending_tool_calls="pending")
    assert (item.status, item.output, losses) == ("pending", None, set())
    assert mapped(call, pending_tool_calls="skip") == (None, {"left_out"})


def test_a_task_becomes_a_task() -> None:
    item, losses = mapped(hosted_item(kind="chatkit.task"))
    assert (item.task.type, item.task.title, item.task.content) == ("custom", "Searching", "3 documents")
    item, losses = mapped(hosted_item(kind="chatkit.task", task_type="thought", heading=None, summary=None))
    assert (item.task.type, item.task.title, item.task.content, losses) == ("thought", None, "", set())
    item, losses = mapped(hosted_item(kind="chatkit.task", task_type="new"))
    assert (item.task.type, losses) == ("custom", {"task_kind"})


def test_a_task_group_becomes_a_workflow_whose_steps_are_complete() -> None:
    item, losses = mapped(hosted_item(kind="chatkit.task_group"))
    assert (item.workflow.type, losses) == ("reasoning", {"task_group"})
    assert [(task.title, task.content, task.status_indicator) for task in item.workflow.tasks] == [
        ("Plan", "", "complete"),
        (None, "Then search.", "complete"),
    ]
    mixed = [{"type": "thought", "heading": None, "summary": "a"}, {"type": "custom", "heading": "b", "summary": None}]
    assert mapped(hosted_item(kind="chatkit.task_group", tasks=mixed))[0].workflow.type == "custom"
    assert mapped(hosted_item(kind="chatkit.task_group", tasks=[]))[0].workflow.type == "custom"


@pytest.mark.parametrize(
    "raw",
    [
        hosted_item(kind="chatkit.video", url="https://example.com"),
        hosted_item(content="text"),
        hosted_item(content=[{"type": "input_text", "text": None}]),
        hosted_item(kind="chatkit.client_tool_call", arguments=None),
        hosted_item(kind="chatkit.widget", widget="no JSON"),
        hosted_item(kind="chatkit.widget", widget='{"a": 1e999}'),
        hosted_item(kind="chatkit.task", heading=["a"]),
        {"damaged": 7},
        {},
        None,
        "text",
        [1],
    ],
)
def test_an_unknown_or_damaged_item_becomes_hidden_context_that_holds_its_json(raw: Any) -> None:
    item, losses = mapped(raw)
    assert (item.type, losses) == ("hidden_context_item", {"hidden_context"})
    assert json.loads(item.content) == raw
    assert mapped(raw, hidden_context="skip") == (None, {"left_out"})


def test_the_short_spelling_and_absent_fields_of_the_documented_examples_are_read() -> None:
    raw = {
        "id": "cthi_1",
        "object": "chatkit.thread_item",
        "type": "user_message",
        "content": [{"type": "input_text", "text": "hi"}],
    }
    item, losses = mapped(raw)
    assert (item.type, item.content[0].text, losses) == ("user_message", "hi", set())


def test_half_characters_are_replaced_wherever_they_stand() -> None:
    item, losses = mapped(hosted_item(content=[{"type": "input_text", "text": "a\ud800b"}]))
    assert (item.content[0].text, losses) == ("a\ufffdb", {"surrogates"})
    item, losses = mapped(hosted_item(kind="chatkit.client_tool_call", output='{"\\udc00": "\\ud83d\\ude00"}'))
    assert (item.output, losses) == ({"\ufffd": "😀"}, {"surrogates"})
    item, losses = mapped({"type": "new", "x": "\udfff"})
    assert (json.loads(item.content)["x"], losses) == ("\ufffd", {"hidden_context", "surrogates"})


@pytest.mark.parametrize("depth", [150, 400, 5000])
def test_json_that_is_nested_deeply_does_no_harm(depth: int) -> None:
    nested = '{"a":' * depth + "1" + "}" * depth
    for raw in (
        hosted_item(kind="chatkit.client_tool_call", arguments=nested),
        hosted_item(kind="chatkit.widget", widget=nested),
    ):
        assert map_item(raw, "cthr_1", MappingOptions()).fields is not None


@pytest.mark.parametrize(
    ("status", "carried", "losses"),
    [
        ({"type": "active"}, {"type": "active"}, set()),
        ({"type": "locked", "reason": "abuse"}, {"type": "locked", "reason": "abuse"}, {"thread_not_active"}),
        ({"type": "closed", "reason": None}, {"type": "closed", "reason": None}, {"thread_not_active"}),
        ({"type": "asleep"}, {"type": "active"}, {"thread_status"}),
        ("locked", {"type": "active"}, {"thread_status"}),
        (None, {"type": "active"}, set()),
    ],
)
def test_the_status_of_a_thread_is_carried_over(status: Any, carried: Any, losses: set[str]) -> None:
    result = map_thread(hosted_thread(status=status))
    assert result.losses == losses
    thread = server_types().build_thread(result.fields or {}, "cthr_1", datetime(2026, 1, 1))
    assert type(thread) is ThreadMetadata
    assert thread.status.model_dump() == carried
    assert thread.metadata["hosted"]["status"] == status


def test_the_metadata_of_a_thread_holds_the_hosted_one_without_its_items() -> None:
    raw = hosted_thread(user="user_7", title=None, invented=[1], items={"data": []})
    fields = map_thread(raw).fields or {}
    assert fields["metadata"] == {"hosted": {name: value for name, value in raw.items() if name != "items"}}
    assert map_thread(hosted_thread(title=7)).losses == {"thread_title"}


@pytest.mark.parametrize("seed", range(20))
def test_no_item_makes_the_mapping_raise_and_all_that_is_mapped_can_be_built(seed: int) -> None:
    refused = 0
    for raw in random_items(random.Random(seed), 1000):
        result = map_item(raw, "cthr_1", MappingOptions(attachments="keep" if seed % 2 else "text"))
        assert result.losses <= LOSSES.keys()
        try:
            server_types().build_item(result.fields or {}, "cthi_1", "cthr_1", datetime(2026, 1, 1))
        except ValueError:
            refused += 1
            assert raw["type"] in ("chatkit.widget", "chatkit.user_message")  # a root or a URL that the package refuses
    assert refused < 200


async def test_the_default_converter_reads_every_mapped_item() -> None:
    kept = MappingOptions(hidden_context="keep")
    fields = [map_item(raw, "cthr_1", kept).fields for raw in random_items(random.Random(5), 500)]
    items: list[Any] = []
    for number, each in enumerate(fields):
        try:
            items.append(server_types().build_item(each or {}, f"cthi_{number}", "cthr_1", datetime(2026, 1, 1)))
        except ValueError:
            continue
    assert len(await ThreadItemConverter().to_agent_input(items)) > 400
