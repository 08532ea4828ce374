"""Writes the blocking twins from the async half's source text: `python -m chatkit_async._sync.generate [--check]`."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path

from .blocking import COMMAND, module
from .source import PACKAGE, Source, UnknownMemberError
from .twins import PHRASES, TWINS

FOLDER = Path(__file__).parents[1]


def generated(folder: Path = FOLDER) -> dict[str, str]:
    """The text of every generated file, by its path below the package's folder."""
    texts = {twin: _read(folder / twin.source) for twin in TWINS}
    for phrase in PHRASES:
        if not any(phrase in text for text in texts.values()):
            raise UnknownMemberError(f"{PACKAGE}/_sync/twins.py: nobody says {phrase!r} any more")
    return {twin.target: module(Source(twin.source, text), twin) for twin, text in texts.items()}


def stale(folder: Path = FOLDER) -> list[str]:
    """What differs between the files and what would be generated, as unified diffs."""
    diffs = []
    for path, text in generated(folder).items():
        old = _read(folder / path) if (folder / path).exists() else ""
        lines = difflib.unified_diff(old.splitlines(True), text.splitlines(True), f"{PACKAGE}/{path}", "generated", n=1)
        diffs.append("".join(lines))
    return [diff for diff in diffs if diff]


def main(arguments: list[str], folder: Path = FOLDER) -> int:
    """Writes the files, or with `--check` shows what is stale; the exit code."""
    try:
        diffs = stale(folder)
        if arguments == ["--check"]:
            sys.stdout.writelines(diffs)
            sys.stdout.write(
                f"{len(diffs)} stale: run {COMMAND}\n" if diffs else "The blocking twins are up to date.\n"
            )
            return 1 if diffs else 0
        for path, text in generated(folder).items():
            (folder / path).write_text(text, encoding="utf-8")
    except UnknownMemberError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
