"""A conversation as text: a pure function of its items."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypeAlias

from ..errors import ConfigurationError
from ..types.content import ChatKitQuotedText
from ..types.items import (
    ChatKitClientToolCallItem,
    ChatKitTaskGroupItem,
    ChatKitTaskGroupTask,
    ChatKitTaskItem,
    ChatKitThreadAssistantMessageItem,
    ChatKitThreadItem,
    ChatKitThreadUserMessageItem,
    ChatKitWidgetItem,
)
from ..types.result import slot_value

TranscriptFormat: TypeAlias = Literal["text", "markdown", "json"]


def transcript(items: Iterable[ChatKitThreadItem], format: TranscriptFormat = "text") -> str:  # noqa: A002
    """The items of a thread, in the order given, as one text.

    Example:
        items = await client.threads.list_items(thread.id, order="asc").collect()
        print(transcript(items))

    Args:
        items: what `threads.list_items` gave; `order="asc"` reads from the beginning.
        format: `text`, one paragraph an item; `markdown`, where what people wrote is quoted and cannot become markup
            of the page; `json`, an array of the items as the API sent them.

    Returns:
        The text, without a line break at its end. Items of unknown kinds are named, never left out.

    Raises:
        ConfigurationError: another format.
    """
    if format == "json":
        return json.dumps([item.to_dict() for item in items], ensure_ascii=False, indent=2)
    if format not in _WRITERS:
        raise ConfigurationError(f"transcript: format is text, markdown or json, not {format!r}")
    write = _WRITERS[format]
    return "\n\n".join(write(*_spoken(item)) for item in items)


def _spoken(item: Any) -> tuple[str, str, tuple[str, ...]]:
    """Who, what, and what was quoted or attached."""
    match item:
        case ChatKitThreadUserMessageItem():
            return "User", _text(item), _beside(item)
        case ChatKitThreadAssistantMessageItem():
            return "Assistant", _text(item), ()
        case ChatKitWidgetItem():
            return "Widget", str(slot_value(item, "widget") or ""), ()
        case ChatKitClientToolCallItem():
            return "Tool", _tool_call(item), ()
        case ChatKitTaskItem():
            return "Task", _task(item), ()
        case ChatKitTaskGroupItem():
            return "Tasks", "\n".join(_task(task) for task in slot_value(item, "tasks") or ()), ()
        case _:
            return f"Unknown item ({item.extra.get('type')})", json.dumps(item.to_dict(), ensure_ascii=False), ()


def _text(item: Any) -> str:
    return item.text if slot_value(item, "content") is not None else ""


def _beside(item: ChatKitThreadUserMessageItem) -> tuple[str, ...]:
    quoted = [block.text for block in slot_value(item, "content") or () if isinstance(block, ChatKitQuotedText)]
    attached = [slot_value(file, "name") or slot_value(file, "id") for file in slot_value(item, "attachments") or ()]
    return (*(f"quoting: {text}" for text in quoted), *(f"attached: {name}" for name in attached))


def _tool_call(item: ChatKitClientToolCallItem) -> str:
    name, arguments, output = (slot_value(item, field) for field in ("name", "arguments", "output"))
    return f"{name}({arguments})" + (f" -> {output}" if output is not None else "")


def _task(task: ChatKitTaskItem | ChatKitTaskGroupTask) -> str:
    return ": ".join(part for part in (slot_value(task, "heading"), slot_value(task, "summary")) if part)


def _as_text(speaker: str, text: str, beside: tuple[str, ...]) -> str:
    return "\n".join([f"{speaker}: {text}", *(f"  ({line})" for line in beside)])


def _as_markdown(speaker: str, text: str, beside: tuple[str, ...]) -> str:
    return "\n\n".join([f"**{speaker}**", _fenced(text), *(_fenced(line) for line in beside)])


def _fenced(text: str) -> str:
    """A block quote in which nothing is markup: a fence longer than any run of backticks in the text."""
    fence = "`" * max(3, 1 + max((len(run) for run in _backtick_runs(text)), default=0))
    return f"{fence}text\n{text}\n{fence}"


def _backtick_runs(text: str) -> list[str]:
    return [run for run in "".join(c if c == "`" else " " for c in text).split() if run]


_WRITERS: Mapping[str, Callable[[str, str, tuple[str, ...]], str]] = {"text": _as_text, "markdown": _as_markdown}
