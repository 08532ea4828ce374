"""Writes blocking twins and tables of lazy names: `python -m chatkit_async._sync.generator [--check]`."""

from __future__ import annotations

import difflib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from .module import COMMAND, TABLES, exports, module
from .source import PACKAGE, GeneratorError, Source
from .twins import TWINS, Twin

FOLDER = Path(__file__).parents[2]
RUFF_STEPS = (["check", "--select=I", "--fix"], ["format"])


def generated(folder: Path = FOLDER, twins: Sequence[Twin] = TWINS) -> dict[str, str]:
    """The text of every generated file, by its path below the package's folder."""
    sources = {twin.source: Source(twin.source, _read(folder / twin.source)) for twin in twins}
    by_target: dict[str, list[Twin]] = {}
    for twin in twins:
        by_target.setdefault(twin.target, []).append(twin)
    texts = {target: module(rows, sources, twins) for target, rows in by_target.items()}
    packages = {package: table for package, table in TABLES.items() if (folder / package).exists()}
    tables = {table: exports(package, _read(folder / package)) for package, table in packages.items()}
    return formatted(texts | tables)


def formatted(texts: Mapping[str, str]) -> dict[str, str]:
    """The texts as ruff writes them, with the settings of pyproject.toml that matter here."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    ruff = shutil.which("ruff", path=path)
    if ruff is None:
        raise GeneratorError("ruff is not installed beside this Python nor on PATH: install the extra `dev`")
    with tempfile.TemporaryDirectory() as folder:
        for target, text in texts.items():
            (Path(folder) / target).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / target).write_text(text, encoding="utf-8")
        for step in RUFF_STEPS:
            options = ["--quiet", "--isolated", "--no-cache", "--line-length=120", "--target-version=py311"]
            subprocess.run([ruff, *step, *options, folder], check=True)  # noqa: S603 - our own words
        return {target: _read(Path(folder) / target) for target in texts}


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
        if arguments == ["--check"]:
            return _check(folder)
        for path, text in generated(folder).items():
            (folder / path).write_text(text, encoding="utf-8")
    except GeneratorError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _check(folder: Path) -> int:
    diffs = stale(folder)
    sys.stdout.writelines(diffs)
    sys.stdout.write(f"{len(diffs)} stale: run {COMMAND}\n" if diffs else "The blocking twins are up to date.\n")
    return 1 if diffs else 0


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
