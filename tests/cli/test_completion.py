"""Completion: the scripts load in their shells, and propose what can be typed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chatkit_async.cli.main import COMMANDS

from .running import DEADLINE_S, chatkit, environment

CHECKS = {
    "bash": "source {script} && complete -p chatkit && COMP_WORDS=(chatkit sessions create --file) COMP_CWORD=3"
    ' && _chatkit_completion chatkit && echo "${{COMPREPLY[@]}}"',
    "zsh": "autoload -Uz compinit && compinit -u -D && source {script} && print $_comps[chatkit]",
    "fish": "source {script}; and complete --do-complete 'chatkit se'",
}


EXPECTED = {"bash": "--file-upload\n", "zsh": "_chatkit_completion", "fish": "sessions"}


@pytest.fixture
def script(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    printed = chatkit("completion", request.param)
    assert (printed.returncode, printed.stderr) == (0, "")
    path = tmp_path / "completion"
    path.write_text(printed.stdout)
    return path


@pytest.fixture
def path_with_chatkit(tmp_path: Path) -> str:
    """A PATH on which `chatkit` is this package's, as installing it does."""
    command = tmp_path / "bin" / "chatkit"
    command.parent.mkdir()
    path = f"{Path.cwd()}${{PYTHONPATH:+:$PYTHONPATH}}"
    command.write_text(f'#!/bin/sh\nPYTHONPATH="{path}" exec "{sys.executable}" -m chatkit_async "$@"\n')
    command.chmod(0o755)
    return f"{command.parent}:{environment()['PATH']}"


@pytest.mark.parametrize(("script", "shell"), [(name, name) for name in CHECKS], indirect=["script"])
def test_the_script_loads_in_its_shell_and_completes(
    script: Path, shell: str, path_with_chatkit: str, tmp_path: Path
) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    env = environment({"HOME": str(tmp_path), "PATH": path_with_chatkit, "TERM": "dumb"})
    command = [shell, "-c", CHECKS[shell].format(script=script)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert EXPECTED[shell] in done.stdout


def proposed(line: str) -> set[str]:
    words = {"_CHATKIT_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}
    done = chatkit(env=words)
    assert (done.returncode, done.stderr) == (0, "")
    return {row.partition(",")[2] for row in done.stdout.splitlines() if row}


@pytest.mark.parametrize(
    ("line", "proposals"),
    [
        ("chatkit ", {*COMMANDS}),
        ("chatkit se", {"sessions"}),
        ("chatkit --v", {"--version"}),
        ("chatkit sessions ", {"create", "cancel"}),
        ("chatkit threads ", {"list", "get", "items", "transcript", "delete", "erase", "retain"}),
        ("chatkit sessions create --no-", {"--no-tracing", "--no-titling", "--no-file-upload", "--no-history"}),
        (
            "chatkit emulator --",
            {"--host", "--port", "--api-key", "--state", "--responses", "--seed", "--sample-seed", "--help"},
        ),
        ("chatkit completion ", {"bash", "zsh", "fish"}),
    ],
)
def test_completion_proposes_every_word_that_fits(line: str, proposals: set[str]) -> None:
    assert proposed(line) == proposals


def test_an_unknown_shell_is_a_usage_error_that_lists_the_known() -> None:
    done = chatkit("completion", "tcsh")
    assert done.returncode == 2
    assert all(shell in done.stderr for shell in CHECKS)
