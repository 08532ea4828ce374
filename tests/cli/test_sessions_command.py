"""`chatkit sessions`: what is sent and what is printed when all goes well."""

from __future__ import annotations

import json

import pytest

from chatkit_async.emulator import Emulator, Fault

from .running import chatkit

LEAST = ("sessions", "create", "--user", "ada", "--workflow", "wf_1")


def labelled(text: str) -> dict[str, str]:
    pairs = (line.split("  ", 1) for line in text.splitlines())
    return {label: rest.strip() for label, rest in pairs}


def test_a_created_session_is_printed_for_people_with_its_secret_hidden(
    emulator: Emulator, env: dict[str, str]
) -> None:
    done = chatkit(*LEAST, "--expires-after", "300", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    [session] = emulator.sessions()
    shown = labelled(done.stdout)
    assert shown["session"] == session["id"]
    assert shown["status"] == "active"
    assert shown["user"] == "ada"
    assert shown["workflow"] == "wf_1"
    assert " UTC, in " in shown["expires"]
    assert shown["request"].startswith("req_")
    assert "--show-secret" in shown["client secret"]
    assert str(session["client_secret"]) not in done.stdout


def test_the_values_are_aligned(env: dict[str, str]) -> None:
    lines = chatkit(*LEAST, env=env).stdout.splitlines()
    columns = {len(line) - len(line.split("  ", 1)[1].lstrip()) for line in lines}
    assert len(columns) == 1


def test_show_secret_prints_the_secret(emulator: Emulator, env: dict[str, str]) -> None:
    done = chatkit(*LEAST, "--show-secret", env=env)
    assert labelled(done.stdout)["client secret"] == emulator.sessions()[0]["client_secret"]


def test_json_is_the_session_as_the_api_gave_it_on_one_line(emulator: Emulator, env: dict[str, str]) -> None:
    done = chatkit(*LEAST, "--state", "seats:=3", "--json", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1
    assert [json.loads(done.stdout)] == emulator.sessions()


def test_the_options_are_the_body(emulator: Emulator, env: dict[str, str]) -> None:
    done = chatkit(
        *LEAST, "--state", "plan=pro", "--state", "seats:=3", "--expires-after", "60", "--no-history", env=env
    )
    assert done.returncode == 0
    assert emulator.requests()[-1].json == {
        "user": "ada",
        "workflow": {"id": "wf_1", "state_variables": {"plan": "pro", "seats": 3}},
        "expires_after": {"anchor": "created_at", "seconds": 60},
        "chatkit_configuration": {"history": {"enabled": False}},
    }


def test_the_base_url_option_wins_over_the_environment(emulator: Emulator, env: dict[str, str]) -> None:
    elsewhere = {**env, "OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}
    assert chatkit(*LEAST, "--base-url", emulator.base_url, env=elsewhere).returncode == 0
    assert len(emulator.sessions()) == 1


def test_a_proxy_in_the_environment_is_not_used_for_this_machine(emulator: Emulator, env: dict[str, str]) -> None:
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY"), "http://127.0.0.1:1")
    assert chatkit(*LEAST, env=env | proxies).returncode == 0


def test_a_cancelled_session_is_printed_with_its_new_status(emulator: Emulator, env: dict[str, str]) -> None:
    session_id = json.loads(chatkit(*LEAST, "--json", env=env).stdout)["id"]
    done = chatkit("sessions", "cancel", session_id, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert labelled(done.stdout)["status"] == "cancelled"
    assert emulator.sessions()[0]["status"] == "cancelled"
    assert json.loads(chatkit("sessions", "cancel", session_id, "--json", env=env).stdout) == emulator.sessions()[0]


def test_a_response_cannot_control_the_terminal(emulator: Emulator, env: dict[str, str]) -> None:
    response = {"id": "cksess_\x1b[2J", "object": "chatkit.session", "status": "active\r", "user": "a\u202eb"}
    emulator.add_faults(Fault(path="/chatkit/sessions", status=200, body=response))
    done = chatkit(*LEAST, env=env)
    assert done.returncode == 0
    assert "cksess_\\x1b[2J" in done.stdout
    assert not set(done.stdout) & {"\x1b", "\r", "\u202e"}


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_terminal_without_the_characters_gets_them_escaped(env: dict[str, str], options: tuple[str, ...]) -> None:
    words = ("sessions", "create", "--user", "5 €", "--workflow", "wf_1", *options)
    done = chatkit(*words, env=env, encoding="latin-1")
    assert (done.returncode, done.stderr) == (0, "")
    assert "5 \\u20ac" in done.stdout
