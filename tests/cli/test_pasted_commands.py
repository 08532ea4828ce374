"""Commands that are printed for pasting work in the shell that called this one."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import chatkit_async
from chatkit_async.cli.output import command_to_paste

from .running import DEADLINE_S, environment


def installed(folder: Path) -> Path:
    """A `chatkit` of this package in a folder, as installing it makes one."""
    command = folder / "chatkit"
    command.parent.mkdir(parents=True)
    program = "import sys\nfrom chatkit_async.__main__ import main\nmain()\n"
    command.write_text(f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(Path.cwd())!r})\n{program}")
    command.chmod(0o755)
    return command


def called_as(monkeypatch: pytest.MonkeyPatch, program: str | Path, *, path: str = "/usr/bin") -> None:
    monkeypatch.setattr(sys, "argv", [str(program), "demo"])
    monkeypatch.setenv("PATH", path)


def test_the_name_is_enough_where_the_shell_finds_this_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = installed(tmp_path / "bin")
    called_as(monkeypatch, command, path=f"{command.parent}:/usr/bin")
    assert command_to_paste(["threads", "list"]) == "chatkit threads list"


def test_a_program_that_is_not_on_the_path_is_called_by_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = installed(tmp_path / ".venv" / "bin")
    called_as(monkeypatch, command)
    assert command_to_paste(["demo"]) == f"{command} demo"
    monkeypatch.chdir(tmp_path)
    assert command_to_paste(["demo"]) == "./.venv/bin/chatkit demo"


def test_another_program_of_that_name_is_not_taken_for_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command, other = installed(tmp_path / "one"), installed(tmp_path / "two")
    called_as(monkeypatch, command, path=str(other.parent))
    assert command_to_paste(["demo"]) == f"{command} demo"


def test_the_module_is_called_as_a_module(monkeypatch: pytest.MonkeyPatch) -> None:
    called_as(monkeypatch, "/somewhere/chatkit_async/__main__.py")
    program, *rest = shlex.split(command_to_paste(["archive", "my threads.chatkit"]))
    assert Path(program).samefile(sys.executable)
    assert rest == ["-m", "chatkit_async", "archive", "my threads.chatkit"]


def test_the_demos_commands_work_in_the_shell_it_was_started_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called_as(monkeypatch, installed(tmp_path / "an env" / "bin"))
    monkeypatch.chdir(tmp_path)
    command = command_to_paste(["--help"])
    assert command == "'./an env/bin/chatkit' --help"
    settings = {"env": environment(), "cwd": tmp_path, "capture_output": True, "text": True, "timeout": DEADLINE_S}
    shown = subprocess.run(["sh", "-c", command], check=False, **settings)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.startswith("Usage: chatkit ")


def test_every_extra_to_install_is_quoted_since_zsh_takes_brackets_for_a_pattern() -> None:
    root = Path(chatkit_async.__file__).parents[1]
    texts = {path: path.read_text("utf-8") for path in [root / "README.md", *root.glob("docs/**/*.md")]}
    texts |= {path: path.read_text("utf-8") for path in root.glob("chatkit_async/**/*.py")}
    lines = [line for text in texts.values() for line in text.splitlines() if "pip install" in line]
    assert any("'chatkit-async[" in line for line in lines)
    assert [line for line in lines if re.search(r"(?<!['\w-])[\w-]+\[\w", line.partition("pip install")[2])] == []
