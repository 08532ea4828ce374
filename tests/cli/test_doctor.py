"""`chatkit doctor`: what it finds, and that it shows no secret."""

from __future__ import annotations

import json
import time
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from chatkit_async.emulator import Emulator, Fault

from .conftest import KEY
from .running import chatkit
from .terminal import on_a_terminal, seen


def found(*words: str, env: dict[str, str]) -> dict[str, dict[str, Any]]:
    """The findings by their subject."""
    done = chatkit("doctor", "--json", *words, env=env)
    assert done.stderr == ""
    report = json.loads(done.stdout)
    assert done.returncode == (0 if report["ok"] else 1)
    return {finding["subject"]: finding for finding in report["findings"]}


def test_where_everything_works_there_is_no_problem(emulator: Emulator, env: dict[str, str]) -> None:
    findings = found(env=env)
    assert {subject for subject, finding in findings.items() if finding["level"] != "ok"} == {"announced end"}
    assert "from OPENAI_BASE_URL" in findings["base URL"]["text"]
    assert "the key is accepted" in findings["call"]["text"]
    assert [(it.method, it.query["limit"]) for it in emulator.requests()] == [("GET", "1")]


def test_without_a_key_it_says_what_to_set_and_sends_nothing(emulator: Emulator, env: dict[str, str]) -> None:
    findings = found(env=env | {"OPENAI_API_KEY": ""})
    assert findings["key"]["level"] == "problem"
    assert "export OPENAI_API_KEY=" in findings["key"]["advice"]
    assert emulator.requests() == []


def test_a_wrong_key_is_a_problem_of_the_call_and_is_not_shown(env: dict[str, str]) -> None:
    wrong = "sk-wrong-0123456789abcdef"
    done = chatkit("doctor", env=env | {"OPENAI_API_KEY": wrong})
    assert done.returncode == 1
    assert "the server responds" in done.stdout
    assert "401" in done.stdout
    assert wrong[3:-4] not in done.stdout
    assert f"ends in …{wrong[-4:]}" in done.stdout


def test_a_short_key_is_not_shown_at_all(env: dict[str, str]) -> None:
    assert "shortkey" not in chatkit("doctor", env=env | {"OPENAI_API_KEY": "shortkey"}).stdout


def test_blanks_around_the_key_are_a_warning(env: dict[str, str]) -> None:
    finding = found(env=env | {"OPENAI_API_KEY": f" {KEY}\n"})["key"]
    assert finding["level"] == "warning"
    assert "removed" in finding["advice"]


@pytest.mark.parametrize("key", [f'"{KEY}"', f"'{KEY}'", f"Bearer {KEY}"])
def test_quotes_and_bearer_before_the_key_are_a_warning(env: dict[str, str], key: str) -> None:
    finding = found(env=env | {"OPENAI_API_KEY": key})["key"]
    assert finding["level"] == "warning"
    assert "Remove the quotes, or the word Bearer" in finding["advice"]


def test_an_absent_server_is_a_problem_of_the_connection(env: dict[str, str]) -> None:
    findings = found("--base-url", "http://127.0.0.1:1/v1", env=env)
    assert findings["connection"]["level"] == "problem"
    assert "base_url" not in findings["connection"]["text"]  # which is the name in Python
    assert "Check base URL" in findings["connection"]["advice"]
    assert "call" not in findings


def test_a_base_url_without_v1_is_a_warning_and_its_404_says_so(emulator: Emulator, env: dict[str, str]) -> None:
    origin = emulator.base_url.removesuffix("/v1")
    findings = found("--base-url", origin, env=env)
    assert findings["base URL"]["level"] == "warning"
    assert "/v1" in findings["base URL"]["advice"]
    assert findings["call"]["level"] == "problem"
    assert "--base-url" in findings["call"]["advice"]
    assert "/v1" in findings["call"]["advice"]


@pytest.mark.parametrize(("ahead_s", "direction"), [(300, "behind"), (-300, "ahead of")])
def test_a_clock_that_differs_from_the_servers_is_a_warning(
    emulator: Emulator, env: dict[str, str], ahead_s: int, direction: str
) -> None:
    date = formatdate(time.time() + ahead_s, usegmt=True)
    emulator.add_faults(Fault(method="GET", path="/chatkit/threads", headers={"Date": date}))
    finding = found(env=env)["clock"]
    assert finding["level"] == "warning"
    assert f"s {direction} the server's" in finding["text"]


def test_a_proxy_is_named_without_its_password(env: dict[str, str]) -> None:
    proxy = {"HTTPS_PROXY": "http://me:hunter2@127.0.0.1:1"}
    done = chatkit("doctor", "--base-url", "https://chatkit.invalid/v1", "--timeout", "2", env=env | proxy)
    assert "http://127.0.0.1:1 (from HTTPS_PROXY;" in done.stdout
    assert "hunter2" not in done.stdout
    assert done.returncode == 1


def test_an_impossible_proxy_is_a_problem(env: dict[str, str]) -> None:
    done = chatkit("doctor", "--base-url", "https://chatkit.invalid/v1", env=env | {"HTTPS_PROXY": "nonsense:hunter2@"})
    assert "problem  proxy" in done.stdout
    assert "Correct the variable HTTPS_PROXY" in done.stdout
    assert "threads.list" not in done.stdout  # no request is tried
    assert "hunter2" not in done.stdout


def test_a_password_in_the_base_url_is_not_shown(env: dict[str, str]) -> None:
    done = chatkit("doctor", "--base-url", "http://me:hunter2@127.0.0.1:1/v1", env=env)
    assert "hunter2" not in done.stdout + done.stderr


@pytest.mark.parametrize("url", ["nonsense", "http://[", "http://127.0.0.1:99999999/v1", "ftp://127.0.0.1/v1"])
def test_an_impossible_base_url_is_a_problem_and_not_a_traceback(env: dict[str, str], url: str) -> None:
    done = chatkit("doctor", "--base-url", url, env=env)
    assert done.returncode == 1
    assert "problem" in done.stdout
    assert "Traceback" not in done.stderr


def test_missing_certificates_are_a_problem(env: dict[str, str], tmp_path: Path) -> None:
    missing = str(tmp_path / "no.pem")
    finding = found("--base-url", "https://127.0.0.1:1/v1", env=env | {"SSL_CERT_FILE": missing})["TLS"]
    assert finding["level"] == "problem"
    assert missing in finding["text"]


def test_the_announced_end_comes_with_the_command_that_saves_the_threads(env: dict[str, str]) -> None:
    finding = found(env=env)["announced end"]
    assert "30 November 2026" in finding["text"]
    assert finding["advice"].endswith("chatkit_async archive threads.chatkit")


@pytest.mark.parametrize("columns", [80, 100])
def test_on_a_terminal_it_wraps_at_words(env: dict[str, str], columns: int) -> None:
    shown = seen(on_a_terminal("doctor", env=env | {"TERM": "dumb"}, columns=columns).shown)
    assert max(map(len, shown)) <= columns
