"""How failures are reported, and the exit code of each kind."""

from __future__ import annotations

import json

import pytest

from chatkit_async.emulator import Emulator, Fault

from .conftest import KEY
from .running import chatkit
from .terminal import on_a_terminal, seen

LEAST = ("sessions", "create", "--user", "ada", "--workflow", "wf_1")
NO_SESSION = "Chatkit Session with id 'cksess_no' not found."


def error_of(text: str) -> dict[str, object]:
    assert text.count("\n") == 1
    message = json.loads(text)
    assert list(message) == ["error"]
    return message["error"]


@pytest.mark.parametrize("key", [None, "", "  "])
def test_without_a_key_nothing_is_sent_and_the_sentence_says_what_to_set(
    emulator: Emulator, env: dict[str, str], key: str | None
) -> None:
    env.pop("OPENAI_API_KEY")
    done = chatkit(*LEAST, env=env if key is None else env | {"OPENAI_API_KEY": key})
    assert (done.returncode, done.stdout) == (4, "")
    assert "export OPENAI_API_KEY=" in done.stderr
    assert done.stderr.count("\n") == 1
    assert emulator.requests() == []


def test_without_a_key_json_says_so_too(env: dict[str, str]) -> None:
    env.pop("OPENAI_API_KEY")
    done = chatkit(*LEAST, "--json", env=env)
    assert done.returncode == 4
    assert error_of(done.stderr)["kind"] == "NoKeyError"


def test_a_key_that_is_refused_is_an_authentication_failure_and_is_not_shown(env: dict[str, str]) -> None:
    wrong = "sk-wrong-0123456789"
    done = chatkit(*LEAST, env=env | {"OPENAI_API_KEY": wrong})
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("Error: sessions.create: 401 ")
    assert "\nHint: " in done.stderr
    assert "\nRequest: req_" in done.stderr
    assert wrong not in done.stderr


def test_a_403_is_an_authentication_failure(emulator: Emulator, env: dict[str, str]) -> None:
    emulator.add_faults(Fault(path="/chatkit/sessions", status=403, body={"error": {"message": "Not from here."}}))
    done = chatkit(*LEAST, env=env)
    assert done.returncode == 4
    assert "403 Not from here." in done.stderr


def test_a_refusal_is_reported_with_the_message_of_the_api_and_the_request_id(env: dict[str, str]) -> None:
    done = chatkit("sessions", "cancel", "cksess_no", env=env)
    assert (done.returncode, done.stdout) == (1, "")
    first, *more = done.stderr.splitlines()
    assert first == f"Error: sessions.cancel: 404 {NO_SESSION}"
    assert any(line.startswith("Request: req_") for line in more)


def test_a_refusal_in_json_holds_what_a_program_can_act_on(env: dict[str, str]) -> None:
    done = chatkit("sessions", "cancel", "cksess_no", "--json", env=env)
    assert (done.returncode, done.stdout) == (1, "")
    error = error_of(done.stderr)
    assert error["kind"] == "NotFoundError"
    assert error["message"] == NO_SESSION
    assert (error["operation"], error["status"], error["code"]) == ("sessions.cancel", 404, None)
    assert (error["outcome"], error["attempts"]) == ("refused", 1)
    assert str(error["request_id"]).startswith("req_")


def test_a_wait_that_is_too_long_is_reported_in_seconds(emulator: Emulator, env: dict[str, str]) -> None:
    emulator.add_faults(Fault(path="/chatkit/sessions", status=429, headers={"retry-after": "120"}, times=9))
    done = chatkit(*LEAST, env=env)
    assert done.returncode == 1
    assert "Wait: 120 s" in done.stderr


def test_max_retries_is_how_often_it_is_sent_again(emulator: Emulator, env: dict[str, str]) -> None:
    emulator.add_faults(Fault(path="/chatkit/sessions", status=503, headers={"retry-after-ms": "1"}, times=9))
    done = chatkit(*LEAST, "--max-retries", "3", env=env)
    assert done.returncode == 1
    assert len(emulator.requests()) == 4
    assert "Tried: 4 times" in done.stderr


def test_a_server_that_cannot_be_reached_is_a_failure(env: dict[str, str]) -> None:
    done = chatkit(*LEAST, "--max-retries", "0", "--base-url", "http://127.0.0.1:1/v1", env=env)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: sessions.create: ")
    assert "Traceback" not in done.stderr


def test_a_deadline_that_passes_after_sending_says_that_the_work_may_be_done(
    emulator: Emulator, env: dict[str, str]
) -> None:
    emulator.add_faults(Fault(path="/chatkit/sessions", delay=30))
    done = chatkit(*LEAST, "--timeout", "0.3", env=env)
    assert done.returncode == 1
    assert "Outcome: unknown" in done.stderr


def test_a_listing_that_times_out_does_not_claim_an_unknown_outcome(emulator: Emulator, env: dict[str, str]) -> None:
    emulator.add_faults(Fault(method="GET", path="/chatkit/threads", delay=30))
    done = chatkit("threads", "list", "--timeout", "0.3", env=env)
    assert done.returncode == 1
    assert "no response came within 0.3 s" in done.stderr
    assert "Outcome" not in done.stderr
    assert "may have been done" not in done.stderr
    assert "Hint: A read changes nothing: try again, or allow more time (--timeout, --max-retries)." in done.stderr
    assert "carried out" not in done.stderr


def test_hints_name_the_options(emulator: Emulator, env: dict[str, str]) -> None:
    done = chatkit("threads", "get", "cthr_no", env=env)
    assert "and that the base URL (--base-url or OPENAI_BASE_URL) is right" in done.stderr
    emulator.add_faults(Fault(path="/chatkit/sessions", status=429, times="always", headers={"retry-after": "99"}))
    assert "allow more time (--timeout, --max-retries)" in chatkit(*LEAST, env=env).stderr
    far = chatkit(*LEAST, "--base-url", "http://example.com/v1", env=env).stderr
    assert "--allow-insecure-http" in far
    assert "=True" not in far


@pytest.mark.parametrize("url", ["127.0.0.1:9/v1", "http://example.com/v1"], ids=["no scheme", "unencrypted"])
def test_a_bad_base_url_is_named_by_its_variable_or_its_option(env: dict[str, str], url: str) -> None:
    from_variable = chatkit(*LEAST, env=env | {"OPENAI_BASE_URL": url})
    from_option = chatkit(*LEAST, "--base-url", url, env=env)
    assert (from_variable.returncode, from_option.returncode) == (2, 2)
    assert from_variable.stderr.startswith("Error: the environment variable OPENAI_BASE_URL: ")
    assert "--base-url" not in from_variable.stderr
    assert from_option.stderr.startswith("Error: --base-url: ")


@pytest.mark.parametrize("columns", [60, 80])
def test_errors_wrap_at_words_on_a_terminal(env: dict[str, str], columns: int) -> None:
    for words in (
        ("threads", "get", "cthr_no"),
        (*LEAST, "--max-files", "3"),
        (*LEAST, "--state", "no pair"),
        ("threads", "lst"),
        ("completion", "tcsh"),
    ):
        shown = seen(on_a_terminal(*words, env=env | {"TERM": "dumb"}, columns=columns).shown)
        assert max(map(len, shown)) <= columns
        assert not [line for line in shown if line.endswith("-")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--max-files", "3"), "--max-files has no effect without --file-upload"),
        (("--max-file-size", "3", "--no-file-upload"), "--max-file-size has no effect without --file-upload"),
        (("--recent-threads", "3", "--no-history"), "--recent-threads has no effect with --no-history"),
    ],
)
def test_an_option_without_effect_is_a_usage_error(
    emulator: Emulator, env: dict[str, str], options: tuple[str, ...], message: str
) -> None:
    done = chatkit(*LEAST, *options, env=env)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert emulator.requests() == []


def test_a_response_that_is_not_json_is_a_failure(emulator: Emulator, env: dict[str, str]) -> None:
    emulator.add_faults(Fault(path="/chatkit/sessions", kind="html"))
    done = chatkit(*LEAST, env=env)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


BAD = (
    "sessions",
    "create",
    "--user",
    " ",
    "--workflow",
    "wf_1",
    "--expires-after",
    "700",
    "--state",
    f"{'k' * 70}=v",
    "--max-files",
    "0",
)


def test_bad_values_are_reported_all_at_once_with_their_options_and_nothing_is_sent(
    emulator: Emulator, env: dict[str, str]
) -> None:
    done = chatkit(*BAD, env=env)
    assert (done.returncode, done.stdout) == (2, "")
    named = [line.removeprefix("Error: ").split()[0].partition("[")[0] for line in done.stderr.splitlines()]
    assert sorted(named) == ["--expires-after", "--max-files", "--state", "--user"]
    assert "--expires-after is 700; the most allowed is 600" in done.stderr
    assert emulator.requests() == []


def test_bad_values_in_json_name_the_option_and_the_field(env: dict[str, str]) -> None:
    done = chatkit(*BAD, "--json", env=env)
    assert done.returncode == 2
    problems = error_of(done.stderr)["problems"]
    assert {(it["option"], it["path"], it["code"]) for it in problems} >= {
        ("--expires-after", "expires_after.seconds", "integer_above_max_value"),
        ("--max-files", "chatkit_configuration.file_upload.max_files", "integer_below_min_value"),
    }


@pytest.mark.parametrize(
    "words",
    [
        ("sessions", "create", "--user", "ada"),
        ("sessions", "create", "--user", "ada", "--workflow", "wf_1", "--expires-after", "soon"),
        ("sessions", "create", "--user", "ada", "--workflow", "wf_1", "--state", "plan"),
        ("sessions", "create", "--user", "ada", "--workflow", "wf_1", "--api-key", KEY),
        ("sessions", "cancel"),
        ("sessions", "cancel", ".."),
        ("sessions", "cancel", "x", "--base-url", "http://example.com/v1"),
        ("sessions", "cancel", "x", "--base-url", "nonsense"),
        ("sessions", "cancel", "x", "--timeout", "0"),
        ("sessions", "cancel", "x", "--timeout", "nan"),
        ("sessions", "cancel", "x", "--max-retries", "-1"),
        ("sessions", "list"),
        ("session",),
        ("--no-such-option",),
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_is_a_usage_error_in_either_form(
    emulator: Emulator, env: dict[str, str], words: tuple[str, ...]
) -> None:
    for_people = chatkit(*words, env=env)
    for_programs = chatkit(*words, "--json", env=env)
    assert (for_people.returncode, for_people.stdout) == (2, "")
    assert (for_programs.returncode, for_programs.stdout) == (2, "")
    assert "Error: " in for_people.stderr
    assert "Traceback" not in for_people.stderr
    assert error_of(for_programs.stderr)["message"]
    assert emulator.requests() == []


def test_a_key_that_no_header_can_hold_is_refused_and_not_shown(emulator: Emulator, env: dict[str, str]) -> None:
    done = chatkit(*LEAST, env=env | {"OPENAI_API_KEY": "sk-söcret-0123456789"})
    assert done.returncode == 2
    assert "söcret" not in done.stderr
    assert emulator.requests() == []


def test_bytes_that_are_not_utf8_are_a_usage_error(emulator: Emulator, env: dict[str, str]) -> None:
    done = chatkit("sessions", "create", "--user", "\udcff", "--workflow", "wf_1", env=env)
    assert done.returncode == 2
    assert "--user" in done.stderr
    assert emulator.requests() == []


def test_an_unencrypted_server_elsewhere_is_called_only_when_that_is_allowed(env: dict[str, str]) -> None:
    words = (*LEAST, "--max-retries", "0", "--timeout", "0.5", "--base-url", "http://chatkit.invalid/v1")
    refused = chatkit(*words, env=env)
    assert refused.returncode == 2
    assert "unencrypted" in refused.stderr
    allowed = chatkit(*words, "--allow-insecure-http", env=env)
    assert allowed.returncode == 1
    assert allowed.stderr.startswith("Error: sessions.create: ")


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (("--json", "threads", "get", "cthr_1"), "chatkit threads get --json"),
        (("threads", "--json", "get", "cthr_1"), "chatkit threads get --json"),
        (("--base-url", "http://127.0.0.1:1/v1", "threads", "list"), "chatkit threads list --base-url"),
        (("--user=ada", "sessions", "create"), "chatkit sessions create --user"),
        (("--concurrency", "2", "archive", "a.chatkit"), "chatkit archive --concurrency"),
        (("--json",), "chatkit sessions create --json"),
        (("--json", "threads"), "chatkit threads list --json"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_an_option_before_or_without_its_command_is_answered_with_a_place(words: tuple[str, ...], place: str) -> None:
    done = chatkit(*words)
    assert (done.returncode, done.stdout) == (2, "")
    where = "the command:" if len(words) > 2 else "a command that has it, as in"
    assert f"{place.rsplit(maxsplit=1)[-1]} belongs behind {where} {place} ..." in done.stderr


@pytest.mark.parametrize("words", [("--wrong", "threads", "get"), ("--state", "doctor")])
def test_an_option_of_no_command_that_follows_is_unknown(words: tuple[str, ...]) -> None:
    done = chatkit(*words)
    assert done.returncode == 2
    assert "No such option" in done.stderr
