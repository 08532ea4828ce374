"""What a hosted thread or item becomes in a self-hosted ChatKit server: JSON in, JSON out, and what is lost on the way.

Nothing here raises: an item of an unknown kind, or one that is not what the API documents, becomes hidden context.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import attrs

from ...types._json import JSON, JSONObject
from .arguments import MappingOptions

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@attrs.frozen
class Mapped:
    """The target's fields without id and time, or None if the options leave it out, and the kinds of loss."""

    fields: JSONObject | None
    losses: frozenset[str] = frozenset()


def map_thread(raw: JSONObject) -> Mapped:
    """A hosted thread as fields of `ThreadMetadata`; `metadata["hosted"]` holds it as it came."""
    clean, losses = cleaned({name: value for name, value in raw.items() if name != "items"})
    hosted = clean if isinstance(clean, dict) else {}
    title, status = hosted.get("title"), hosted.get("status")
    if title is not None and not isinstance(title, str):
        title = None
        losses.add("thread_title")
    fields: JSONObject = {"title": title, "status": _status(status, losses), "metadata": {"hosted": hosted}}
    return Mapped({**fields, "allowed_image_domains": None}, frozenset(losses))


def map_item(raw: JSON, thread_id: str, options: MappingOptions) -> Mapped:
    """A hosted item as fields of one of the target's item classes."""
    try:
        clean, losses = cleaned(raw)
        if not isinstance(clean, dict):
            raise DamagedError("no object")
        kind = clean.get("type")
        row = _ROWS.get(kind.removeprefix("chatkit.")) if isinstance(kind, str) else None
        if row is None:
            raise DamagedError("unknown kind")
        fields = row({**clean, "thread_id": thread_id}, options, losses)
    except (DamagedError, RecursionError):
        return map_as_hidden(raw, options)
    return Mapped(fields, frozenset(losses if fields is not None else {"left_out"}))


def map_as_hidden(raw: JSON, options: MappingOptions) -> Mapped:
    """Any item as hidden context, its JSON as text: an object as content makes the default converter raise."""
    if options.hidden_context == "skip":
        return Mapped(None, frozenset({"left_out"}))
    try:
        text = json.dumps(raw, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        text = "This item cannot be written as JSON."
    losses = {"hidden_context"} | ({"surrogates"} if without_surrogates(text) != text else set())
    return Mapped({"type": "hidden_context_item", "content": without_surrogates(text)}, frozenset(losses))


def _user_message(item: JSONObject, options: MappingOptions, losses: set[str]) -> JSONObject:
    blocks = objects_of(item, "content")
    quotes = [text_of(block, "text") for block in blocks if block.get("type") == "quoted_text"]
    texts = [_block_text(block, "input_text", losses) for block in blocks if block.get("type") != "quoted_text"]
    attachments = array_of(item, "attachments")
    records = [_attachment(attachment, item) if options.attachments == "keep" else None for attachment in attachments]
    kept: list[JSON] = [record for record in records if record is not None]
    lines = [
        _attachment_line(attachment) for attachment, record in zip(attachments, records, strict=True) if record is None
    ]
    losses.update({"attachment_as_text"} if lines else set(), {"attachment_without_bytes"} if kept else set())
    if len(texts) > 1:
        losses.add("block_borders")
    if len(quotes) > 1 or (quotes and blocks[0].get("type") != "quoted_text"):
        losses.add("quote_position")
    return {
        "type": "user_message",
        "content": [{"type": "input_text", "text": "\n".join([*texts, *lines])}],
        "attachments": kept,
        "quoted_text": "\n\n".join(quotes) if quotes else None,
        "inference_options": _inference_options(item.get("inference_options"), losses),
    }


def _assistant_message(item: JSONObject, options: MappingOptions, losses: set[str]) -> JSONObject:
    content: list[JSON] = []
    for block in objects_of(item, "content"):
        annotations = [_annotation(annotation) for annotation in array_of(block, "annotations")]
        known: list[JSON] = [annotation for annotation in annotations if annotation is not None]
        losses.update({"annotation_position"} if known else set())
        losses.update({"annotation_left_out"} if len(known) < len(annotations) else set())
        content.append({"type": "output_text", "text": _block_text(block, "output_text", losses), "annotations": known})
    return {"type": "assistant_message", "content": content}


def _widget(item: JSONObject, options: MappingOptions, losses: set[str]) -> JSONObject:
    widget = parsed_json(text_of(item, "widget"), losses)
    if not isinstance(widget, dict):
        raise DamagedError("the widget is not a JSON object")
    return {"type": "widget", "widget": widget, "copy_text": None}


def _client_tool_call(item: JSONObject, options: MappingOptions, losses: set[str]) -> JSONObject | None:
    given, has_output = item.get("output"), item.get("status") == "completed" or item.get("output") is not None
    if not has_output and options.pending_tool_calls == "skip":
        return None
    is_pending = not has_output and options.pending_tool_calls == "pending"
    output: JSON = None if given is None else parsed_json(given, losses, "tool_call_form")
    if not has_output and not is_pending:
        losses.add("tool_call_without_output")
        output = {"hosted": "never answered"}
    given_arguments = parsed_json(text_of(item, "arguments"), losses, "tool_call_form")
    arguments: JSON = given_arguments if isinstance(given_arguments, dict) else {"value": given_arguments}
    losses.update({"tool_call_form"} if arguments is not given_arguments else set())
    return {
        "type": "client_tool_call",
        "status": "pending" if is_pending else "completed",
        "call_id": text_of(item, "call_id"),
        "name": text_of(item, "name"),
        "arguments": arguments,
        "output": output,
    }


def _task_item(item: JSONObject, options: MappingOptions, losses: set[str]) -> JSONObject:
    return {"type": "task", "task": _task(item, item.get("task_type"), "none", losses)}


def _task_group(item: JSONObject, options: MappingOptions, losses: set[str]) -> JSONObject:
    group = objects_of(item, "tasks")
    tasks: list[JSON] = [_task(task, task.get("type"), "complete", losses) for task in group]
    kind = "reasoning" if group and all(task.get("type") == "thought" for task in group) else "custom"
    losses.add("task_group")
    return {"type": "workflow", "workflow": {"type": kind, "tasks": tasks, "summary": None, "expanded": False}}


_ROWS: Mapping[str, Callable[[JSONObject, MappingOptions, set[str]], JSONObject | None]] = {
    "user_message": _user_message,
    "assistant_message": _assistant_message,
    "widget": _widget,
    "client_tool_call": _client_tool_call,
    "task": _task_item,
    "task_group": _task_group,
}


def _status(status: JSON, losses: set[str]) -> JSON:
    kind = status.get("type") if isinstance(status, dict) else None
    if isinstance(status, dict) and kind in ("locked", "closed"):
        losses.add("thread_not_active")
        reason = status.get("reason")
        return {"type": kind, "reason": reason if isinstance(reason, str) else None}
    if kind != "active" and status is not None:
        losses.add("thread_status")
    return {"type": "active"}


def _block_text(block: JSONObject, known: str, losses: set[str]) -> str:
    if block.get("type") == known:
        return text_of(block, "text")
    losses.add("unknown_block")
    text = block.get("text")
    return text if isinstance(text, str) else f"[{json.dumps(block, ensure_ascii=False)}]"


def _attachment_line(attachment: JSON) -> str:
    named = [attachment.get("name"), attachment.get("mime_type")] if isinstance(attachment, dict) else []
    return f"[file: {', '.join(part for part in named if isinstance(part, str) and part) or 'unnamed'}]"


def _attachment(attachment: JSON, item: JSONObject) -> JSONObject | None:
    match attachment:
        case {"id": str(attachment_id), "name": str(name), "mime_type": str(mime_type)}:
            fields: JSONObject = {"id": attachment_id, "name": name, "mime_type": mime_type}
        case _:
            return None
    fields |= {"thread_id": item["thread_id"], "upload_descriptor": None, "metadata": None}
    match attachment:
        case {"type": "image", "preview_url": str(url)} if _host(url):
            return {"type": "image", **fields, "preview_url": url}
        case _:
            return {"type": "file", **fields}


def _annotation(annotation: JSON) -> JSONObject | None:
    match annotation:
        case {"source": {"type": "url", "url": str(url)}}:
            return {"type": "annotation", "source": {"type": "url", "url": url, "title": _host(url) or url}}
        case {"source": {"type": "file", "filename": str(name)}}:
            return {"type": "annotation", "source": {"type": "file", "filename": name, "title": name}}
        case _:
            return None


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _inference_options(value: JSON, losses: set[str]) -> JSON:
    options = value if isinstance(value, dict) else {}
    choice, model = options.get("tool_choice"), options.get("model")
    tool = choice.get("id") if isinstance(choice, dict) else None
    kept: JSONObject = {"tool_choice": {"id": tool} if isinstance(tool, str) else None}
    kept["model"] = model if isinstance(model, str) else None
    if (value is not None and value is not options) or (kept["tool_choice"], kept["model"]) != (choice, model):
        losses.add("inference_options")
    return kept


def _task(task: JSONObject, kind: JSON, indicator: str, losses: set[str]) -> JSONObject:
    heading, summary = text_or_null(task, "heading"), text_or_null(task, "summary")
    if kind not in ("custom", "thought"):
        losses.add("task_kind")
    if kind == "thought":
        return {"type": "thought", "title": heading, "content": summary or "", "status_indicator": indicator}
    return {"type": "custom", "title": heading, "content": summary, "status_indicator": indicator}


class DamagedError(ValueError):
    """The JSON is not what the API documents."""


def without_surrogates(text: str) -> str:
    """A text that can be written as UTF-8."""
    return _LONE_SURROGATE.sub("\ufffd", text)


def cleaned(value: JSON) -> tuple[JSON, set[str]]:
    """The value as it can be written, and the loss if a character had to be replaced."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        raise DamagedError("this is not JSON") from None
    if not _LONE_SURROGATE.search(text):
        return value, set()
    clean: JSON = json.loads(without_surrogates(text))
    return clean, {"surrogates"}


def parsed_json(text: JSON, losses: set[str], loss: str = "") -> JSON:
    """JSON text as its value; other text as it is, which is a loss where `loss` names one."""
    try:
        value: JSON = json.loads(text if isinstance(text, str) else "", parse_constant=_finite, parse_float=_finite)
    except (ValueError, RecursionError):
        losses.update({loss} - {""})
        return text
    clean, replaced = cleaned(value)
    losses |= replaced
    return clean


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is not a JSON number")
    return value


def text_of(holder: JSONObject, name: str) -> str:
    """A field that must be a string."""
    value = holder.get(name)
    if not isinstance(value, str):
        raise DamagedError(f"{name} is not a string")
    return value


def text_or_null(holder: JSONObject, name: str) -> str | None:
    """A field that may be null or absent."""
    return None if holder.get(name) is None else text_of(holder, name)


def array_of(holder: JSONObject, name: str) -> list[JSON]:
    """An array; empty where the field is null or absent."""
    value = [] if holder.get(name) is None else holder[name]
    if not isinstance(value, list):
        raise DamagedError(f"{name} is not an array")
    return value


def objects_of(holder: JSONObject, name: str) -> list[JSONObject]:
    """An array that must be there, and holds only objects."""
    array = array_of(holder, name)
    objects = [element for element in array if isinstance(element, dict)]
    if holder.get(name) is None or len(objects) < len(array):
        raise DamagedError(f"{name} is not an array of objects")
    return objects
