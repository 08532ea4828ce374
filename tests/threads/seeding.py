"""Threads and items as the REST API shows them, for tests to seed."""

from __future__ import annotations

from typing import Any

BEGINNING = 1_700_000_000


def thread(number: int, user: str = "user_1", **fields: Any) -> dict[str, Any]:
    return {
        "id": f"cthr_{number}",
        "object": "chatkit.thread",
        "created_at": BEGINNING + number,
        "title": f"Thread {number}",
        "status": {"type": "active"},
        "user": user,
        **fields,
    }


def item(number: int, thread_id: str = "cthr_1", kind: str = "chatkit.task", **fields: Any) -> dict[str, Any]:
    common = {
        "id": f"cthi_{number}",
        "object": "chatkit.thread_item",
        "created_at": BEGINNING + number,
        "thread_id": thread_id,
        "type": kind,
    }
    return {**common, **(fields or {"task_type": "custom", "heading": None, "summary": f"Step {number}"})}


def one_of_each_kind(thread_id: str = "cthr_1") -> list[dict[str, Any]]:
    return [
        item(
            1,
            thread_id,
            "chatkit.user_message",
            content=[{"type": "input_text", "text": "What is open?"}, {"type": "quoted_text", "text": "opening hours"}],
            attachments=[
                {
                    "type": "file",
                    "id": "cfile_1",
                    "name": "plan.pdf",
                    "mime_type": "application/pdf",
                    "preview_url": None,
                }
            ],
            inference_options={"tool_choice": {"id": "search"}, "model": None},
        ),
        item(
            2,
            thread_id,
            "chatkit.assistant_message",
            content=[
                {
                    "type": "output_text",
                    "text": "The north gate.",
                    "annotations": [
                        {"type": "url", "source": {"type": "url", "url": "https://example.com/gates"}},
                        {"type": "file", "source": {"type": "file", "filename": "plan.pdf"}},
                    ],
                }
            ],
        ),
        item(3, thread_id, "chatkit.widget", widget='{"type":"Card"}'),
        item(
            4,
            thread_id,
            "chatkit.client_tool_call",
            status="completed",
            call_id="call_1",
            name="open_map",
            arguments='{"gate":"north"}',
            output='{"shown":true}',
        ),
        item(5, thread_id, "chatkit.task", task_type="thought", heading="Thinking", summary="of gates"),
        item(
            6,
            thread_id,
            "chatkit.task_group",
            tasks=[{"type": "custom", "heading": "Looked", "summary": None}],
        ),
        item(7, thread_id, "chatkit.hologram", projection={"depth": 3}),
    ]
