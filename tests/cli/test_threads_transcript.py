"""`chatkit threads transcript`: a conversation from its beginning, in three forms."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatkit_async.emulator import Emulator
from tests.threads.seeding import item, one_of_each_kind, thread

from .running import chatkit
from .terminal import on_a_terminal, seen

TRANSCRIPT = ("threads", "transcript", "cthr_1")


def message(number: int, text: str) -> dict[str, Any]:
    content = [{"type": "input_text", "text": text}]
    return item(number, kind="chatkit.user_message", content=content, attachments=[], inference_options=None)


def seed(emulator: Emulator, *items: dict[str, Any]) -> None:
    emulator.seed(threads=[{"thread": thread(1), "items": items}])


def test_text_has_a_paragraph_for_each_item_and_the_oldest_comes_first(emulator: Emulator, env: dict[str, str]) -> None:
    seed(emulator, *one_of_each_kind())
    done = chatkit(*TRANSCRIPT, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    paragraphs = done.stdout.split("\n\n")
    assert paragraphs[0] == "User: What is open?\n  (quoting: opening hours)\n  (attached: plan.pdf)"
    assert paragraphs[1] == "Assistant: The north gate."
    assert len(paragraphs) == 7


def test_markdown_puts_each_text_into_a_code_block(emulator: Emulator, env: dict[str, str]) -> None:
    seed(emulator, message(1, "# loud\n```"))
    done = chatkit(*TRANSCRIPT, "--format", "markdown", env=env)
    assert done.stdout == "**User**\n\n````text\n# loud\n```\n````\n"


@pytest.mark.parametrize("options", [("--json",), ("--format", "json"), ("--json", "--format", "json")], ids=" ".join)
def test_json_is_one_array_of_the_items(emulator: Emulator, env: dict[str, str], options: tuple[str, ...]) -> None:
    items = [*one_of_each_kind(), message(9, "5 €")]
    seed(emulator, *items)
    done = chatkit(*TRANSCRIPT, *options, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == items
    assert done.stdout.isascii()


def test_all_pages_are_in_it_and_no_request_is_unneeded(emulator: Emulator, env: dict[str, str]) -> None:
    seed(emulator, *(message(number, f"line {number}") for number in range(250)))
    paragraphs = chatkit(*TRANSCRIPT, env=env).stdout.strip().split("\n\n")
    assert paragraphs == [f"User: line {number}" for number in range(250)]
    assert len(emulator.requests()) == 3


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_control_characters_are_escaped_and_lines_and_tabs_stay(
    emulator: Emulator, env: dict[str, str], form: str
) -> None:
    seed(emulator, message(1, "one\n\ttwo \x1b[2J\r\u202egnp\x9b"))
    shown = chatkit(*TRANSCRIPT, "--format", form, env=env).stdout
    assert "one\n\ttwo \\x1b[2J\\r\\u202egnp\\x9b" in shown


def test_spaces_and_joiners_of_ordinary_texts_stay(emulator: Emulator, env: dict[str, str]) -> None:
    text = "Bon\u00a0! \u202f5 \u3000 \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \U0001f469\u200d\U0001f4bb"
    seed(emulator, message(1, text))
    assert chatkit(*TRANSCRIPT, env=env).stdout == f"User: {text}\n"


def test_a_thread_without_items_is_a_sentence_for_people_and_an_empty_array_for_programs(
    emulator: Emulator, env: dict[str, str]
) -> None:
    seed(emulator)
    for_people = chatkit(*TRANSCRIPT, env=env)
    assert (for_people.returncode, for_people.stdout, for_people.stderr) == (0, "", "This thread has no items.\n")
    assert chatkit(*TRANSCRIPT, "--json", env=env).stdout == "[]\n"


def test_json_and_another_format_exclude_each_other(emulator: Emulator, env: dict[str, str]) -> None:
    done = chatkit(*TRANSCRIPT, "--json", "--format", "text", env=env)
    assert (done.returncode, done.stdout) == (2, "")
    assert "exclude each other" in json.loads(done.stderr)["error"]["message"]
    assert emulator.requests() == []


def test_a_missing_thread_is_a_failure(env: dict[str, str]) -> None:
    done = chatkit(*TRANSCRIPT, env=env)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: threads.list_items: 404 ")


def test_text_wraps_at_words_on_a_terminal_and_stays_whole_in_a_pipe(emulator: Emulator, env: dict[str, str]) -> None:
    long = "tracking " * 12 + "  end"
    seed(emulator, message(1, f"{long}\n  two  blanks"))
    shown = seen(on_a_terminal(*TRANSCRIPT, env=env, columns=80).shown)
    assert shown[:3] == [
        "User: " + " ".join(["tracking"] * 8),
        " ".join(["tracking"] * 4) + "   end",
        "      two  blanks",
    ]
    assert f"User: {long}\n" in chatkit(*TRANSCRIPT, env=env).stdout
