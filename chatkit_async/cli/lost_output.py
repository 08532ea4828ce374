"""What to do when stdout cannot be written: say so in one line, and let the interpreter end in peace."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from typing import Final

import click

# stdout is the only file that the command line writes by itself; what the package writes has errors of its own.
FAILED_WRITES: Final = frozenset(
    getattr(errno, name)
    for name in ("EPIPE", "ENOSPC", "EDQUOT", "EFBIG", "EIO", "EBADF", "EAGAIN")
    if hasattr(errno, name)  # Windows has not all of them
)


class LostOutputError(click.ClickException):
    """stdout is closed, or what it leads to takes no more."""


def require_stdout() -> None:
    """Raises LostOutputError if stdout is closed: nothing is done for output that nobody can get."""
    if sys.stdout is None:
        raise LostOutputError("stdout is closed, and this command is for what it prints.")


def flush_stdout() -> None:
    """Writes what is held back; at the interpreter's end it would be too late to tell that this failed."""
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
