"""The command as a process: signals, pipes, terminals, and what it imports."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from chatkit_async.emulator import Emulator, Fault

from .running import COMMAND, DEADLINE_S, chatkit, environment, started, wait_until
from .terminal import on_a_terminal

LEAST = ("sessions", "create", "--user", "ada", "--workflow", "wf_1")


def test_ctrl_c_ends_the_request_and_the_command_without_a_traceback(emulator: Emulator, env: dict[str, str]) -> None:
    emulator.add_faults(Fault(path="/chatkit/sessions", delay=60))
    with started(*LEAST, "--timeout", "inf", env=env) as process:
        wait_until(emulator.requests)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, output, errors.strip()) == (130, "", "")
    wait_until(lambda: emulator.requests()[0].ended == "disconnected")


def test_a_closed_pipe_prints_no_error(env: dict[str, str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*COMMAND, *LEAST],
            env=environment(env),
            stdout=writing,
            stderr=subprocess.PIPE,
            timeout=DEADLINE_S,
            check=False,
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize("words", [LEAST, ("sessions", "cancel", "cksess_no"), ("demo",)], ids=" ".join)
def test_there_is_colour_on_a_terminal_and_nowhere_else(env: dict[str, str], words: tuple[str, ...]) -> None:
    assert "\x1b[" in on_a_terminal(*words, env=env | {"TERM": "xterm-256color"}).shown
    assert "\x1b" not in on_a_terminal(*words, env=env | {"TERM": "xterm-256color", "NO_COLOR": "1"}).shown
    assert "\x1b" not in on_a_terminal(*words, env=env | {"TERM": "dumb"}).shown
    piped = chatkit(*words, env=env | {"TERM": "xterm-256color"})
    assert "\x1b" not in piped.stdout + piped.stderr


def run_with(program: str) -> subprocess.CompletedProcess[str]:
    """Runs the command's entry point after `program`; without coverage, which imports modules of its own."""
    entry = "import sys; sys.argv = ['chatkit', '--help']; from chatkit_async.__main__ import main"
    command = [sys.executable, "-W", "error", "-c", f"{entry}\n{program}"]
    unmeasured = {name: value for name, value in environment().items() if not name.startswith("COVERAGE_")}
    return subprocess.run(command, env=unmeasured, capture_output=True, text=True, timeout=DEADLINE_S, check=False)


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_without_the_extra_one_sentence_says_what_to_install(missing: str) -> None:
    done = run_with(f"sys.modules[{missing!r}] = None\nmain()")
    assert (done.returncode, done.stdout) == (1, "")
    assert "pip install 'chatkit-async[cli]'" in done.stderr
    assert done.stderr.count("\n") == 1


def test_help_imports_click_and_nothing_heavy() -> None:
    done = run_with("try:\n    main()\nfinally:\n    print('modules', *sys.modules)")
    imported = set(done.stdout.rpartition("modules ")[2].split())
    assert "click" in imported
    assert imported & {"aiohttp", "cattrs", "attr", "anyio", "asyncio", "rich", "ssl", "socket"} == set()


def test_the_demo_imports_rich_for_a_terminal_only() -> None:
    done = run_with("sys.argv[1:] = ['demo']\ntry:\n    main()\nfinally:\n    print('modules', *sys.modules)")
    assert "Next:" in done.stdout
    assert "rich" not in done.stdout.rpartition("modules ")[2].split()


def test_ctrl_c_while_the_command_is_still_being_imported_leaves_no_traceback() -> None:
    interrupted = "class Interrupted:\n    def run(self):\n        raise KeyboardInterrupt\n    run = property(run)"
    done = run_with(f"{interrupted}\nsys.modules['chatkit_async.cli.main'] = Interrupted()\nmain()")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_completing_a_command_imports_nothing_heavy() -> None:
    words = {"_CHATKIT_COMPLETE": "bash_complete", "COMP_WORDS": "chatkit ", "COMP_CWORD": "1"}
    program = f"import os; os.environ.update({words!r})\ntry:\n    main()\nfinally:\n    print('modules', *sys.modules)"
    output = run_with(program).stdout
    assert "plain,sessions" in output
    assert set(output.rpartition("modules ")[2].split()) & {"aiohttp", "cattrs", "asyncio", "rich"} == set()


def test_the_version_is_the_packages() -> None:
    from chatkit_async import __version__

    assert chatkit("--version").stdout == f"chatkit {__version__}\n"


def test_a_command_can_be_called_in_a_program(
    env: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from chatkit_async.cli.main import run

    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert run([*LEAST, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "active"
    assert run(["sessions", "cancel", "cksess_no"]) == 1
    assert "404" in capsys.readouterr().err
