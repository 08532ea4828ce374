"""What settings share: a repr that works on one half made, too."""

from __future__ import annotations

from typing import Any, cast

import attrs


class Setting:
    """A checked setting; the base of those whose checks raise while it is made.

    Tracebacks that capture locals show the half-made object then; attrs' own repr would raise in the middle of that.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        fields = attrs.fields(cast("type[attrs.AttrsInstance]", type(self)))
        shown: list[Any] = [field.name for field in fields if hasattr(self, field.name)]
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"
