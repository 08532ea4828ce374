"""The six kinds of thread items, and the unknown one."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import Literal, NoReturn, TypeAlias

import attrs

from ..errors import APIResponseValidationError
from ._clock import utc
from ._json import JSON
from .content import (
    ChatKitAssistantContent,
    ChatKitAttachment,
    ChatKitInferenceOptions,
    ChatKitInputText,
    ChatKitResponseOutputText,
    ChatKitUserContent,
)
from .result import Result
from .unknown import UnknownThreadItem


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class _Item(Result):
    id: str
    object: Literal["chatkit.thread_item"] | str
    created_at: int
    thread_id: str

    @property
    def created_at_utc(self) -> datetime:
        """`created_at` as an aware datetime in UTC."""
        return utc(self.created_at, f"{type(self).__name__}.created_at")


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class ChatKitThreadUserMessageItem(_Item):
    """A message of the user.

    Source: ChatKit REST API, schema UserMessageItem.
    """

    type: Literal["chatkit.user_message"]
    content: tuple[ChatKitUserContent, ...]
    attachments: tuple[ChatKitAttachment, ...]
    inference_options: ChatKitInferenceOptions | None

    @property
    def text(self) -> str:
        """The text that the user wrote, one line a block, without quotes."""
        return "\n".join(block.text for block in self.content if isinstance(block, ChatKitInputText))


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class ChatKitThreadAssistantMessageItem(_Item):
    """A message of the assistant.

    Source: ChatKit REST API, schema AssistantMessageItem.
    """

    type: Literal["chatkit.assistant_message"]
    content: tuple[ChatKitAssistantContent, ...]

    @property
    def text(self) -> str:
        """The text that the assistant wrote, one line a block."""
        return "\n".join(block.text for block in self.content if isinstance(block, ChatKitResponseOutputText))


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class ChatKitWidgetItem(_Item):
    """A widget in the chat; `widget` is its description as JSON text.

    Source: ChatKit REST API, schema WidgetMessageItem.
    """

    type: Literal["chatkit.widget"]
    widget: str

    @property
    def widget_json(self) -> JSON:
        """`widget`, decoded. Raises `APIResponseValidationError` if it is not JSON."""
        return _decoded(self.widget, "ChatKitWidgetItem.widget")


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class ChatKitClientToolCallItem(_Item):
    """A call of a tool in the browser; `arguments` and `output` are JSON text, `output` None until the tool returns.

    Source: ChatKit REST API, schema ClientToolCallItem.
    """

    type: Literal["chatkit.client_tool_call"]
    status: Literal["in_progress", "completed"] | str
    call_id: str
    name: str
    arguments: str
    output: str | None

    @property
    def arguments_json(self) -> JSON:
        """`arguments`, decoded. Raises `APIResponseValidationError` if they are not JSON."""
        return _decoded(self.arguments, "ChatKitClientToolCallItem.arguments")

    @property
    def output_json(self) -> JSON:
        """`output`, decoded; None until the tool returns. Raises `APIResponseValidationError` if it is not JSON."""
        return None if self.output is None else _decoded(self.output, "ChatKitClientToolCallItem.output")


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class ChatKitTaskItem(_Item):
    """A step that the workflow showed while it ran.

    Source: ChatKit REST API, schema TaskItem.
    """

    type: Literal["chatkit.task"]
    task_type: Literal["custom", "thought"] | str
    heading: str | None
    summary: str | None


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class ChatKitTaskGroupTask(Result):
    """One step of a group."""

    type: Literal["custom", "thought"] | str
    heading: str | None
    summary: str | None


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class ChatKitTaskGroupItem(_Item):
    """Steps that the workflow showed together.

    Source: ChatKit REST API, schema TaskGroupItem.
    """

    type: Literal["chatkit.task_group"]
    tasks: tuple[ChatKitTaskGroupTask, ...]


ChatKitThreadItem: TypeAlias = (
    ChatKitThreadUserMessageItem
    | ChatKitThreadAssistantMessageItem
    | ChatKitWidgetItem
    | ChatKitClientToolCallItem
    | ChatKitTaskItem
    | ChatKitTaskGroupItem
    | UnknownThreadItem
)
"""Any item of a thread; `match` on its class."""


def _decoded(text: str, subject: str) -> JSON:
    try:
        document: JSON = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        document = _NO_JSON
    if document is _NO_JSON:
        raise APIResponseValidationError(f"{subject} is not JSON", hint="Read the text itself instead.", outcome="done")
    return document


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value


_NO_JSON: JSON = {}
