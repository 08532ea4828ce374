"""The classes of the package `openai-chatkit`: imported late, built from JSON, compared field by field."""

from __future__ import annotations

import warnings
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import attrs

from ...errors import ConfigurationError
from ...types._json import JSONObject

if TYPE_CHECKING:
    from chatkit.types import Attachment, ThreadItem, ThreadMetadata


@attrs.frozen
class ServerTypes:
    """What is used of the package: adapters that read and write its classes, and the error for what is not there."""

    item: Any
    thread: Any
    not_found: type[Exception]
    invalid: type[Exception]

    def build_item(self, fields: JSONObject, item_id: str, thread_id: str, created_at: datetime) -> ThreadItem:
        """An item as every store gives it back: written as JSON and read again.

        Raises:
            ValueError: the package refuses the fields.
        """
        item = {**fields, "id": item_id, "thread_id": thread_id, "created_at": created_at}
        built: ThreadItem = self.item.validate_json(self.item.dump_json(self.item.validate_python(item)))
        return built

    def build_thread(self, fields: JSONObject, thread_id: str, created_at: datetime) -> ThreadMetadata:
        """A thread's metadata, never a `Thread`, which loses fields where a store writes metadata.

        Raises:
            ValueError: the package refuses the fields.
        """
        thread = {**fields, "id": thread_id, "created_at": created_at}
        built: ThreadMetadata = self.thread.validate_json(self.thread.dump_json(self.thread.validate_python(thread)))
        return built

    def is_absence(self, error: Exception) -> bool:
        """Whether an error of a store means that the requested thread or item does not exist."""
        is_unreadable = isinstance(error, (self.invalid, UnicodeError)) or "JSON" in type(error).__name__
        return isinstance(error, self.not_found | KeyError | ValueError) and not is_unreadable


@cache
def server_types() -> ServerTypes:
    """The package's classes.

    Raises:
        ConfigurationError: the package is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of its own widget classes
            from chatkit.store import NotFoundError  # noqa: PLC0415 - an extra that takes 0.3 s to import
            from chatkit.types import ThreadItem, ThreadMetadata  # noqa: PLC0415
            from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415
    except ImportError as error:
        hint = "Install it: pip install 'chatkit-async[server]'."
        raise ConfigurationError(f"The package openai-chatkit cannot be imported ({error}). {hint}") from error
    item: Any = TypeAdapter(ThreadItem)
    return ServerTypes(item, TypeAdapter(ThreadMetadata), NotFoundError, ValidationError)


def differing_fields(expected: ThreadItem | ThreadMetadata | Attachment, found: Any) -> tuple[str, ...]:
    """Names of the fields in which a store's copy differs; `metadata` may hold more keys than were written."""
    if type(found) is not type(expected):
        return ("type",)
    wanted, given = (_comparable(value) for value in (expected, found))
    if isinstance(metadata := wanted.get("metadata"), dict) and isinstance(given.get("metadata"), dict):
        given["metadata"] = {name: value for name, value in given["metadata"].items() if name in metadata}
    return tuple(name for name in wanted if wanted[name] != given.get(name))


def _comparable(model: Any) -> dict[str, Any]:
    """The fields as JSON, but the time as it is: a store may give the same moment in another time zone."""
    values: dict[str, Any] = model.model_dump(mode="json", exclude={"created_at"})
    return values | ({"created_at": model.created_at} if hasattr(model, "created_at") else {})
