"""HTTP header fields: case-insensitive, immutable, picklable, with secrets masked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .secret import Secret, is_secret_field, mask_text

# What any secret in a header has in it; most headers have none, and masking costs more than looking.
_SIGNS = ("ek_", "ek%5", "sk-", "earer")


class Headers(Mapping[str, str]):
    """Header fields by name, whatever its case; a repeated field's values are joined by a comma and a space.

    Args:
        fields: (name, value) pairs, in the order in which they came.
    """

    __slots__ = ("_fields",)

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._fields: dict[str, str] = {}
        for name, given in fields:
            # Bytes that are no UTF-8 arrive as half surrogates, which no log and no JSON can hold.
            key, value = name.lower(), given if given.isascii() else given.encode(errors="replace").decode()
            whole = f"{self._fields[key]}, {value}" if key in self._fields else value
            self._fields[key] = Secret(whole) if is_secret_field(key) else _shown(str(whole))

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"Headers({self._fields!r})"

    def __copy__(self) -> Headers:
        return self

    def __deepcopy__(self, memo: object) -> Headers:
        return self

    def __reduce__(self) -> tuple[type[Headers], tuple[tuple[tuple[str, str], ...]]]:
        # Errors and results travel through queues: what is secret stays behind.
        return Headers, (tuple((name, "***" if isinstance(value, Secret) else value) for name, value in self.items()),)


def _shown(value: str) -> str:
    return mask_text(value) if any(sign in value for sign in _SIGNS) else value
