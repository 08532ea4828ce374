"""Archives made without the API, and what the API would send."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chatkit_async.bulk import Archive
from chatkit_async.bulk._file import ArchiveSettings, opened_for_writing
from chatkit_async.bulk._pages import parse_page
from chatkit_async.bulk._saving import Writer
from chatkit_async.bulk._statements import START, ListedThread, begin_run, end_run, save_listed, save_pages
from chatkit_async.emulator import Emulator

SETTINGS = ArchiveSettings("https://api.openai.com/v1", None, None)
Conversation = tuple[Mapping[str, Any], Sequence[Any]]


def user_message(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"cthi_{number}",
        "object": "chatkit.thread_item",
        "created_at": 1_700_000_000 + number,
        "type": "chatkit.user_message",
        "content": [{"type": "input_text", "text": f"message {number}"}],
        "attachments": [],
        "inference_options": None,
        **fields,
    }


def thread(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"cthr_{number}",
        "object": "chatkit.thread",
        "created_at": 1_700_000_000 + number,
        "title": f"Thread {number}",
        "status": {"type": "active"},
        "user": "user_1",
        **fields,
    }


def write_archive(path: Path, conversations: Sequence[Conversation], state: str = "complete") -> Path:
    """An archive of these threads and items, as a run that ended in this state leaves it."""
    with opened_for_writing(path, SETTINGS) as database:
        writer = Writer(database)
        run, listing = writer.run_now(lambda open_database: begin_run(open_database, 1_700_000_000))
        for position, (head, items) in enumerate(conversations):
            listed = ListedThread(head["id"], json.dumps(head), head.get("user"), 0, position)
            (held,) = writer.run_now(lambda one, listed=listed: save_listed(one, run, listing, [listed]))
            page = parse_page(json.dumps({"data": items, "has_more": False}).encode())
            writer.run_now(lambda one, held=held, page=page: save_pages(one, run, held, 0, [page], START, is_last=True))
        writer.run_now(lambda one: end_run(one, run, state, 1_700_000_100, None))
    return path


def seed(threads: int, items: int = 3, **fields: Any) -> list[dict[str, Any]]:
    """Threads with items for the emulator, three of each within the same second."""
    return [
        {
            "thread": thread(number, created_at=1_700_000_000 + number // 3, **fields),
            "items": [
                user_message(number * 1000 + index, created_at=1_700_000_000 + index // 3) for index in range(items)
            ],
        }
        for number in range(threads)
    ]


def assert_equals_api(path: Path, emulator: Emulator) -> None:
    """The archive holds what the API holds, field by field, in its order."""
    with Archive(path) as held:
        assert list(held.raw_threads()) == emulator.threads()
        for one in emulator.threads():
            thread_id = str(one["id"])
            assert list(held.raw_items(thread_id)) == emulator.items(thread_id)
        assert held.verify().ok


def paths(emulator: Emulator, *, since: int = 0) -> list[str]:
    """The paths of the requests since so many."""
    return [request.path.removeprefix("/v1/chatkit") for request in emulator.requests()[since:]]


def ids(emulator: Emulator) -> list[str]:
    return [str(one["id"]) for one in emulator.threads()]


def of_users(count: int, users: int) -> list[dict[str, Any]]:
    return [
        {"thread": thread(number, user=f"u{number % users}", created_at=1_700_000_000 + number // 3)}
        for number in range(count)
    ]
