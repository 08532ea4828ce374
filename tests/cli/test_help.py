"""`--help`: every command explains itself."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from chatkit_async.cli.main import COMMANDS, chatkit

from .running import chatkit as chatkit_in_process
from .terminal import on_a_terminal


def commands(group: click.Group, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*words, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*words, name))


ALL = dict(commands(chatkit))


def help_of(*words: str) -> str:
    result = CliRunner().invoke(chatkit, [*words, "--help"], prog_name="chatkit", catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_the_list_of_commands_has_a_line_for_each() -> None:
    text = help_of()
    for name, entry in COMMANDS.items():
        assert f"  {name.ljust(10)}  {entry.summary}\n" in text


def test_the_group_tells_environment_exit_codes_and_why_no_option_takes_the_key() -> None:
    text = help_of()
    for word in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "NO_COLOR", "No option takes it", "4 authentication", "130"):
        assert word in text


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_command_says_what_it_does_and_every_option_what_it_means(words: tuple[str, ...]) -> None:
    text = help_of(*words)
    assert text.startswith(f"Usage: chatkit {' '.join(words)}")
    command = ALL[words]
    assert command.help
    options = [it for it in command.params if isinstance(it, click.Option)]
    assert [option.name for option in options if not (option.help or option.hidden)] == []


@pytest.mark.parametrize("words", [(), *ALL], ids=lambda words: " ".join(words) or "chatkit")
def test_no_line_of_help_is_wider_than_the_terminal_and_no_name_breaks(words: tuple[str, ...]) -> None:
    shown = on_a_terminal(*words, "--help", columns=80).shown.replace("\r\n", "\n")
    assert max(map(len, shown.split("\n"))) <= 80
    assert not [line for line in shown.split("\n") if line.endswith("-")]
    assert shown.isascii()


@pytest.mark.parametrize(
    "words", [it for it in ALL if it not in {("sessions",), ("threads",), ("demo",), ("completion",)}], ids=" ".join
)
def test_every_command_with_arguments_has_an_example(words: tuple[str, ...]) -> None:
    examples = help_of(*words).partition("Example")[2].partition("Options:")[0]
    assert f"chatkit {' '.join(words)} " in " ".join(examples.split()) + " "


CALLING_THE_API = [words for words, it in ALL.items() if "base_url" in {param.name for param in it.params}]


@pytest.mark.parametrize("words", CALLING_THE_API, ids=" ".join)
def test_a_command_that_calls_the_api_names_the_variable_of_the_key(words: tuple[str, ...]) -> None:
    text = " ".join(help_of(*words).split())
    assert "OPENAI_API_KEY your key. No option takes it: every user of a machine can read" in text
    assert "--api-key" not in text


@pytest.mark.parametrize("key", [("--api-key", "sk-typed"), ("--api-key=sk-typed",)], ids=["two words", "one word"])
def test_a_key_on_the_command_line_is_refused_with_the_name_of_the_variable(key: tuple[str, ...]) -> None:
    done = chatkit_in_process("threads", "list", *key)
    assert done.returncode == 2
    assert "Put the key into the environment variable OPENAI_API_KEY." in done.stderr
    assert "sk-typed" not in done.stderr


def test_the_help_of_json_says_that_the_secret_is_whole_in_it() -> None:
    assert "with the whole client secret" in " ".join(help_of("sessions", "create").split())


@pytest.mark.parametrize("words", [("threads", "list"), ("threads", "items")], ids=" ".join)
def test_the_help_of_a_listing_tells_the_size_of_a_page_from_how_many_there_are_in_all(words: tuple[str, ...]) -> None:
    text = " ".join(help_of(*words).split())
    assert "--page-size N How many each request asks for, 1 to 100; pages follow until all are listed." in text
    assert "--max-items N List at most so many, over all pages." in text


@pytest.mark.parametrize(("operation", "command"), [("retrieve", "get"), ("list-items", "items")])
def test_the_operations_own_names_are_commands_that_the_list_does_not_repeat(operation: str, command: str) -> None:
    assert help_of("threads", operation).partition("\n")[2] == help_of("threads", command).partition("\n")[2]
    assert f"\n  {operation} " not in help_of("threads")
