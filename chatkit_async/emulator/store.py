"""Where what the emulator holds outlives it: the one protocol, and the store that keeps nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import attrs

from ..types._json import JSONObject

Kind = Literal["sessions", "conversations"]


@attrs.frozen
class Change:
    """What is held under an id from now on; None: nothing any more."""

    kind: Kind
    id: str
    document: JSONObject | None


class Store(Protocol):
    """Keeps documents by kind and id. Only `open` and `close` are about time; between them it may hold a file."""

    def open(self) -> None:
        """Keeps others from the documents until `close`; raises ConfigurationError."""

    def close(self) -> None:
        """Lets go of what it holds."""

    def load(self) -> Mapping[Kind, Sequence[JSONObject]] | None:
        """All documents, in the order their ids first came; None if none are ever kept. Raises ConfigurationError."""
        ...

    def save(self, changes: Sequence[Change]) -> None:
        """Makes these changes in this order, all or none; they are kept when it returns. Raises ConfigurationError."""


class NoStore:
    """Keeps nothing: what the emulator holds is all there is."""

    def open(self) -> None:
        """There is nothing to hold."""

    def close(self) -> None:
        """There is nothing to let go."""

    def load(self) -> None:
        """Nothing was kept."""

    def save(self, changes: Sequence[Change]) -> None:
        """Nothing is kept."""
