"""Stored JSON to the client's objects, whatever the API sent."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from .._core.codec import Mismatch, structure
from ..types._json import JSON, JSONObject
from ..types.items import ChatKitThreadItem
from ..types.result import Result, field_names, restore
from ..types.thread import ChatKitThread
from ..types.unknown import UnknownThreadItem

ResultT = TypeVar("ResultT", bound=Result)

_PATH_STEP = re.compile(r"[.\[]")


def object_of(text: str) -> JSONObject:
    """The JSON object that a stored text holds; anything else comes as `{"damaged": ...}`."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = text
    return value if isinstance(value, dict) else {"damaged": value}


def thread_of(raw: JSONObject) -> ChatKitThread:
    """A thread of any JSON object; the fields that the decoder refuses are in `extra`."""
    fitting, damaged = dict(raw), dict[str, JSON]()
    while True:
        thread: ChatKitThread | Mismatch = decoded(fitting, ChatKitThread)
        if not isinstance(thread, Mismatch):
            break
        name = _PATH_STEP.split(thread.path)[0]
        if name not in fitting:
            return _kept(ChatKitThread, raw)
        damaged[name] = fitting.pop(name)
    if not damaged:
        return thread
    present = {name: getattr(thread, name) for name in field_names(ChatKitThread) if name not in thread.missing_fields}
    return _kept(ChatKitThread, {**thread.extra, **damaged}, present)


def item_of(raw: JSONObject) -> ChatKitThreadItem:
    """An item of any JSON object; an `UnknownThreadItem` if the decoder refuses it."""
    item: ChatKitThreadItem | Mismatch = decoded(raw, ChatKitThreadItem)
    return _kept(UnknownThreadItem, raw) if isinstance(item, Mismatch) else item


def decoded(raw: JSON, cls: Any) -> Any:
    """The object of a class, or the Mismatch that says why the decoder refuses it."""
    try:
        return structure(raw, cls)
    except Mismatch as mismatch:
        return mismatch


def _kept(cls: type[ResultT], extra: JSONObject, present: Mapping[str, object] = MappingProxyType({})) -> ResultT:
    found: Any = restore(cls, present, extra)
    kept: ResultT = found
    return kept
