"""The command line speaks of its own words: options and commands, not of Python."""

from __future__ import annotations

import pytest

from chatkit_async.emulator import Emulator

from .running import chatkit, in_a_process


@pytest.mark.parametrize("seconds", ["0", "-1", "nan"])
def test_an_impossible_timeout_is_reported_with_its_option(env: dict[str, str], seconds: str) -> None:
    done = chatkit("threads", "list", "--timeout", seconds, env=env)
    assert done.returncode == 2
    assert "'--timeout': pass seconds above 0, or inf for no limit." in done.stderr
    assert "math" not in done.stderr


@pytest.mark.parametrize(
    "words", [("sessions", "cancel"), ("threads", "get"), ("threads", "items"), ("threads", "delete", "--yes")]
)
def test_an_impossible_id_is_named_as_in_the_help(env: dict[str, str], words: tuple[str, ...]) -> None:
    done = chatkit(*words, "", env=env)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ID is ''")


@pytest.mark.parametrize("key", ["", "  "])
def test_a_blank_key_of_the_emulator_is_reported_with_its_option(key: str) -> None:
    done = chatkit("emulator", "--port", "0", "--api-key", key)
    assert (done.returncode, done.stdout) == (2, "")
    assert "'--api-key': a key cannot be blank." in done.stderr
    assert "Emulator(" not in done.stderr


@pytest.mark.parametrize(
    ("group", "order"),
    [
        ("sessions", ["create", "cancel"]),
        ("threads", ["list", "get", "items", "transcript", "delete", "erase", "retain"]),
    ],
)
def test_help_lists_commands_in_the_order_of_use(group: str, order: list[str]) -> None:
    listed = chatkit(group, "--help").stdout.rpartition("Commands:\n")[2]
    assert [line.split()[0] for line in listed.splitlines()] == order


@pytest.mark.parametrize(
    ("words", "meant"),
    [(("sesions",), "sessions"), (("sessions", "craete"), "create"), (("threads", "transcrpt"), "transcript")],
)
def test_a_misspelt_command_gets_the_nearest_name(words: tuple[str, ...], meant: str) -> None:
    done = chatkit(*words)
    assert done.returncode == 2
    assert f"Did you mean '{meant}'?" in done.stderr


def test_a_word_unlike_every_command_gets_the_names_that_there_are() -> None:
    assert "No such command 'xyzzy'. There are demo, sessions, threads, " in chatkit("xyzzy").stderr
    assert "No such command 'list'. There are create, cancel.\n" in chatkit("sessions", "list").stderr
    assert "No such command 'version'. Did you mean '--version'?" in chatkit("version").stderr


def test_text_is_utf8_also_where_the_locale_has_only_ascii(emulator: Emulator, env: dict[str, str]) -> None:
    name = "zoé 😀"
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = in_a_process("sessions", "create", "--user", name, "--workflow", "wf_1", env=env | ascii_only)
    assert (done.returncode, done.stderr) == (0, "")
    assert emulator.sessions()[0]["user"] == name
