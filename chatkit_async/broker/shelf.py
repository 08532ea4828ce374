"""Where live secrets are kept: in this process alone, or sealed in the store."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from .expiring import Expiring
from .record import Record
from .store import Place, Seen


class Shelf(Protocol):
    """Keeps the record of each place while it may be handed out.

    Attributes:
        is_shared: whether other processes find there what this one has put.
    """

    is_shared: bool

    def find(self, place: Place, seen: Seen) -> Record | None:
        """The record of a place; `seen` is what the store holds of it."""
        ...

    def sealed(self, place: Place, record: Record) -> str | None:
        """The record as the store is to hold it, if it is."""
        ...

    def put(self, place: Place, record: Record, lives_s: float) -> None:
        """Keeps the record, if it is this process that does."""
        ...


class OwnShelf:
    """Secrets in this process's memory, none in the store."""

    is_shared = False

    def __init__(self) -> None:
        self._records: Expiring[Record] = Expiring(time.monotonic)

    def find(self, place: Place, seen: Seen) -> Record | None:
        return self._records.get(f"{place.user}/{place.device}")

    def sealed(self, place: Place, record: Record) -> str | None:
        return None

    def put(self, place: Place, record: Record, lives_s: float) -> None:
        self._records.set(f"{place.user}/{place.device}", record, lives_s)


def shelf_for(share_secrets: Sequence[str | bytes] | None) -> Shelf:
    """The shelf that a broker's `share_secrets` asks for.

    Raises:
        ConfigurationError: a key is none, there are none, or cryptography is not installed.
    """
    if share_secrets is None:
        return OwnShelf()
    from .sealing import SharedShelf  # noqa: PLC0415 - encryption is paid for by who uses it

    return SharedShelf(share_secrets)
