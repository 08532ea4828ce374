"""Threads and items for seeds: a complete item of each documented kind."""

from __future__ import annotations

from typing import Any

USER_MESSAGE: dict[str, Any] = {
    "type": "chatkit.user_message",
    "content": [
        {"type": "input_text", "text": "Where is it?"},
        {"type": "quoted_text", "text": "Your parcel is sent."},
    ],
    "attachments": [
        {"type": "file", "id": "atc_1", "name": "bill.pdf", "mime_type": "application/pdf", "preview_url": None},
        {
            "type": "image",
            "id": "atc_2",
            "name": "box.png",
            "mime_type": "image/png",
            "preview_url": "https://x.test/b",
        },
    ],
    "inference_options": {"tool_choice": {"id": "tool_1"}, "model": "gpt-x"},
}
ASSISTANT_MESSAGE: dict[str, Any] = {
    "type": "chatkit.assistant_message",
    "content": [
        {
            "type": "output_text",
            "text": "On its way.",
            "annotations": [
                {"type": "file", "source": {"type": "file", "filename": "bill.pdf"}},
                {"type": "url", "source": {"type": "url", "url": "https://parcels.test/1"}},
            ],
        }
    ],
}
WIDGET: dict[str, Any] = {"type": "chatkit.widget", "widget": '{"type":"Card","children":[]}'}
TOOL_CALL: dict[str, Any] = {
    "type": "chatkit.client_tool_call",
    "status": "completed",
    "call_id": "call_1",
    "name": "get_position",
    "arguments": "{}",
    "output": '{"lat":1}',
}
TASK: dict[str, Any] = {"type": "chatkit.task", "task_type": "thought", "heading": "Thinking", "summary": None}
TASK_GROUP: dict[str, Any] = {
    "type": "chatkit.task_group",
    "tasks": [{"type": "custom", "heading": None, "summary": "Looked it up"}],
}
KINDS = [USER_MESSAGE, ASSISTANT_MESSAGE, WIDGET, TOOL_CALL, TASK, TASK_GROUP]
STATUSES: list[dict[str, Any]] = [
    {"type": "active"},
    {"type": "locked", "reason": None},
    {"type": "closed", "reason": "Done"},
]


def thread(thread_id: str, *, items: int = 6, **fields: Any) -> dict[str, Any]:
    """A thread as `seed` takes it, with items of all kinds in turn, a second apart: cthi_0, cthi_1, ..."""
    made = [
        {"id": f"cthi_{number}", "created_at": 1_700_000_000 + number, **KINDS[number % len(KINDS)]}
        for number in range(items)
    ]
    return {"thread": {"id": thread_id, **fields}, "items": made}


def threads(count: int, **fields: Any) -> list[dict[str, Any]]:
    """Threads of all statuses in turn, a second apart: cthr_0, cthr_1, ..., of user_0 and user_1 in turn."""
    return [
        thread(
            f"cthr_{number}",
            **{
                "user": f"user_{number % 2}",
                "created_at": 1_700_000_000 + number,
                "title": None if number % 2 else f"Thread {number}",
                "status": STATUSES[number % len(STATUSES)],
                **fields,
            },
        )
        for number in range(count)
    ]
