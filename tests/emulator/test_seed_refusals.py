"""Seeds that are refused: with which path and words, and without a change."""

from __future__ import annotations

import math
from typing import Any

import pytest

from chatkit_async import ConfigurationError
from chatkit_async.emulator import Emulator
from tests.emulator.seeds import threads


@pytest.fixture
def seeded() -> Emulator:
    """Not started: seeding needs no server."""
    return Emulator()


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"threads": {"thread": {}}}, "threads"),
    ({"threads": "cthr_1"}, "threads"),
    ({"threads": 5}, "threads"),
    ({"threads": [{}]}, "threads[0].thread"),
    ({"threads": [{"thread": {}, "item": []}]}, "threads[0].item"),
    ({"threads": [{"thread": {}, "items": {}}]}, "threads[0].items"),
    ({"threads": [{"thread": None}]}, "threads[0].thread"),
    ({"threads": [{"thread": {"id": ""}}]}, "threads[0].thread.id"),
    ({"threads": [{"thread": {}}, {"thread": {"created_at": "now"}}]}, "threads[1].thread.created_at"),
    ({"threads": [{"thread": {"created_at": True}}]}, "threads[0].thread.created_at"),
    ({"threads": [{"thread": {"object": "thread"}}]}, "threads[0].thread.object"),
    ({"threads": [{"thread": {"user": None}}]}, "threads[0].thread.user"),
    ({"threads": [{"thread": {"status": "active"}}]}, "threads[0].thread.status"),
    ({"threads": [{"thread": {"status": {"reason": "x"}}}]}, "threads[0].thread.status.type"),
    ({"threads": [{"thread": {"status": {"type": "locked", "reason": 5}}}]}, "threads[0].thread.status.reason"),
    ({"threads": [{"thread": {"id": "a"}}, {"thread": {"id": "a"}}]}, "threads[1].thread.id"),
    ({"threads": [{"thread": {"x": math.nan}}]}, "threads[0].thread.x"),
    ({"threads": [{"thread": {"title": "\ud800"}}]}, "threads[0].thread.title"),
    ({"threads": [{"thread": {"x": [b""]}}]}, "threads[0].thread.x[0]"),
    ({"threads": [{"thread": {5: "x"}}]}, "threads[0].thread[5]"),
    ({"sessions": [None]}, "sessions[0]"),
    ({"sessions": [{"status": "canceled"}]}, "sessions[0].status"),
    ({"sessions": [{"workflow": {"state_variables": {"a": []}}}]}, "sessions[0].workflow.state_variables.a"),
    ({"sessions": [{"rate_limits": {"max_requests_per_1_minute": "x"}}]}, "sessions[0].max_requests_per_1_minute"),
    ({"sessions": [{"id": "a"}, {"id": "a"}]}, "sessions[1].id"),
]
REFUSED_ITEMS: list[tuple[dict[str, Any], str]] = [
    ({}, "type"),
    ({"type": 5}, "type"),
    ({"type": "x", "id": 5}, "id"),
    ({"type": "x", "thread_id": "cthr_2"}, "thread_id"),
    ({"type": "x", "object": "chatkit.item"}, "object"),
    ({"type": "chatkit.widget"}, "widget"),
    ({"type": "chatkit.widget", "widget": {}}, "widget"),
    ({"type": "chatkit.client_tool_call", "call_id": "c"}, "name"),
    ({"type": "chatkit.user_message", "content": "Hi"}, "content"),
    ({"type": "user_message", "content": "Hi"}, "content"),
    ({"type": "task_group", "tasks": [{"heading": 5}]}, "tasks[0].type"),
    ({"type": "chatkit.user_message", "content": [{"type": "input_text"}]}, "content[0].text"),
    ({"type": "chatkit.user_message", "attachments": [{"type": "file"}]}, "attachments[0].id"),
    (
        {"type": "chatkit.assistant_message", "content": [{"type": "output_text", "text": "", "annotations": [{}]}]},
        "content[0].annotations[0].type",
    ),
]


@pytest.mark.parametrize(
    ("seed", "path"),
    [
        *REFUSED,
        *(
            ({"threads": [{"thread": {"id": "cthr_1"}, "items": [{"type": "x"}, item]}]}, f"threads[0].items[1].{path}")
            for item, path in REFUSED_ITEMS
        ),
        (
            {"threads": [{"thread": {"id": "cthr_1"}, "items": [{"type": "x", "id": "a"}] * 2}]},
            "threads[0].items[1].id",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_value_is_refused_with_its_path_and_nothing_is_changed(
    seeded: Emulator, seed: dict[str, Any], path: str
) -> None:
    seeded.seed(threads=threads(1))
    before = seeded.threads(), seeded.sessions()
    with pytest.raises(ConfigurationError) as refused:
        seeded.seed(**seed, reset=True)
    words = str(refused.value).replace("'", " ").replace(": ", " ").split()
    assert path in words
    assert (seeded.threads(), seeded.sessions()) == before


def test_a_seed_nested_too_deeply_is_refused(seeded: Emulator) -> None:
    def nested(levels: int) -> list[Any]:
        return [nested(levels - 1)] if levels else []

    seeded.seed(threads=[{"thread": {"x": nested(90)}}])
    with pytest.raises(ConfigurationError, match=r"'threads\[0\]\.thread\.x(\[0\])+': it nests deeper than 100 levels"):
        seeded.seed(threads=[{"thread": {"x": nested(500)}}])


@pytest.mark.parametrize(
    ("seed", "message"),
    [
        (
            {"sessions": [{"status": "canceled"}]},
            "sessions[0].status: Invalid value: 'canceled'. Supported values are: 'active', 'expired', 'cancelled'.",
        ),
        (
            {"threads": [{"thread": {}, "items": [{}]}]},
            (
                "Missing required parameter: 'threads[0].items[0].type'. Supported values are: 'chatkit.user_message', "
                "'chatkit.assistant_message', 'chatkit.widget', 'chatkit.client_tool_call', 'chatkit.task', "
                "'chatkit.task_group'."
            ),
        ),
        (
            {"threads": [{"thread": {}, "item": []}]},
            "Unknown parameter: 'threads[0].item': did you mean items? Supported values are: 'thread', 'items'.",
        ),
        (
            {"threads": [{"thread": {}, "items": [{"type": "user_message", "content": "hi"}]}]},
            "Invalid type for 'threads[0].items[0].content': expected an array, but got a string instead.",
        ),
    ],
    ids=["status", "kind", "key", "content"],
)
def test_a_refusal_names_the_path_and_the_allowed_values(seeded: Emulator, seed: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        seeded.seed(**seed)
    assert str(refused.value) == f"the seed was refused: {message}"


COMMON = "'id', 'object', 'created_at', 'thread_id', 'type'"


@pytest.mark.parametrize(
    ("seed", "path", "name", "allowed"),
    [
        ({"threads": [{"thread": {"titel": "x"}}]}, "threads[0].thread.titel", "title", "'title', 'status', 'user'"),
        ({"threads": [{"thread": {"createdAt": 5}}]}, "threads[0].thread.createdAt", "created_at", "'id', 'object'"),
        (
            {"threads": [{"thread": {"status": {"type": "closed", "resaon": "done"}}}]},
            "threads[0].thread.status.resaon",
            "reason",
            "'type', 'reason'",
        ),
        (
            {"threads": [{"thread": {}, "items": [{"type": "chatkit.user_message", "contents": []}]}]},
            "threads[0].items[0].contents",
            "content",
            f"{COMMON}, 'content', 'attachments', 'inference_options'",
        ),
        (
            {"threads": [{"thread": {}, "items": [{"type": "chatkit.task", "creatd_at": 5}]}]},
            "threads[0].items[0].creatd_at",
            "created_at",
            COMMON,
        ),
        ({"threads": [{"thread": {"uesr": "x"}}]}, "threads[0].thread.uesr", "user", "'title', 'status', 'user'"),
        ({"threads": [{"thread": {"users": ["x"]}}]}, "threads[0].thread.users", "user", "'title', 'status', 'user'"),
        ({"sessions": [{"expires": 5}]}, "sessions[0].expires", "expires_at", "'expires_at', 'user'"),
        ({"sessions": [{"workflow": {"versoin": "1"}}]}, "sessions[0].workflow.versoin", "version", "'id', 'version'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_misspelt_field_is_refused_with_its_path_and_the_names_there_are(
    seeded: Emulator, seed: dict[str, Any], path: str, name: str, allowed: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        seeded.seed(**seed)
    message = str(refused.value)
    assert f"Unknown parameter: '{path}': did you mean {name}? Supported values are: " in message
    assert allowed in message
    assert (seeded.threads(), seeded.sessions()) == ([], [])


@pytest.mark.parametrize(
    ("kind", "near"),
    [
        ("chatkit.asistant_message", "assistant_message"),
        ("user_mesage", "user_message"),
        ("chatkit.widgit", "widget"),
        ("taskgroup", "task_group"),
    ],
)
def test_a_misspelt_kind_of_item_is_refused_with_the_nearest_and_all(seeded: Emulator, kind: str, near: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        seeded.seed(threads=[{"thread": {}, "items": [{"type": kind}]}])
    message = str(refused.value)
    assert f"threads[0].items[0].type: Invalid value: '{kind}': did you mean {near}? Supported values are: " in message
    assert seeded.threads() == []


def test_a_misspelt_kind_of_content_and_of_status_is_refused_too(seeded: Emulator) -> None:
    with pytest.raises(ConfigurationError, match=r"did you mean input_text\?"):
        seeded.seed(threads=[{"thread": {}, "items": [{"type": "user_message", "content": [{"type": "input_txt"}]}]}])
    with pytest.raises(ConfigurationError, match=r"did you mean closed\?"):
        seeded.seed(threads=[{"thread": {"status": {"type": "close"}}}])


@pytest.mark.parametrize("kind", ["system_message", "mcp_tool_call", "chatkit.image", "task_list", "workflow", "x"])
def test_a_kind_of_item_that_may_be_new_is_kept(seeded: Emulator, kind: str) -> None:
    seeded.seed(threads=[{"thread": {"status": {"type": "unlocked"}}, "items": [{"type": kind}]}])
    assert seeded.threads()[0]["status"] == {"type": "unlocked"}
