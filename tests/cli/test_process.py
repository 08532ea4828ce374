"""The command as a process: signals, pipes, terminals, and what it imports."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress

import pytest

from chatkit_async import __main__
from chatkit_async.emulator import Emulator, Fault

from .running import DEADLINE_S, chatkit, environment, run_with_streams, started, wait_until
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


@pytest.mark.parametrize(
    "words", [LEAST, ("threads", "list", "--json"), ("--help",), ("completion", "bash")], ids=" ".join
)
def test_a_closed_pipe_ends_every_command_with_exit_code_1_and_no_message(
    emulator: Emulator, env: dict[str, str], words: tuple[str, ...]
) -> None:
    emulator.seed(threads=[{"thread": {"id": "cthr_1"}, "items": []}])
    reading, writing = os.pipe()
    os.close(reading)
    errors = io.StringIO()
    with suppress(BrokenPipeError), open(writing, "w", encoding="utf-8") as stdout:  # closing writes what is left
        code = run_with_streams(words, env, stdin=io.StringIO(), stdout=stdout, stderr=errors)
    assert (code, errors.getvalue()) == (1, "")


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


def test_without_the_extra_one_sentence_says_what_to_install() -> None:
    done = run_with("sys.modules['click'] = None\nmain()")
    assert (done.returncode, done.stdout) == (1, "")
    assert "pip install 'chatkit-async[cli]'" in done.stderr
    assert done.stderr.count("\n") == 1


def test_without_rich_it_is_the_same_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "rich", None)
    with pytest.raises(SystemExit) as ended:
        __main__.main()
    assert ended.value.code == __main__.NOT_INSTALLED


def test_help_completion_and_the_demo_import_only_what_they_need() -> None:
    done = run_with(
        "import os\n"
        "def run(*words):\n"
        "    sys.argv[1:] = words\n"
        "    try:\n"
        "        main()\n"
        "    except SystemExit:\n"
        "        print('\\nmodules', *sys.modules)\n"
        "run('--help')\n"
        "os.environ |= {'_CHATKIT_COMPLETE': 'bash_complete', 'COMP_WORDS': 'chatkit ', 'COMP_CWORD': '1'}\n"
        "run()\n"
        "del os.environ['_CHATKIT_COMPLETE']\n"
        "run('demo')\n"
    )
    assert done.stderr == ""
    assert "plain,sessions" in done.stdout
    assert "Next:" in done.stdout
    modules = [set(line.split()) for line in done.stdout.splitlines() if line.startswith("modules ")]
    heavy = {"aiohttp", "cattrs", "anyio", "asyncio", "rich", "ssl", "socket"}
    assert [found & heavy for found in modules[:2]] == [set(), set()]
    assert "attr" not in modules[0]
    assert "click" in modules[0]
    assert "rich" not in modules[2]


def test_ctrl_c_while_the_command_is_still_being_imported_leaves_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(__main__.importlib, "import_module", interrupt)
    with pytest.raises(SystemExit) as ended:
        __main__.main()
    assert ended.value.code == 130
    assert capsys.readouterr() == ("", "")


def interrupt(name: str) -> None:
    raise KeyboardInterrupt


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
