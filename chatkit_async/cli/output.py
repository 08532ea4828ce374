"""Printing for people (aligned labels, colour on a terminal) and for programs (JSON)."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from collections.abc import Iterable, Mapping
from shutil import get_terminal_size
from typing import TextIO

import click

Line = tuple[str, str]
"""A label and the text beside it."""


def colour() -> bool | None:
    """False where the user wants no colours; None lets click ask whether the stream is a terminal."""
    return False if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" else None


def printable(text: str) -> str:
    """The text with control characters escaped: what a server answers must not be able to drive the terminal."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def printable_text(text: str) -> str:
    """Text of several lines, each printable; tabs stay."""
    return "\n".join("\t".join(map(printable, line.split("\t"))) for line in text.split("\n"))


def wrapped(text: str, indent: int, stream: TextIO | None = None) -> list[str]:
    """The text as lines that fit beside an indent: whole words on a terminal, one line elsewhere."""
    if not text or not is_terminal(stream or sys.stdout):
        return [text] if text else []
    width = max(get_terminal_size().columns - indent, 20)
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def print_lines(lines: Iterable[Line]) -> None:
    """Prints labels and texts on stdout, the texts aligned and on a terminal wrapped."""
    shown = list(lines)
    indent = max((len(label) for label, _ in shown), default=0) + 2
    for label, text in shown:
        first, *rest = wrapped(printable(text), indent) or [""]
        click.echo(f"{click.style(label.ljust(indent), dim=True)}{first}".rstrip(), color=colour())
        for line in rest:
            click.echo(f"{' ' * indent}{line}")


def print_error_lines(lines: Iterable[Line]) -> None:
    """Prints labels and texts on stderr, as in `Error: no such session`; the label Error is red."""
    for label, text in lines:
        is_error = label == "Error"
        styled = click.style(f"{label}:", fg="red" if is_error else None, bold=is_error, dim=not is_error)
        first, *rest = wrapped(printable(text), len(label) + 2, sys.stderr) or [""]
        click.echo("\n".join([f"{styled} {first}", *(f"  {line}" for line in rest)]), err=True, color=colour())


def print_json(value: Mapping[str, object], *, err: bool = False) -> None:
    """Prints one JSON object on one line, in ASCII, so that no terminal encoding can spoil it."""
    print_json_lines([value], err=err)


def print_json_lines(values: Iterable[Mapping[str, object]], *, err: bool = False) -> None:
    """Prints JSON objects, each on a line of its own, in ASCII, at once: who reads them in a pipe need not wait."""
    for_all = "\n".join(json.dumps(value, default=repr) for value in values)
    if for_all:
        click.echo(for_all, err=err)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person reads this stream, or types into it; a stream that was closed is None."""
    return stream is not None and stream.isatty()


def coloured() -> bool:
    """Whether stdout is a terminal whose user wants colours."""
    return colour() is None and is_terminal(sys.stdout)
