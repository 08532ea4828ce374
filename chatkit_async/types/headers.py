"""HTTP header fields: case-insensitive, immutable, picklable, with secrets masked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from .secret import Secret, is_secret_field, mask_text

# What any secret in a header has in it, or what is no ASCII; most headers hold neither, and looking is cheap.
_ODD = re.compile(r"ek_|ek%5|sk-|earer|[^\x00-\x7f]")


class ReceivedFields(Protocol):
    """What an HTTP parser gives: fields by name, whatever its case, each with all its values."""

    def __iter__(self) -> Iterator[str]: ...

    def __contains__(self, name: object, /) -> bool: ...

    def getall(self, name: str, default: Sequence[str], /) -> Sequence[str]: ...


class Headers(Mapping[str, str]):
    """Header fields by name, whatever its case; a repeated field's values are joined by a comma and a space.

    Args:
        fields: (name, value) pairs, in the order in which they came.
    """

    __slots__ = ("_received",)

    _received: ReceivedFields

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._received = _Fields(fields)

    @classmethod
    def received(cls, fields: ReceivedFields) -> Headers:
        """What a parser gave and nobody changes: a field is masked when it is read, and most never are."""
        headers = cls.__new__(cls)
        headers._received = fields
        return headers

    def __getitem__(self, name: str) -> str:
        values = self._received.getall(name, ())
        if not values:
            raise KeyError(name)
        return _shown(name, values)

    def get(self, name: str, default: Any = None) -> Any:
        """As for any mapping; each call asks twice, and a KeyError would be the dear way to say no."""
        values = self._received.getall(name, ())
        return _shown(name, values) if values else default

    def holds_any(self, names: Iterable[str]) -> bool:
        """Whether one of these, in lower case, is among the fields."""
        return any(map(self._received.__contains__, names))

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(map(str.lower, self._received)))

    def __len__(self) -> int:
        return len(dict.fromkeys(map(str.lower, self._received)))

    def __repr__(self) -> str:
        return f"Headers({dict(self)!r})"

    def __copy__(self) -> Headers:
        return self

    def __deepcopy__(self, memo: object) -> Headers:
        return self

    def __reduce__(self) -> tuple[type[Headers], tuple[tuple[tuple[str, str], ...]]]:
        # Errors and results travel through queues: what is secret stays behind.
        return Headers, (tuple((name, "***" if isinstance(value, Secret) else value) for name, value in self.items()),)


class _Fields(dict[str, list[str]]):
    """Pairs as a parser would give them."""

    __slots__ = ()

    def __init__(self, fields: Iterable[tuple[str, str]]) -> None:
        for name, value in fields:
            self.setdefault(name.lower(), []).append(value)

    def getall(self, name: str, default: Sequence[str], /) -> Sequence[str]:
        return self.get(name.lower(), default)


def _shown(name: str, values: Sequence[str]) -> str:
    value, *more = values
    if more:
        value = ", ".join(values)
    if _ODD.search(value):
        # Bytes that are no UTF-8 arrive as half surrogates, which no log and no JSON can hold.
        value = value.encode(errors="replace").decode()
        return Secret(value) if is_secret_field(name) else mask_text(value)
    return Secret(value) if is_secret_field(name) else value
