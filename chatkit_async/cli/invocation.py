"""How this command was called, and so how a person can call it again in the same shell."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path


def again(arguments: Sequence[str]) -> str:
    """A command line that can be pasted: this command with other arguments.

    It is `chatkit ...` where the shell finds this very program under that name, else the program's path, else
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
    """The path relative to the current directory where it is below it."""
    try:
        return os.path.join(".", path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path.absolute())
