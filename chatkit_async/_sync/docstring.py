"""A docstring as the blocking half has it, for the generator."""

from __future__ import annotations

import ast
import re

from .source import Source, renamed
from .twins import PHRASES, SWAPS, WORDS


def docstring(source: Source, node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """The docstring with its quotes, names, example and parameters made blocking; empty if there is none."""
    if ast.get_docstring(node, clean=False) is None:
        return ""
    text = _called(renamed(source.of(node.body[0]), WORDS))
    for phrase, ours in PHRASES.items():
        text = text.replace(phrase, ours)
    for name, swap in SWAPS.items():
        # An entry of `Args:` goes as far as its lines are indented further.
        entry = rf"^( +){name}: .*\n(?:\1 +.*\n)*"
        text = re.sub(entry, rf"\g<1>{swap.documentation}\n", text, flags=re.MULTILINE)
    return text


def _called(text: str) -> str:
    """Examples without the words that only the async half needs: `async with` is `with`, `await f()` is `f()`."""
    return re.sub(r"\basync (?=with\b|for\b|def\b)|\bawait (?=[\w.]+\()", "", text)
