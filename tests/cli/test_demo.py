"""`chatkit demo`: a newcomer's first minute."""

from __future__ import annotations

import ast
import inspect
import re

import pytest

from chatkit_async.cli.output import command_to_paste
from chatkit_async.emulator import Emulator

from .running import chatkit

PROGRAM = command_to_paste([])


@pytest.fixture(scope="module")
def shown() -> str:
    done = chatkit("demo")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_it_shows_a_session_created_by_both_clients_with_the_time_its_secret_has(shown: str) -> None:
    created = re.findall(r"cksess_\w+\.\.\. is active; its secret lets a browser chat for (\d+) s", shown)
    assert len(created) == 2
    assert all(590 <= int(seconds) <= 600 for seconds in created)


def test_it_shows_a_request_refused_here_and_one_refused_by_the_server(shown: str) -> None:
    assert "-> ParamsValidationError: " in shown
    assert "-> NotFoundError: 404 " in shown


def test_it_shows_the_cancel_and_how_to_go_on(shown: str) -> None:
    assert re.search(r"-> cksess_\w+\.\.\. is cancelled\n", shown)
    commands = [line.strip() for line in shown.partition("Next:\n")[2].splitlines() if "# " not in line]
    assert [command.removeprefix(PROGRAM) for command in commands] == [
        " emulator",
        "export OPENAI_API_KEY=sk-...",
        " sessions create --user ada --workflow wf_...",
        " --help",
    ]


def test_it_shows_no_secret_and_fits_on_a_screen(shown: str) -> None:
    assert "ek_" not in shown
    assert len(shown.splitlines()) <= 36


@pytest.mark.parametrize(
    "changes",
    [
        {"OPENAI_API_KEY": "sk-söcret", "OPENAI_ORG_ID": "org\n", "OPENAI_PROJECT_ID": "ü"},
        {"OPENAI_BASE_URL": "http://example.com/v1"},
        dict.fromkeys(
            ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:1"
        ),
        {"COLUMNS": "20"},
        {"TERM": ""},
        {"HOME": "/nonexistent"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_nothing_in_the_environment_disturbs_it(shown: str, changes: dict[str, str]) -> None:
    done = chatkit("demo", env=changes)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == len(shown.splitlines())


async def test_every_line_of_code_that_it_shows_runs_as_shown(shown: str) -> None:
    from chatkit_async import AsyncChatKit, ChatKit, NotFoundError, ParamsValidationError

    lines = [line.strip() for line in shown.splitlines() if "client.sessions." in line and "->" not in line]
    assert len(lines) == 5
    with Emulator.in_thread() as emulator, ChatKit("k", base_url=emulator.base_url, in_event_loop="allow") as client:
        async with AsyncChatKit("k", base_url=emulator.base_url) as awaited:
            names: dict[str, object] = {"client": awaited}
            raised: list[str] = []
            for line in lines:
                try:
                    result = eval(compile(line, "demo", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
                    if inspect.iscoroutine(result):
                        await result
                except (NotFoundError, ParamsValidationError) as error:
                    raised.append(type(error).__name__)
                names["client"] = client
        assert raised == ["ParamsValidationError", "NotFoundError"]
        assert [session["status"] for session in emulator.sessions()] == ["active", "cancelled"]
