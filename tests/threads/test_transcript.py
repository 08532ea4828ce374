"""A conversation as text."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatkit_async import ChatKitThreadItem, ConfigurationError, Page, transcript
from chatkit_async._core.codec import structure

from .seeding import item, one_of_each_kind


def items_of(documents: list[dict[str, Any]]) -> tuple[ChatKitThreadItem, ...]:
    page: Page[ChatKitThreadItem] = structure(
        {"object": "list", "data": documents, "has_more": False},  # type: ignore[dict-item]
        Page[ChatKitThreadItem],
    )
    return page.data


def test_text_reads_as_a_conversation() -> None:
    assert transcript(items_of(one_of_each_kind())).splitlines() == [
        "User: What is open?",
        "  (quoting: opening hours)",
        "  (attached: plan.pdf)",
        "",
        "Assistant: The north gate.",
        "",
        'Widget: {"type":"Card"}',
        "",
        'Tool: open_map({"gate":"north"}) -> {"shown":true}',
        "",
        "Task: Thinking: of gates",
        "",
        "Tasks: Looked",
        "",
        (
            'Unknown item (chatkit.hologram): {"id": "cthi_7", "object": "chatkit.thread_item", "created_at": 1700000007,'
            ' "thread_id": "cthr_1", "type": "chatkit.hologram", "projection": {"depth": 3}}'
        ),
    ]


def test_json_is_what_came() -> None:
    assert json.loads(transcript(items_of(one_of_each_kind()), "json")) == one_of_each_kind()


def test_in_markdown_nothing_that_was_written_becomes_markup() -> None:
    hostile = "```\n# not a heading\n````"
    [message] = items_of(
        [item(1, kind="chatkit.user_message", content=[{"type": "input_text", "text": hostile}], attachments=[])]
    )
    assert transcript([message], "markdown") == f"**User**\n\n`````text\n{hostile}\n`````"


@pytest.mark.parametrize("document", [{}, {"type": "chatkit.user_message"}, {"type": "task_group"}, {"type": "widget"}])
def test_items_that_lack_everything_are_still_named(document: dict[str, Any]) -> None:
    for kind in ("text", "markdown", "json"):
        assert transcript(items_of([document]), kind)  # type: ignore[arg-type]


def test_an_empty_thread_is_an_empty_text() -> None:
    assert (transcript([]), transcript([], "markdown"), transcript([], "json")) == ("", "", "[]")


def test_another_format_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="pdf"):
        transcript([], "pdf")  # type: ignore[arg-type]
