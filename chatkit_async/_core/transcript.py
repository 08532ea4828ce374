"""A conversation as text: a pure function of its items."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypeAlias

from ..errors import ConfigurationError
from ..types.content import ChatKitInputText, ChatKitQuotedText, ChatKitResponseOutputText
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
from ..types.misuse import answering
from ..types.redacted import described, quoted
from ..types.result import Result, slot_value
from ..types.unknown import UnknownContent

TranscriptFormat: TypeAlias = Literal["text", "markdown", "json"]
"""The formats of a transcript."""

_PLAIN_WORD = re.compile(r"[A-Za-z0-9]+(?:[._][A-Za-z0-9]+)*")
# After each character that a reader may take for a line break; empty lines stay empty, and a tab indents by itself.
_LINE_START = re.compile(r"(?<=[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])(?=[\w\x20-\x7e])")


@answering()
def transcript(items: Iterable[ChatKitThreadItem], format: TranscriptFormat = "text") -> str:  # noqa: A002
    """The items of a thread, in the order given, as one text.

    Example:
        items = await client.threads.list_items(thread.id, order="asc").collect()
        print(transcript(items))

    Args:
        items: those of `threads.list_items`; `order="asc"` reads from the beginning.
        format: `text`, one entry an item, its further lines indented; `markdown`, with messages in fences, so that
            they cannot become markup of the page; `json`, an array of the items as the API sent them.

    Returns:
        The text, without a line break at its end. Items of unknown kinds are named, never left out.

    Raises:
        ConfigurationError: another format, or something else than items.
    """
    items = list(items)
    for item in items:
        if not isinstance(item, Result):
            raise ConfigurationError(f"transcript: pass what threads.list_items gives, not {described(item)}")
    if format == "json":
        return json.dumps([item.to_dict() for item in items], ensure_ascii=False, indent=2)
    if format not in tuple(_WRITERS):
        raise ConfigurationError(f"transcript: format is text, markdown or json, not {quoted(format)}")
    write = _WRITERS[format]
    return "\n\n".join(write(*_spoken(item)) for item in items)


def _spoken(item: Any) -> tuple[str, str, tuple[str, ...]]:
    """Speaker, text, and the quotes and attachments."""
    match item:
        case ChatKitThreadUserMessageItem():
            return "User", _text(item), _beside(item)
        case ChatKitThreadAssistantMessageItem():
            return "Assistant", _text(item), _beside(item)
        case ChatKitWidgetItem():
            return "Widget", str(slot_value(item, "widget") or ""), ()
        case ChatKitClientToolCallItem():
            return "Tool", _tool_call(item), ()
        case ChatKitTaskItem():
            return "Task", _task(item), ()
        case ChatKitTaskGroupItem():
            return "Tasks", "\n".join(_task(task) for task in slot_value(item, "tasks") or ()), ()
        case _:
            return f"Unknown item{_named(item)}", _as_json(item), ()


def _named(item: Any) -> str:
    """The kind in brackets if it is a plain word; another one could pass for markup or another speaker."""
    kind = item.extra.get("type")
    return f" ({kind})" if isinstance(kind, str) and _PLAIN_WORD.fullmatch(kind) else ""


def _as_json(thing: Any) -> str:
    return json.dumps(thing.to_dict(), ensure_ascii=False)


def _text(item: Any) -> str:
    return "\n".join(_blocks(item, ChatKitInputText, ChatKitResponseOutputText))


def _blocks(item: Any, *kinds: type) -> list[str]:
    return [slot_value(block, "text") or "" for block in slot_value(item, "content") or () if isinstance(block, kinds)]


def _beside(item: Any) -> tuple[str, ...]:
    unknown = [_as_json(block) for block in slot_value(item, "content") or () if isinstance(block, UnknownContent)]
    files = slot_value(item, "attachments") or ()
    return (
        *(f"unknown content: {block}" for block in unknown),
        *(f"quoting: {text}" for text in _blocks(item, ChatKitQuotedText)),
        *(f"attached: {slot_value(file, 'name') or slot_value(file, 'id') or 'a file'}" for file in files),
    )


def _tool_call(item: ChatKitClientToolCallItem) -> str:
    name, arguments, output = (slot_value(item, field) for field in ("name", "arguments", "output"))
    return f"{name or 'a tool'}({arguments or ''})" + (f" -> {output}" if output is not None else "")


def _task(task: ChatKitTaskItem | ChatKitTaskGroupTask) -> str:
    return ": ".join(part for part in (slot_value(task, "heading"), slot_value(task, "summary")) if part)


def _as_text(speaker: str, text: str, beside: tuple[str, ...]) -> str:
    return "\n".join([f"{speaker}: {_hanging(text)}", *(f"  ({_hanging(line)})" for line in beside)])


def _hanging(text: str) -> str:
    """All lines but the first indented, so that a message cannot pass for the line of another speaker."""
    return _LINE_START.sub("    ", text)


def _as_markdown(speaker: str, text: str, beside: tuple[str, ...]) -> str:
    return "\n\n".join([f"**{speaker}**", _fenced(text), *(_fenced(line) for line in beside)])


def _fenced(text: str) -> str:
    """A fenced code block, in which nothing is markup: its fence is longer than any run of backticks in the text."""
    fence = "`" * max(3, 1 + max((len(run) for run in _backtick_runs(text)), default=0))
    return f"{fence}text\n{text}\n{fence}"


def _backtick_runs(text: str) -> list[str]:
    return [run for run in "".join(c if c == "`" else " " for c in text).split() if run]


_WRITERS: Mapping[str, Callable[[str, str, tuple[str, ...]], str]] = {"text": _as_text, "markdown": _as_markdown}
