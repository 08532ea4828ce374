"""Parts of messages: blocks of text, annotations, attachments, inference options."""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs

from .result import Result
from .unknown import UnknownAnnotation, UnknownContent


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class ChatKitInputText(Result):
    """Text that the user wrote."""

    type: Literal["input_text"]
    text: str


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class ChatKitQuotedText(Result):
    """Text that the user quoted."""

    type: Literal["quoted_text"]
    text: str


ChatKitUserContent: TypeAlias = ChatKitInputText | ChatKitQuotedText | UnknownContent
"""A block of a user's message; `match` on its class."""


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class ChatKitFileAnnotationSource(Result):
    """The file that an annotation points to."""

    type: Literal["file"] | str
    filename: str


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class ChatKitFileAnnotation(Result):
    """A reference to a file."""

    type: Literal["file"]
    source: ChatKitFileAnnotationSource


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class ChatKitURLAnnotationSource(Result):
    """The page that an annotation points to."""

    type: Literal["url"] | str
    url: str


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class ChatKitURLAnnotation(Result):
    """A reference to a page."""

    type: Literal["url"]
    source: ChatKitURLAnnotationSource


ChatKitAnnotation: TypeAlias = ChatKitFileAnnotation | ChatKitURLAnnotation | UnknownAnnotation
"""A reference in a text of the assistant; `match` on its class."""


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class ChatKitResponseOutputText(Result):
    """Text that the assistant wrote, with its references."""

    type: Literal["output_text"]
    text: str
    annotations: tuple[ChatKitAnnotation, ...]


ChatKitAssistantContent: TypeAlias = ChatKitResponseOutputText | UnknownContent
"""A block of an assistant's message; `match` on its class."""


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class ChatKitAttachment(Result):
    """A file or image that came with a message; the API offers no download, at most a preview.

    Attributes:
        type: `image` or `file`.
        preview_url: None without a preview.
    """

    type: Literal["image", "file"] | str
    id: str
    name: str
    mime_type: str
    preview_url: str | None


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class ChatKitToolChoice(Result):
    """The tool that the user chose."""

    id: str


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class ChatKitInferenceOptions(Result):
    """The tool and model that the user chose; None is the workflow's own."""

    tool_choice: ChatKitToolChoice | None
    model: str | None
