"""The blocking twins of a module's coroutine functions, for the generator."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from .signature import docstring, forwarded, header, masking
from .source import Source
from .twins import Functions


def function_twins(source: Source, twin: Functions, words: Mapping[str, str]) -> Iterator[str]:
    """The text of each blocking function."""
    for name in twin.names:
        node = source.definitions.get(name)
        if not isinstance(node, ast.AsyncFunctionDef) or node.decorator_list:
            raise source.refuse(node or source.tree, f"{name} is not a coroutine function of this module")
        body = [docstring(source, node, words), *masking(source, node), _forwarding(source, node, words)]
        yield "\n".join([header(source, node, words), *(f"    {line}" for line in body if line)])


def module_alias(source: Source) -> str:
    """The name under which the twins' file imports the module that it forwards to."""
    return f"_{source.module.rpartition('.')[2].lstrip('_')}"


def _forwarding(source: Source, node: ast.AsyncFunctionDef, words: Mapping[str, str]) -> str:
    """Through the channel of the first parameter that is a client or broker; without one, by a channel of its own."""
    function, arguments = f"{module_alias(source)}.{node.name}", forwarded(node)
    halves = _checked_halves(source, node, words)
    if not halves:
        return f"return call_alone({', '.join([function, *arguments])})"
    first, *others = halves.items()
    passed = dict([(first[0], f"{first[0]}._async"), *((name, f"{checked}._async") for name, checked in others)])
    given = [passed.get(argument, argument) for argument in arguments]
    return f"return {first[1]}._channel.call({', '.join([function, *given])})"


def _checked_halves(source: Source, node: ast.AsyncFunctionDef, words: Mapping[str, str]) -> dict[str, str]:
    """What checks each positional parameter that takes a class with a blocking twin."""
    halves = {}
    for arg in [*node.args.posonlyargs, *node.args.args]:
        kind = source.of(arg.annotation) if arg.annotation else ""
        if kind.startswith("Async") and kind in words:
            halves[arg.arg] = f'checked_twin({arg.arg}, {words[kind]}, "{node.name}")'
    return halves
