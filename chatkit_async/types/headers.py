"""HTTP header fields: case-insensitive, immutable, picklable, with secrets masked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from .secret import Secret, is_secret_field, mask_text

# Found in each header that holds a secret or non-ASCII characters; most hold neither, and this search is cheap.
_SUSPECT = re.compile(r"ek_|ek%5|sk-|earer|[^\x00-\x7f]")


class ReceivedFields(Protocol):
    """The fields as an HTTP parser gives them: all values of each, by its case-insensitive name."""

    def __iter__(self) -> Iterator[str]: ...

    def __contains__(self, name: object, /) -> bool: ...

    def getall(self, name: str, default: Sequence[str], /) -> Sequence[str]: ...


class Headers(Mapping[str, str]):
    """Header fields by case-insensitive name; a repeated field's values are joined by a comma and a space.

    Args:
        fields: (name, value) pairs, in their order.
    """

    __slots__ = ("_received",)

    _received: ReceivedFields

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._received = _Fields(fields)

    @classmethod
    def received(cls, fields: ReceivedFields) -> Headers:
        """The fields of a parser, without a copy: a field is masked when it is read, and most are never read."""
        headers = cls.__new__(cls)
        headers._received = fields
        return headers

    def __getitem__(self, name: str) -> str:
        values = self._received.getall(name, ())
        if not values:
            raise KeyError(name)
        return _masked(name, values)

    def get(self, name: str, default: Any = None) -> Any:
        """As for any mapping; two lookups a call miss, so that `Mapping.get` with its KeyError would be slow."""
        values = self._received.getall(name, ())
        return _masked(name, values) if values else default

    def holds_any(self, names: Iterable[str]) -> bool:
        """Whether one of these lower-case names is among the fields."""
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
        # Errors and results are pickled into queues: secrets are left out.
        return Headers, (tuple((name, "***" if isinstance(value, Secret) else value) for name, value in self.items()),)


class _Fields(dict[str, list[str]]):
    """Pairs in the form of a parser's fields."""

    __slots__ = ()

    def __init__(self, fields: Iterable[tuple[str, str]]) -> None:
        for name, value in fields:
            self.setdefault(name.lower(), []).append(value)

    def getall(self, name: str, default: Sequence[str], /) -> Sequence[str]:
        return self.get(name.lower(), default)


def _masked(name: str, values: Sequence[str]) -> str:
    value, *more = values
    if more:
        value = ", ".join(values)
    if _SUSPECT.search(value):
        # Bytes that are not UTF-8 arrive as surrogates, which neither logs nor JSON can hold.
        value = value.encode(errors="replace").decode()
        return Secret(value) if is_secret_field(name) else mask_text(value)
    return Secret(value) if is_secret_field(name) else value
