"""`chatkit emulator`: one line when it listens, silence when it stops."""

from __future__ import annotations

import json
import re
import signal
import socket
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from .running import DEADLINE_S, chatkit, started


def ready_url(line: str) -> str:
    found = re.fullmatch(r"chatkit emulator ready at (http://127\.0\.0\.1:\d+/v1)\n", line)
    assert found, line
    return found[1]


def create_session(base_url: str, key: str) -> dict[str, object]:
    headers = {"Authorization": f"Bearer {key}", "OpenAI-Beta": "chatkit_beta=v1", "Content-Type": "application/json"}
    body = json.dumps({"user": "ada", "workflow": {"id": "wf_1"}}).encode()
    with urlopen(Request(f"{base_url}/chatkit/sessions", body, headers), timeout=DEADLINE_S) as answer:
        return json.load(answer)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_listens_and_a_signal_stops_it_without_a_word(number: signal.Signals) -> None:
    with started("emulator", "--port", "0") as process:
        base_url = ready_url(process.stdout.readline())
        assert create_session(base_url, "any-key")["status"] == "active"
        process.send_signal(number)
        rest = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, rest) == (0, ("", ""))


def test_it_listens_on_the_port_asked_for() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with started("emulator", "--host", "127.0.0.1", "--port", str(port)) as process:
        assert ready_url(process.stdout.readline()) == f"http://127.0.0.1:{port}/v1"


def test_a_port_that_is_taken_is_told_in_one_sentence_that_says_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = chatkit("emulator", "--port", str(port))
    assert (done.returncode, done.stdout) == (1, "")
    advice = "stop what listens there, or choose another (--port 0 picks a free one)."
    assert done.stderr == f"Error: Port {port} of 127.0.0.1 is taken: {advice}\n"


def test_an_address_that_is_not_this_machines_is_told_without_a_traceback() -> None:
    done = chatkit("emulator", "--host", "192.0.2.1", "--port", "0")
    assert done.returncode == 1
    assert "192.0.2.1" in done.stderr
    assert "Traceback" not in done.stderr


def test_only_the_keys_given_are_accepted() -> None:
    with started("emulator", "--port", "0", "--api-key", "first", "--api-key", "second") as process:
        base_url = ready_url(process.stdout.readline())
        assert create_session(base_url, "first")["status"] == "active"
        assert create_session(base_url, "second")["status"] == "active"
        with pytest.raises(HTTPError) as refused:
            create_session(base_url, "third")
        with refused.value as answer:
            assert answer.code == 401


def test_a_port_that_cannot_exist_is_a_usage_error() -> None:
    done = chatkit("emulator", "--port", "65536")
    assert done.returncode == 2
    assert "--port" in done.stderr
