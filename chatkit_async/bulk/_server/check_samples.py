"""A hosted thread with an item of each kind, for the check of a store."""

from __future__ import annotations

from ...types._json import JSONObject

FIRST_S = 978_350_400
"""2001-01-01 12:00 UTC: before all real threads, so that the check threads are first in a list and quickly found."""
SPREAD_S = 300 * 86_400

THREAD: JSONObject = {
    "object": "chatkit.thread",
    "created_at": FIRST_S,
    "title": "chatkit-async: check of the store",
    "status": {"type": "locked", "reason": "check"},
    "user": "check",
}

_TEXT = "Zażółć gęślą jaźń 😀\nsecond line"

ITEMS: tuple[JSONObject, ...] = (
    {
        "type": "chatkit.user_message",
        "content": [{"type": "quoted_text", "text": "quoted"}, {"type": "input_text", "text": _TEXT}],
        "attachments": [{"type": "file", "id": "file_check", "name": "a.txt", "mime_type": "text/plain"}],
        "inference_options": {"tool_choice": {"id": "tool_check"}, "model": "model-check"},
    },
    {
        "type": "chatkit.assistant_message",
        "content": [
            {
                "type": "output_text",
                "text": _TEXT,
                "annotations": [
                    {"type": "url", "source": {"type": "url", "url": "https://example.com/a"}},
                    {"type": "file", "source": {"type": "file", "filename": "a.txt"}},
                ],
            },
            {"type": "output_text", "text": "second block", "annotations": []},
        ],
    },
    {"type": "chatkit.widget", "widget": '{"type":"Card","children":[{"type":"Text","value":"check"}]}'},
    {
        "type": "chatkit.client_tool_call",
        "status": "completed",
        "call_id": "call_check",
        "name": "tool",
        "arguments": '{"a":[1,{"b":null}]}',
        "output": '{"c":true}',
    },
    {"type": "chatkit.task", "task_type": "custom", "heading": "heading", "summary": "summary"},
    {"type": "chatkit.task", "task_type": "thought", "heading": None, "summary": "a thought"},
    {"type": "chatkit.task_group", "tasks": [{"type": "custom", "heading": "heading", "summary": None}]},
    {"type": "chatkit.not_known", "value": 1},
)


def message(text: str) -> JSONObject:
    """A message of the user."""
    return {"type": "chatkit.user_message", "content": [{"type": "input_text", "text": text}]}
