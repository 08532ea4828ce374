"""What the codec says of an answer that is not as documented."""

from __future__ import annotations

from ..types.shown import kind_of


class Mismatch(Exception):
    """An answer that is not as documented: where, and how. Never leaves the core."""

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message, path)
        self.message = message
        self.path = path

    def below(self, name: str) -> Mismatch:
        """The same, seen from one level up."""
        separator = "" if not self.path or self.path.startswith("[") else "."
        return Mismatch(self.message, f"{name}{separator}{self.path}")


def expected(what: str, value: object) -> Mismatch:
    """Says what should stand where a value stands."""
    return Mismatch(f"should be {what}, is {kind_of(value)}")
