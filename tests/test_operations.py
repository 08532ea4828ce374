"""Adding an operation: write a params class, a row and a method, generate, and run this test for what is still missing.

The rows are in `chatkit_async/_core/session_rows.py` and `thread_rows.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Any

import click
import pytest

import chatkit_async
from chatkit_async import AsyncChatKit, ChatKit
from chatkit_async._core.operations import OPERATIONS
from chatkit_async.emulator._behaviours import BEHAVIOURS

ROOT = Path(__file__).parents[1]


def missing(operation: Any) -> Iterator[str]:
    """What an operation lacks, each with the file to add it to."""
    resource, _, method = operation.name.partition(".")
    call = f"{operation.name}("
    if not has_method(AsyncChatKit, operation):
        yield f"chatkit_async/_async/{resource}.py: the method {method}"
    if not has_method(ChatKit, operation):
        yield f"chatkit_async/_sync/{resource}.py: run python -m chatkit_async._sync.generator"
    if operation.params.__name__ not in chatkit_async.__all__:
        yield f"chatkit_async/__init__.py: the public name {operation.params.__name__}"
    if operation.name not in BEHAVIOURS:
        yield f"chatkit_async/emulator/_behaviours.py: the behaviour of {operation.name}; until then it responds 501"
    if not has_command(resource, method.replace("_", "-")):
        yield f"chatkit_async/cli/{resource}.py: the command {method.replace('_', '-')}"
    if operation.method.lower() not in documented_paths().get(operation.path, {}):
        yield f"tests/openapi-chatkit.json: {operation.method} {operation.path}"
    if not any(call in text for text in texts("tests/*/**/*.py")):
        yield f"tests: a test that calls {call})"
    if not any(call in text for text in [*texts("README.md"), *texts("docs/**/*.md")]):
        yield f"README.md or docs: an example that calls {call})"


def has_method(client: type[Any], operation: Any) -> bool:
    try:
        return callable(attrgetter(operation.name)(client("sk-test")))
    except AttributeError:
        return False


def has_command(resource: str, name: str) -> bool:
    group = getattr(import_module(f"chatkit_async.cli.{resource}"), resource)
    return group.get_command(click.Context(group), name) is not None


def documented_paths() -> dict[str, Any]:
    paths: dict[str, Any] = json.loads((ROOT / "tests/openapi-chatkit.json").read_text())["paths"]
    return paths


def texts(pattern: str) -> Iterator[str]:
    return (path.read_text() for path in ROOT.glob(pattern))


@pytest.mark.checkout
def test_every_operation_is_whole() -> None:
    lines = [line for operation in OPERATIONS for line in missing(operation)]
    assert not lines, "\n".join(["what is still missing, by file:", *lines])
