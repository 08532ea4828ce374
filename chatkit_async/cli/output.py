"""Printing for people (aligned labels, colour on a terminal) and for programs (JSON), and failures of stdout."""

from __future__ import annotations

import errno
import json
import os
import sys
import textwrap
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final, TextIO

import click

DEFAULT_COLUMNS: Final = 80

# stdout is the only file that the command line writes by itself; what the package writes has errors of its own.
FAILED_WRITES: Final = frozenset(
    getattr(errno, name)
    for name in ("EPIPE", "ENOSPC", "EDQUOT", "EFBIG", "EIO", "EBADF", "EAGAIN")
    if hasattr(errno, name)  # Windows has not all of them
)

Line = tuple[str, str]
"""A label and the text beside it."""


def colour() -> bool | None:
    """False where the user wants no colours; None lets click ask whether the stream is a terminal."""
    return False if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" else None


def printable(text: str) -> str:
    """The text with control characters escaped: a response must not be able to drive the terminal."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def printable_text(text: str) -> str:
    """Text of several lines, each printable; tabs stay."""
    return "\n".join("\t".join(map(printable, line.split("\t"))) for line in text.split("\n"))


def wrapped(text: str, indent: int, stream: TextIO | None = None) -> list[str]:
    """The text as lines that fit beside an indent: whole words on a terminal, one line elsewhere."""
    stream = stream or sys.stdout
    if not text or stream is None or not is_terminal(stream):  # a closed stdout is None
        return [text] if text else []
    width = max(columns_of(stream) - indent, 20)
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def columns_of(terminal: TextIO) -> int:
    """The width of a terminal, or what COLUMNS says instead."""
    try:
        return int(os.environ.get("COLUMNS", "")) or os.get_terminal_size(terminal.fileno()).columns
    except ValueError:
        return os.get_terminal_size(terminal.fileno()).columns or DEFAULT_COLUMNS


def print_lines(lines: Iterable[Line], *, err: bool = False) -> None:
    """Prints labels and texts on stdout or stderr, the texts aligned and on a terminal wrapped."""
    shown = list(lines)
    indent = max((len(label) for label, _ in shown), default=0) + 2
    for label, text in shown:
        first, *rest = wrapped(printable(text), indent, sys.stderr if err else sys.stdout) or [""]
        click.echo(f"{click.style(label.ljust(indent), dim=True)}{first}".rstrip(), err=err, color=colour())
        for line in rest:
            click.echo(f"{' ' * indent}{line}", err=err)


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
    """Prints JSON objects, each on a line of its own, in ASCII, at once, so that the reader of a pipe need not wait."""
    for_all = "\n".join(json.dumps(value, default=repr) for value in values)
    if for_all:
        click.echo(for_all, err=err)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person reads this stream, or types into it; a stream that was closed is None."""
    return stream is not None and stream.isatty()


def coloured() -> bool:
    """Whether stdout is a terminal whose user wants colours."""
    return colour() is None and is_terminal(sys.stdout)


class LostOutputError(click.ClickException):
    """stdout is closed, or what it leads to takes no more."""


def require_stdout() -> None:
    """Raises LostOutputError if stdout is closed: nothing is done for output that cannot be read."""
    if sys.stdout is None:
        raise LostOutputError("stdout is closed, and this command is for what it prints.")


def flush_stdout() -> None:
    """Writes what is held back; at the interpreter's end it would be too late to report that this failed."""
    if sys.stdout is not None:
        sys.stdout.flush()


def explained(error: OSError) -> LostOutputError | None:
    """The failure as a sentence, if it is worth one: that a reader went away is not."""
    if error.errno not in FAILED_WRITES:
        return LostOutputError(f"The system refused: {error.strerror or error}.")
    _discard_the_rest()
    if error.errno == errno.EPIPE:
        return None
    return LostOutputError(f"stdout cannot be written: {error.strerror}.")


def _discard_the_rest() -> None:
    """Lets stdout lead to nowhere, since the interpreter flushes it once more at its end."""
    with suppress(OSError, ValueError):  # a stand-in for stdout has no descriptor
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
