"""Prints for people (aligned labels, colour on a terminal) and for programs (JSON); reports failures of stdout."""

from __future__ import annotations

import errno
import json
import os
import shlex
import shutil
import stat
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, TextIO

import click

DEFAULT_COLUMNS: Final = 80

# The command itself writes to stdout only; the files that the package writes have errors of their own. A closed pipe
# (EPIPE) is not among these: click ends the command on it with exit code 1 and no message.
FAILED_WRITES: Final = frozenset(
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EFBIG", "EIO", "EBADF", "EAGAIN")
    if hasattr(errno, name)  # Windows lacks some
)

# Not printable to Python, and parts of ordinary texts: no-break spaces, and joiners within words and emoji.
HARMLESS: Final = frozenset("\u00a0\u202f\u3000\u200c\u200d")

Line = tuple[str, str]
"""A label and the text beside it."""


def colour() -> bool | None:
    """False if the user wants no colours; None lets click decide by whether the stream is a terminal."""
    return False if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" else None


def printable(text: str) -> str:
    """The text with control characters escaped: no response can control the terminal."""
    return "".join(
        char if char.isprintable() or char in HARMLESS else char.encode("unicode_escape").decode() for char in text
    )


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


def wrapped_lines(text: str) -> str:
    """The text with each line wrapped at words on a terminal."""
    return "\n".join(part for line in text.split("\n") for part in wrapped(line, 0) or [""])


def columns_of(terminal: TextIO) -> int:
    """The width of a terminal, or what COLUMNS says instead."""
    try:
        return int(os.environ.get("COLUMNS", "")) or os.get_terminal_size(terminal.fileno()).columns
    except ValueError:
        return os.get_terminal_size(terminal.fileno()).columns or DEFAULT_COLUMNS


def print_lines(lines: Iterable[Line], *, err: bool = False) -> None:
    """Prints labels and aligned texts on stdout or stderr; on a terminal the texts are wrapped."""
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


def print_warning(kind: str, message: str, *, as_json: bool) -> None:
    """Prints a warning on stderr: as errors are printed, in a line or as a JSON object."""
    if as_json:
        print_json({"warning": {"kind": kind, "message": message}}, err=True)
    else:
        print_error_lines([(kind, message)])


def print_json(value: Mapping[str, object], *, err: bool = False) -> None:
    """Prints one JSON object on one line, in ASCII, which every encoding can hold."""
    print_json_lines([value], err=err)


def print_json_lines(values: Iterable[Mapping[str, object]], *, err: bool = False) -> None:
    """Prints JSON objects, one a line, in ASCII, and flushes them, so that the reader of a pipe gets them at once."""
    lines = "\n".join(json.dumps(value, default=repr) for value in values)
    if lines:
        click.echo(lines, err=err)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person reads this stream, or types into it; a closed stream is None."""
    return stream is not None and stream.isatty()


def coloured() -> bool:
    """Whether stdout is a terminal whose user wants colours."""
    return colour() is None and is_terminal(sys.stdout)


def is_pipe(stream: TextIO | None) -> bool:
    """Whether another program reads this stream."""
    try:
        return stream is not None and stat.S_ISFIFO(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):  # a stand-in for stdout has no descriptor
        return False


class LostOutputError(click.ClickException):
    """stdout is closed, or cannot be written."""


def require_stdout() -> None:
    """Raises LostOutputError if stdout is closed, before the command does work for output that is lost."""
    if sys.stdout is None:
        raise LostOutputError("stdout is closed, and the output of this command would be lost.")


def explained(error: OSError) -> LostOutputError:
    """The failure of the system as an error of the command line."""
    if error.errno not in FAILED_WRITES:
        return LostOutputError(f"The system refused: {error.strerror or error}.")
    _discard_the_rest()
    return LostOutputError(f"stdout cannot be written: {error.strerror}.")


def _discard_the_rest() -> None:
    """Points stdout at the null device, because the interpreter flushes it once more when it ends."""
    with suppress(OSError, ValueError):  # a stand-in for stdout has no descriptor
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def command_to_paste(arguments: Sequence[str]) -> str:
    """A command line that can be pasted: this command with other arguments.

    It begins with `chatkit` if the shell finds this program under that name, else with the program's path, else with
    `python -m chatkit_async`.
    """
    return shlex.join([*_program(), *arguments])


def _program() -> list[str]:
    called = Path(sys.argv[0])
    if called.name == "chatkit":
        found = shutil.which("chatkit")
        if found is not None and Path(found).resolve() == called.resolve():
            return ["chatkit"]
        return [_short(called)]
    return [_short(Path(sys.executable)), "-m", "chatkit_async"]


def _short(path: Path) -> str:
    """The path, relative to the current directory if it is below it."""
    try:
        return os.path.join(".", path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path.absolute())
