"""The public surface is written down in public_api.txt: a change of it fails here until the file is changed with it.

`CHATKIT_WRITE_PUBLIC_API=1 python -m pytest tests/test_public_api.py` writes the file anew.
"""

from __future__ import annotations

import importlib
import inspect
import os
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any, get_origin

import attrs
import pytest

import chatkit_async

SNAPSHOT = Path(__file__).parent / "public_api.txt"
MODULES = (
    "chatkit_async",
    "chatkit_async.broker",
    "chatkit_async.bulk",
    "chatkit_async.bulk.blocking",
    "chatkit_async.emulator",
    "chatkit_async.integrations",
    "chatkit_async.integrations.asgi",
    "chatkit_async.integrations.celery",
    "chatkit_async.integrations.taskiq",
    "chatkit_async.integrations.aiohttp",
    "chatkit_async.integrations.django",
    "chatkit_async.integrations.flask",
    "chatkit_async.integrations.starlette",
)

pytestmark = pytest.mark.checkout


def public_names(module: ModuleType) -> list[str]:
    exported = getattr(module, "__all__", None)
    if exported is not None:
        return sorted(exported)
    return sorted(
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    )


def lines_of(module: ModuleType) -> Iterator[str]:
    for name in public_names(module):
        yield from lines_of_object(f"{module.__name__}.{name}", getattr(module, name))


def lines_of_object(path: str, value: Any) -> Iterator[str]:
    if inspect.isclass(value):
        bases = ", ".join(base.__name__ for base in value.__bases__ if base is not object)
        yield f"class {path}({bases})" if bases else f"class {path}"
        yield from lines_of_class(path, value)
    elif callable(value) and hasattr(value, "__qualname__") and get_origin(value) is None:
        yield f"{kind(value)} {path}{signature(value)}"
    elif isinstance(value, str | int | float):
        yield f"value {path}"
    else:
        yield f"alias {path} = {plain(value)}"


def lines_of_class(path: str, cls: type) -> Iterator[str]:
    if issubclass(cls, Enum):
        yield from (f"  member {path}.{member.name} = {member.value!r}" for member in cls)
        return
    fields = attrs.fields(cls) if attrs.has(cls) else ()
    yield from (
        f"  field {path}.{field.name}: {written_type(cls, field.name)}" for field in fields if field.name[0] != "_"
    )
    if "__total__" in vars(cls):  # a TypedDict
        yield from (f"  key {path}.{key}: {plain(kind)}" for key, kind in cls.__annotations__.items())
        return
    if not fields and shown_here(cls, "__init__"):
        yield f"  def {path}.__init__{signature(cls.__init__)}"
    own = {field.name for field in fields}
    for name in sorted(dir(cls)):
        member = inspect.getattr_static(cls, name)
        if name.startswith("_") or name in own or not shown_here(cls, name):
            continue
        if isinstance(member, staticmethod | classmethod):
            member = member.__func__
        if callable(member):
            yield f"  {kind(member)} {path}.{name}{signature(member)}"
        else:
            yield f"  attribute {path}.{name}"


def written_type(cls: type, name: str) -> str:
    """The annotation as it is written; attrs replaces its own copy once types are resolved."""
    owners = (base for base in cls.__mro__ if name in vars(base).get("__annotations__", {}))
    return plain(next(owners).__annotations__[name])


def shown_here(cls: type, name: str) -> bool:
    """Whether a class defines a member itself, or inherits it from a base that is not public and so has no lines."""
    owner = next(base for base in cls.__mro__ if name in vars(base))
    is_public = owner.__name__ in chatkit_async.__all__
    return owner is cls or (owner.__module__.startswith("chatkit_async") and not is_public)


def kind(function: Any) -> str:
    return "async def" if inspect.iscoroutinefunction(function) else "def"


def signature(function: Any) -> str:
    return plain(re.sub(r" at 0x[0-9a-f]+", "", str(inspect.signature(function))))


def plain(value: Any) -> str:
    text = value if isinstance(value, str) else getattr(value, "__name__", None) or str(value)
    return re.sub(r"\b(?:chatkit_async|typing|collections\.abc)\.(?:\w+\.)*", "", str(text)).replace("'", "")


def surface() -> str:
    return "\n".join(line for name in MODULES for line in lines_of(importlib.import_module(name))) + "\n"


def test_the_public_surface_is_the_written_one() -> None:
    if os.environ.get("CHATKIT_WRITE_PUBLIC_API"):
        SNAPSHOT.write_text(surface())
    written, found = SNAPSHOT.read_text().splitlines(), surface().splitlines()
    assert sorted(set(found) - set(written)) == [], "added: write the file anew, and add it to CHANGELOG.md"
    assert sorted(set(written) - set(found)) == [], "removed or changed: write the file anew, and CHANGELOG.md says so"
