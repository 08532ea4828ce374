"""`chatkit emulator`: one line when it listens, silence when it stops, and its options."""

from __future__ import annotations

import json
import re
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from chatkit_async import ChatKit, ChatKitThread
from chatkit_async.emulator import Emulator

from .running import DEADLINE_S, chatkit, served, started


def ready_url(line: str) -> str:
    found = re.fullmatch(r"chatkit emulator ready at (http://127\.0\.0\.1:\d+/v1)\n", line)
    assert found, line
    return found[1]


def status_with(base_url: str, key: str) -> tuple[str, int]:
    """The base URL, and the status of a creation with this key."""
    try:
        create_session(base_url, key)
    except HTTPError as refused:
        with refused:
            return base_url, refused.code
    return base_url, 200


def create_session(base_url: str, key: str) -> dict[str, object]:
    headers = {"Authorization": f"Bearer {key}", "OpenAI-Beta": "chatkit_beta=v1", "Content-Type": "application/json"}
    body = json.dumps({"user": "ada", "workflow": {"id": "wf_1"}}).encode()
    with urlopen(Request(f"{base_url}/chatkit/sessions", body, headers), timeout=DEADLINE_S) as response:
        return json.load(response)


def test_a_process_prints_its_address_and_ctrl_c_stops_it_without_output() -> None:
    with started("emulator", "--port", "0") as process:
        base_url = ready_url(process.stdout.readline())
        assert create_session(base_url, "any-key")["status"] == "active"
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, rest) == (0, ("", ""))


def test_term_stops_it_with_exit_code_0_and_without_output() -> None:
    done, session = served(
        "--port", "0", number=signal.SIGTERM, use=lambda line: create_session(ready_url(line), "any-key")
    )
    assert session["status"] == "active"
    assert done == (0, "", "")


def test_a_port_in_use_is_reported_with_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = chatkit("emulator", "--port", str(port))
    assert (done.returncode, done.stdout) == (1, "")
    advice = "stop what listens there, or choose another (--port 0 picks a free one)."
    assert done.stderr == f"Error: Port {port} of 127.0.0.1 is taken: {advice}\n"


def test_an_address_of_another_machine_is_reported_without_a_traceback() -> None:
    done = chatkit("emulator", "--host", "192.0.2.1", "--port", "0")
    assert done.returncode == 1
    assert "192.0.2.1" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_listens_on_the_chosen_port_and_accepts_only_the_given_keys() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ("--host", "127.0.0.1", "--port", str(port), "--api-key", "first", "--api-key", "second")
    done, statuses = served(
        *words,
        number=signal.SIGINT,
        use=lambda line: [status_with(ready_url(line), key) for key in ("first", "second", "third")],
    )
    assert done == (0, "", "")
    assert statuses == [(f"http://127.0.0.1:{port}/v1", status) for status in (200, 200, 401)]


def test_a_port_that_cannot_exist_is_a_usage_error() -> None:
    done = chatkit("emulator", "--port", "65536")
    assert done.returncode == 2
    assert "--port" in done.stderr


def retrieved(line: str, thread_id: str) -> ChatKitThread:
    with ChatKit("any", base_url=ready_url(line)) as client:
        return client.threads.retrieve(thread_id)


def test_with_a_state_file_it_remembers_every_response_after_it_was_killed(tmp_path: Path) -> None:
    state = tmp_path / "chatkit.sqlite"
    with started("emulator", "--port", "0", "--state", str(state)) as process:
        session = create_session(ready_url(process.stdout.readline()), "any")
        process.kill()
        process.wait(DEADLINE_S)
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    with Emulator.in_thread(state=str(state)) as emulator:
        assert emulator.sessions() == [session]


def test_another_file_is_not_overwritten_as_state(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("not a database " * 20)
    done = chatkit("emulator", "--port", "0", "--state", str(notes))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: ")
    assert "notes.txt" in done.stderr
    assert "Traceback" not in done.stderr
    assert notes.read_text() == "not a database " * 20


def test_a_state_file_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    done = chatkit("emulator", "--port", "0", "--state", str(tmp_path / "no" / "such" / "folder.sqlite"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "folder.sqlite" in done.stderr
    assert "Traceback" not in done.stderr


def test_examples_know_every_id() -> None:
    _, thread = served(
        "--port", "0", "--responses", "examples", number=signal.SIGINT, use=lambda line: retrieved(line, "cthr_any")
    )
    assert thread.id == "cthr_any"


@pytest.fixture(scope="module")
def examples() -> Iterator[dict[str, str]]:
    """The environment that leads to a server of the documentation's examples."""
    with Emulator.in_thread(responses="examples") as emulator:
        yield {"OPENAI_API_KEY": "any", "OPENAI_BASE_URL": emulator.base_url}


@pytest.mark.parametrize("options", [(), ("--json",)])
@pytest.mark.parametrize(
    "words",
    [
        ("threads", "list"),
        ("threads", "get", "cthr_any"),
        ("threads", "items", "cthr_any"),
        ("threads", "transcript", "cthr_any"),
        ("threads", "delete", "cthr_any", "--yes"),
    ],
    ids=lambda words: words[1] if len(words) > 1 else None,
)
def test_every_command_prints_the_documentations_examples(
    examples: dict[str, str], words: tuple[str, ...], options: tuple[str, ...]
) -> None:
    done = chatkit(*words, *options, "--max-retries", "0", env=examples)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_other_responses_are_a_usage_error_that_lists_them() -> None:
    done = chatkit("emulator", "--responses", "invented")
    assert done.returncode == 2
    assert "'real', 'examples'" in done.stderr


def test_the_sample_seed_is_printed_and_served(tmp_path: Path) -> None:
    printed = chatkit("emulator", "--sample-seed")
    assert (printed.returncode, printed.stderr) == (0, "")
    seed = tmp_path / "seed.json"
    seed.write_text(printed.stdout)
    _, thread = served(
        "--port", "0", "--seed", str(seed), number=signal.SIGINT, use=lambda line: retrieved(line, "cthr_order")
    )
    assert thread.title == "Where is my order?"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"threads": [{"thread": {"id": 7}}]}', "threads[0].thread.id"),
        ('{"threads": [', "JSON"),
        ('{"treads": []}', "treads"),
        (None, "No such file"),
    ],
    ids=["a wrong type", "broken JSON", "a misspelt key", "no file"],
)
def test_a_wrong_seed_is_reported_with_its_file_and_path_before_it_listens(
    tmp_path: Path, text: str | None, message: str
) -> None:
    seed = tmp_path / "seed.json"
    if text is not None:
        seed.write_text(text)
    done = chatkit("emulator", "--port", "0", "--seed", str(seed))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: ")
    assert "seed.json" in done.stderr
    assert message in done.stderr
