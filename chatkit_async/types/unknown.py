"""What the API may send one day and does not document today: kept whole, and recognisable."""

from __future__ import annotations

from datetime import datetime

import attrs

from ..errors import MissingFieldError
from ._json import JSON
from .redacted import kind_of
from .result import Result
from .utc import utc


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class Unknown(Result):
    """An object of an undocumented kind; `extra` holds all of it, as JSON."""

    @property
    def type(self) -> str:
        """The kind as the API named it."""
        return self._told_text("type")

    def _told(self, name: str) -> JSON:
        if name not in self.extra:
            raise MissingFieldError(f"{self.__class__.__name__}.{name}: the API's answer did not hold this field")
        return self.extra[name]

    def _told_text(self, name: str) -> str:
        told = self._told(name)
        if not isinstance(told, str):
            raise self._of_another_kind(name, told, "a string")
        return told

    def _of_another_kind(self, name: str, told: JSON, wanted: str) -> MissingFieldError:
        said = f"{self.__class__.__name__}.{name}: the API's answer held {kind_of(told)}, not {wanted}"
        return MissingFieldError(f"{said}; extra has it")


@attrs.frozen(eq=False, repr=False, getstate_setstate=False, kw_only=True, weakref_slot=False)
class UnknownThreadItem(Unknown):
    """A thread item of an undocumented kind."""

    @property
    def id(self) -> str:
        """The item's id."""
        return self._told_text("id")

    @property
    def thread_id(self) -> str:
        """The id of the thread that holds it."""
        return self._told_text("thread_id")

    @property
    def created_at(self) -> int:
        """When it was created, Unix seconds, UTC."""
        told = self._told("created_at")
        if isinstance(told, bool) or not isinstance(told, (int, float)) or told % 1:
            raise self._of_another_kind("created_at", told, "an integer")
        return int(told)

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
