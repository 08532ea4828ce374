"""Objects of kinds that the API does not document: their JSON is kept whole."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

import attrs

from ..errors import MissingFieldError
from ._clock import utc
from ._json import JSON
from .redacted import kind_of
from .result import Result


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class Unknown(Result):
    """An object of an undocumented kind; `extra` holds all of it, as JSON.

    Attributes:
        type: always `unknown`, so that type checkers can tell it from the documented kinds; `kind` has the API's word.
    """

    type: ClassVar[Literal["unknown"]] = "unknown"

    @property
    def kind(self) -> str:
        """The kind as the API named it, its `type`."""
        return self._text("type")

    def _value(self, name: str) -> JSON:
        if name not in self.extra:
            raise MissingFieldError(f"{self.__class__.__name__}.{name}: the API's response did not hold this field")
        return self.extra[name]

    def _text(self, name: str) -> str:
        value = self._value(name)
        if not isinstance(value, str):
            raise self._wrong_type(name, value, "a string")
        return value

    def _wrong_type(self, name: str, value: JSON, wanted: str) -> MissingFieldError:
        message = f"{self.__class__.__name__}.{name}: the API's response held {kind_of(value)}, not {wanted}"
        return MissingFieldError(f"{message}; extra has it")


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class UnknownThreadItem(Unknown):
    """A thread item of an undocumented kind."""

    @property
    def id(self) -> str:
        """The item's id."""
        return self._text("id")

    @property
    def thread_id(self) -> str:
        """The id of the thread that holds it."""
        return self._text("thread_id")

    @property
    def created_at(self) -> int:
        """When it was created, Unix seconds, UTC."""
        value = self._value("created_at")
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value % 1:
            raise self._wrong_type("created_at", value, "an integer")
        return int(value)

    @property
    def created_at_utc(self) -> datetime:
        """`created_at` as an aware datetime in UTC."""
        return utc(self.created_at, "UnknownThreadItem.created_at")


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class UnknownThreadStatus(Unknown):
    """A thread status of an undocumented kind."""


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class UnknownContent(Unknown):
    """A block of a message's content of an undocumented kind."""


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class UnknownAnnotation(Unknown):
    """An annotation of an undocumented kind."""
