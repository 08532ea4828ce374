"""Thread items of all six kinds, as the API shows them, for pages to measure."""

from itertools import cycle, islice

KINDS: tuple[dict[str, object], ...] = (
    {
        "type": "chatkit.user_message",
        "content": [{"type": "input_text", "text": "When does the north gate open on a public holiday?"}],
        "attachments": [],
        "inference_options": None,
    },
    {
        "type": "chatkit.assistant_message",
        "content": [
            {
                "type": "output_text",
                "text": "The north gate opens at nine on public holidays, and closes at dusk.",
                "annotations": [{"type": "url", "source": {"type": "url", "url": "https://example.com/gates"}}],
            }
        ],
    },
    {"type": "chatkit.widget", "widget": '{"type":"Card","children":[]}'},
    {
        "type": "chatkit.client_tool_call",
        "status": "completed",
        "call_id": "call_1",
        "name": "show_map",
        "arguments": '{"gate":"north"}',
        "output": '{"shown":true}',
    },
    {"type": "chatkit.task", "task_type": "thought", "heading": "Looking", "summary": "up the opening hours"},
    {
        "type": "chatkit.task_group",
        "tasks": [{"type": "custom", "heading": "Searched", "summary": None}],
    },
)


def items_of_all_kinds(count: int, start: int = 0) -> list[dict[str, object]]:
    """So many items, numbered from `start`, the kinds in turn."""
    return [
        {
            "id": f"cthi_{number}",
            "object": "chatkit.thread_item",
            "created_at": 1759460000 + number,
            "thread_id": "cthr_1",
            **kind,
        }
        for number, kind in enumerate(islice(cycle(KINDS), count), start)
    ]
