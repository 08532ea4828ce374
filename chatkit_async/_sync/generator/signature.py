"""What a twin copies, for the generator: its signature, the arguments that it passes on, and its docstring."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from .source import Documented, Function, Source, renamed
from .twins import SWAPS


def header(source: Source, node: Function, words: Mapping[str, str]) -> str:
    """`def name(...) -> Result:`, with the async half's parameters swapped."""
    text = source.before_body(node).removeprefix("async ")
    for arg, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
        if arg.arg in SWAPS:
            parameter = source.of(arg) if default is None else f"{source.of(arg)} = {source.of(default)}"
            if parameter not in text:
                raise source.refuse(arg, f"write the parameter {arg.arg} as `name: type = default`")
            text = text.replace(parameter, SWAPS[arg.arg].text)
    return renamed(text, words)


def forwarded(node: Function) -> list[str]:
    """The arguments of a call with the same parameters: `self`, `session_id`, `options=options`."""
    args = node.args
    positional = [arg.arg for arg in [*args.posonlyargs, *args.args]]
    star = [f"*{args.vararg.arg}"] if args.vararg and not _is_refused(args.vararg) else []
    named = [f"{arg.arg}={arg.arg}" for arg in args.kwonlyargs if arg.arg not in SWAPS]
    more = [f"**{args.kwarg.arg}"] if args.kwarg and not _is_refused(args.kwarg) else []
    return [*positional, *star, *named, *more]


def _is_refused(parameter: ast.arg) -> bool:
    """Whether a parameter is there to be refused: `*positional: Never`, `**unexpected: Never`."""
    return isinstance(parameter.annotation, ast.Name) and parameter.annotation.id == "Never"


def masking(source: Source, node: Function) -> list[str]:
    """The leading statements that replace parameters, as in `api_key = as_secret(api_key)`, or refuse unexpected ones.

    They are copied, since a traceback may show the locals of the blocking frame, too.
    """
    parameters = {arg.arg for arg in [*node.args.args, *node.args.kwonlyargs]}
    lines = []
    for statement in node.body[ast.get_docstring(node) is not None :]:
        if not _is_leading(statement, parameters):
            break
        lines.append(source.of(statement))
    return lines


def _is_leading(statement: ast.stmt, parameters: set[str]) -> bool:
    if isinstance(statement, ast.If):
        return ast.unparse(statement.test) in {"unexpected", "positional or unexpected"}
    return isinstance(statement, ast.Assign) and _names(statement.targets) <= parameters


def _names(targets: list[ast.expr]) -> set[str]:
    """The names that are assigned; other targets as text that cannot be a name."""
    parts = [part for target in targets for part in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return {part.id if isinstance(part, ast.Name) else ast.dump(part) for part in parts}


ASYNC_ONLY = re.compile(r'\n\n *Asyncio: .*?(?=\n\n|\n *""")', re.DOTALL)
ASYNC_WORDS = re.compile(r"\b(await\w*|async(?! callable)|asyncio|coroutines?|event loops?|aclose|Async[A-Z]\w*)\b")


def docstring(source: Source, node: Documented, words: Mapping[str, str]) -> str:
    """The docstring with its quotes, made blocking; empty if there is none.

    Names are renamed, examples lose `async` and `await`, and a paragraph that begins with "Asyncio:" is left out.

    Raises:
        GeneratorError: what is left speaks of asyncio.
    """
    if ast.get_docstring(node, clean=False) is None:
        return ""
    text = ASYNC_ONLY.sub("", source.of(node.body[0]))
    text = renamed(re.sub(r"\b([Aa])n (?=`?Async[A-Z])", r"\1 ", text), words)
    text = re.sub(r"\basync (?=with\b|for\b|def\b)|\bawait (?=[\w.]+\()", "", text)
    _refuse_async_words(source, node, text)
    for name, swap in SWAPS.items():
        text = _entry(name).sub(rf"\g<1>{swap.documentation}\n", text)
    return text


def _entry(parameter: str) -> re.Pattern[str]:
    """An entry of `Args:`; it goes as far as its lines are indented further."""
    return re.compile(rf"^( +){parameter}: .*\n(?:\1 +.*\n)*", re.MULTILINE)


def _refuse_async_words(source: Source, node: Documented, text: str) -> None:
    for name in SWAPS:
        text = _entry(name).sub("", text)
    if found := ASYNC_WORDS.search(text):
        line = next(line.strip() for line in text.splitlines() if found[0] in line)
        raise source.refuse(
            node.body[0],
            f"the blocking docstring would say {found[0]!r} in {line!r}: write what is true of both halves, and what "
            'only the async half does in a paragraph that begins with "Asyncio:"',
        )
