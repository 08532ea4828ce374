"""The repr of attrs classes that are checked while they are made."""

from __future__ import annotations

from typing import cast

import attrs


class PartialRepr:
    """Shows the fields that are set: a traceback with locals may show an object whose making failed.

    attrs' own repr raises there, and Python 3.11 then prints no traceback at all.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        fields = attrs.fields(cast("type[attrs.AttrsInstance]", type(self)))
        present = [field.name for field in fields if hasattr(self, field.name)]
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in present)})"
