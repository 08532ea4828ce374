"""Hosted threads as `migrate` reads them: from a list, as an archive file gives them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

Hosted = dict[str, Any]

START_S = 1_760_000_000


class ListSource:
    """Threads and their items, oldest first."""

    def __init__(self, *pairs: tuple[Hosted, list[Any]]) -> None:
        self.pairs = pairs

    def raw_threads(self, user: str | None = None) -> Iterator[Hosted]:
        return (thread for thread, _ in self.pairs if user is None or thread.get("user") == user)

    def raw_items(self, thread_id: str) -> Iterator[Any]:
        return iter(next(items for thread, items in self.pairs if thread["id"] == thread_id))


def hosted_thread(number: int = 1, **fields: Any) -> Hosted:
    whole = {
        "id": f"cthr_{number}",
        "object": "chatkit.thread",
        "created_at": START_S + number,
        "title": f"Thread {number}",
        "status": {"type": "active"},
        "user": "user_1",
    }
    return {**whole, **fields}


def hosted_item(number: int = 1, kind: str = "chatkit.user_message", **fields: Any) -> Hosted:
    common = {"id": f"cthi_{number}", "object": "chatkit.thread_item", "created_at": START_S + number // 7}
    return {**common, "thread_id": "cthr_1", "type": kind, **KINDS.get(kind, {}), **fields}


KINDS: dict[str, Hosted] = {
    "chatkit.user_message": {
        "content": [{"type": "input_text", "text": "How do I reset it?"}],
        "attachments": [],
        "inference_options": None,
    },
    "chatkit.assistant_message": {
        "content": [
            {
                "type": "output_text",
                "text": "Hold the button.",
                "annotations": [
                    {"type": "url", "source": {"type": "url", "url": "https://docs.example.com/reset"}},
                    {"type": "file", "source": {"type": "file", "filename": "manual.pdf"}},
                ],
            }
        ]
    },
    "chatkit.widget": {"widget": '{"type":"Card","children":[{"type":"Text","value":"42 %"}]}'},
    "chatkit.client_tool_call": {
        "status": "completed",
        "call_id": "call_1",
        "name": "get_location",
        "arguments": '{"accuracy": 10}',
        "output": '{"city": "Gdańsk"}',
    },
    "chatkit.task": {"task_type": "custom", "heading": "Searching", "summary": "3 documents"},
    "chatkit.task_group": {
        "tasks": [
            {"type": "thought", "heading": "Plan", "summary": None},
            {"type": "thought", "heading": None, "summary": "Then search."},
        ]
    },
}


def random_items(chance: random.Random, count: int, thread: int = 1) -> list[Any]:
    """Items of all kinds, about a seventh of them damaged in one of many ways, several in each second."""
    return [
        _damaged(chance, item) if chance.random() < 1 / 7 else item
        for item in map(_whole(chance, thread), range(count))
    ]


def _whole(chance: random.Random, thread: int) -> Any:
    def item(number: int) -> Hosted:
        made = hosted_item(number, chance.choice([*KINDS]), id=f"cthi_{thread}_{number}")
        match made["type"]:
            case "chatkit.user_message":
                blocks = [{"type": "input_text", "text": _text(chance)} for _ in range(chance.randrange(4))]
                quotes = [{"type": "quoted_text", "text": _text(chance)} for _ in range(chance.randrange(2))]
                files = [
                    {"type": "file", "id": f"file_{thread}_{number}", "name": "a.pdf", "mime_type": "application/pdf"}
                ]
                images = [{**files[0], "type": "image", "preview_url": "https://example.com/a.png"}]
                chosen = chance.choice([[], files, images])
                return {
                    **made,
                    "content": chance.sample([*blocks, *quotes], len(blocks) + len(quotes)),
                    "attachments": chosen,
                }
            case "chatkit.assistant_message":
                block = made["content"][0]
                return {**made, "content": [{**block, "text": _text(chance)} for _ in range(chance.randrange(3))]}
            case "chatkit.client_tool_call":
                outcome = {
                    "output": chance.choice([None, "done", "[1]"]),
                    "status": chance.choice(["in_progress", "completed"]),
                }
                return {**made, **outcome, "arguments": chance.choice(["{}", '{"a": [null]}', "[1]", "not JSON", ""])}
            case "chatkit.widget":
                return {**made, "widget": chance.choice(WIDGETS)}
            case _:
                return made

    return item


WIDGETS = (
    '{"type":"Card","size":"sm","children":[{"type":"Text","value":"a","id":"t"}]}',
    '{"type":"Card","invented":1,"children":[{"type":"Nope","x":{"y":[1,null]}}]}',
    '{"type":"ListView","children":[{"type":"ListViewItem","children":[{"type":"Text","value":"b"}]}]}',
    '{"type":"Basic","invented":true,"children":{"type":"Text","value":"c"}}',
    '{"type":"Text","value":"no root"}',
)

DAMAGE: tuple[Any, ...] = (None, 0, True, -1, 1e300, 10**400, "", "x\ud800y", [], {}, [None], [[]], {"type": "?"}, "{")


def _text(chance: random.Random) -> str:
    return chance.choice(["", "hello", "two\nlines", "😀", "\x00", "half \udc80", "a" * 300, "<b>&amp;"])


def _damaged(chance: random.Random, item: Hosted) -> Any:
    """The item with one value replaced, removed or added somewhere, or something else in its place."""
    if chance.random() < 0.05:
        return {"damaged": chance.choice(DAMAGE)}
    item = _copied(item)
    holder: Any = item
    while isinstance(holder, dict | list) and holder:
        places = [*holder] if isinstance(holder, dict) else [*range(len(holder))]
        place = chance.choice(places)
        if chance.random() < 0.5 or not isinstance(holder[place], dict | list) or not holder[place]:
            if isinstance(holder, dict) and chance.random() < 0.3:
                del holder[place]
            else:
                holder[place] = chance.choice(DAMAGE)
            break
        holder = holder[place]
    return item


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(each) for name, each in value.items()}
    return [_copied(each) for each in value] if isinstance(value, list) else value
