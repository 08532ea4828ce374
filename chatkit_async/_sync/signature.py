"""A method's signature in the blocking half, and the arguments that pass its parameters on, for the generator."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import zip_longest

from .layout import bracketed
from .source import Source, renamed
from .twins import SWAPS, WORDS

Function = ast.FunctionDef | ast.AsyncFunctionDef


def definition(source: Source, node: Function) -> str:
    """`def name(...) -> Result:`, ready to stand in a class."""
    returns = f" -> {blocking(source, node.returns)}" if node.returns else ""
    return bracketed(f"def {renamed(node.name, WORDS)}(", _parameters(source, node.args), f"){returns}:", indent=4)


def forwarded(node: Function) -> list[str]:
    """What calls the same method with the same arguments: `session_id`, `options=options`."""
    args = node.args
    positional = [arg.arg for arg in [*args.posonlyargs, *args.args][1:]]
    star = [f"*{args.vararg.arg}"] if args.vararg else []
    named = [f"{arg.arg}={arg.arg}" for arg in args.kwonlyargs if arg.arg not in SWAPS]
    return [*positional, *star, *named, *([f"**{args.kwarg.arg}"] if args.kwarg else [])]


def blocking(source: Source, expression: ast.expr) -> str:
    """An annotation with the blocking half's names."""
    return renamed(source.flat(expression), WORDS)


def _parameters(source: Source, args: ast.arguments) -> Iterator[str]:
    positional = [*args.posonlyargs, *args.args]
    defaults = [*[None] * (len(positional) - len(args.defaults)), *args.defaults]
    for number, (arg, default) in enumerate(zip(positional, defaults, strict=True), start=1):
        yield _parameter(source, arg, default)
        if number == len(args.posonlyargs):
            yield "/"
    if args.vararg or args.kwonlyargs:
        yield f"*{_parameter(source, args.vararg, None)}" if args.vararg else "*"
    for arg, default in zip_longest(args.kwonlyargs, args.kw_defaults):
        yield SWAPS[arg.arg].text if arg.arg in SWAPS else _parameter(source, arg, default)
    if args.kwarg:
        yield f"**{_parameter(source, args.kwarg, None)}"


def _parameter(source: Source, arg: ast.arg, default: ast.expr | None) -> str:
    text = f"{arg.arg}: {blocking(source, arg.annotation)}" if arg.annotation else arg.arg
    if default is None:
        return text
    equals = " = " if arg.annotation else "="
    return f"{text}{equals}{source.flat(default)}{_comment_after(source, default)}"


def _comment_after(source: Source, node: ast.expr) -> str:
    """A linter's comment at the end of the line goes with the parameter."""
    line = source.text.splitlines()[(node.end_lineno or node.lineno) - 1].encode()[node.end_col_offset or 0 :].decode()
    comment = re.fullmatch(r",?  (# noqa.*)", line)
    return f"  {comment[1]}" if comment else ""
