"""A docstring as the blocking half has it, for the generator."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from .source import Documented, Source, renamed
from .twins import SWAPS

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
