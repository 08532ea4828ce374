"""The group `chatkit`. Its commands are rows of a table; a command is imported when it is used."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from io import BufferedWriter, RawIOBase, TextIOWrapper
from typing import Final, NamedTuple

import click
from click.shell_completion import CompletionItem, get_completion_class

import chatkit_async
from chatkit_async.cli.errors import INTERRUPTED, report_failure, report_usage
from chatkit_async.cli.output import colour, explained, require_stdout

HYPHEN: Final = "\ue000"  # stands for a hyphen while help is wrapped


class HelpFormatter(click.HelpFormatter):
    """Wraps help at words; click's own formatter also breaks lines after a hyphen, as in `--max-items`."""

    def write(self, string: str) -> None:
        """Adds text as it is printed."""
        super().write(string.replace(HYPHEN, "-"))

    def write_text(self, text: str) -> None:
        """Adds paragraphs."""
        super().write_text(text.replace("-", HYPHEN))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Adds a list of names and their meanings."""
        super().write_dl([(name, meaning.replace("-", HYPHEN)) for name, meaning in rows], col_max, col_spacing)


class Context(click.Context):
    """A context whose help wraps at words."""

    formatter_class = HelpFormatter


class OrderedGroup(click.Group):
    """A group that lists its commands in the order in which they were added."""

    context_class = Context

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in their order."""
        return list(self.commands)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The words after the group's own options; raises click.UsageError, which says where an option belongs."""
        words = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            self._suggest_place(ctx, error.option_name, words)
            raise

    def _suggest_place(self, ctx: click.Context, option: str, words: list[str]) -> None:
        """Fails with the place of an option that the command behind it has, or another command."""
        found: click.Command = self
        path = ctx.command_path
        for word in words:
            if isinstance(found, click.Group) and (command := found.get_command(ctx, word)) is not None:
                found, path = command, f"{path} {word}"
        if any(option in param.opts for param in found.params):
            ctx.fail(f"{option} belongs behind the command: {path} {option} ...")
        for place in _places(ctx, found, path, option):
            ctx.fail(f"{option} belongs behind a command that has it, as in {place} {option} ...")

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the words begin with; raises click.UsageError, which names a similar one, or all."""
        if self.get_command(ctx, args[0]) is None and not ctx.resilient_parsing:
            self._suggest(ctx, args[0])
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None:
            command.context_class = Context
        return name, command, rest

    def _suggest(self, ctx: click.Context, name: str) -> None:
        # Imported here, because most command lines do not need it. Older versions of click suggest nothing.
        from difflib import get_close_matches  # noqa: PLC0415

        names = self.list_commands(ctx)
        if any(f"--{name}" in param.opts for param in self.get_params(ctx)):
            ctx.fail(f"No such command {name!r}. Did you mean '--{name}'?")
        for near in get_close_matches(name, names, n=1):
            ctx.fail(f"No such command {name!r}. Did you mean {near!r}?")
        ctx.fail(f"No such command {name!r}. There are {', '.join(names)}.")


def _places(ctx: click.Context, command: click.Command, path: str, option: str) -> Iterator[str]:
    """The commands in a group, and in its groups, that have an option."""
    if not isinstance(command, click.Group):
        if any(option in param.opts for param in command.params):
            yield path
        return
    for name in command.list_commands(ctx):
        if (inner := command.get_command(ctx, name)) is not None:
            yield from _places(ctx, inner, f"{path} {name}", option)


class Entry(NamedTuple):
    """The place of a command, and its line in the list of commands, which `--help` prints without importing it."""

    module: str
    name: str
    summary: str


COMMANDS: Final = {
    "demo": Entry("chatkit_async.cli.demo", "demo", "See it work in seconds, without a key or a network."),
    "sessions": Entry("chatkit_async.cli.sessions", "sessions", "Create and cancel ChatKit sessions."),
    "threads": Entry("chatkit_async.cli.threads", "threads", "List, read and delete ChatKit threads."),
    "archive": Entry("chatkit_async.cli.bulk", "archive", "Save all threads in one file."),
    "convert": Entry("chatkit_async.cli.bulk", "convert", "Write an archive as JSON Lines or Markdown."),
    "verify": Entry("chatkit_async.cli.bulk", "verify", "Check that an archive is whole."),
    "migrate": Entry("chatkit_async.cli.bulk", "migrate", "Move an archive into a self-hosted ChatKit server."),
    "doctor": Entry("chatkit_async.cli.doctor", "doctor", "Check key, server, proxy, TLS and clock."),
    "emulator": Entry("chatkit_async.cli.emulator", "emulator", "Serve the ChatKit API on this machine, for tests."),
    "completion": Entry("chatkit_async.cli.main", "completion", "Print the completion script for a shell."),
}


class LazyGroup(OrderedGroup):
    """A group that imports a command only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command itself, imported now."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = getattr(importlib.import_module(entry.module), entry.name)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands that begin with these letters, and the options."""
        found = [CompletionItem(name, help=it.summary) for name, it in COMMANDS.items() if name.startswith(incomplete)]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands in `--help`, from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


def _print_version(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(f"chatkit {chatkit_async.__version__}")
        ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and exit.",
)
@click.pass_context
def chatkit(ctx: click.Context) -> None:
    """ChatKit sessions and threads from the command line, and a ChatKit server for your tests.

    \b
    Environment:
      OPENAI_API_KEY     your key. No option takes it: every user of a machine
                         can read the command lines of its processes.
      OPENAI_BASE_URL    the server [default: https://api.openai.com/v1]
      OPENAI_ORG_ID      your organization and project, if the key has several
      OPENAI_PROJECT_ID
      NO_COLOR           any value: print no colours

    \b
    Exit codes:
      0 done, 1 failure, 2 usage, 4 authentication, 130 interrupted

    \b
    Examples:
      chatkit demo
      chatkit sessions create --user user_123 --workflow wf_abc
      chatkit archive threads.chatkit
      chatkit threads list --user user_123
    """
    ctx.color = colour()


@click.command()
@click.argument("shell", metavar="SHELL", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script for SHELL: bash (4.4 or later), zsh or fish.

    \b
    Put one line into the file that your shell reads at its start:
      ~/.bashrc                      eval "$(chatkit completion bash)"
      ~/.zshrc, after compinit       eval "$(chatkit completion zsh)"
      ~/.config/fish/config.fish     chatkit completion fish | source
    """
    require_stdout()
    kind = get_completion_class(shell)
    if kind is None:  # pragma: no cover - click has all three
        raise click.ClickException(f"click knows no completion for {shell}.")
    click.echo(kind(ctx.find_root().command, {}, "chatkit", "_CHATKIT_COMPLETE").source())


def run(arguments: Sequence[str]) -> int:
    """Runs one command line and returns its exit code; failures are reported on stderr.

    Args:
        arguments: the words after `chatkit`.
    """
    _prepare_stdout()
    as_json = "--json" in arguments  # read here, because click has no options for a line that it cannot parse
    try:
        words = [*map(_as_text, arguments)]
        code: int | None = chatkit.main(words, prog_name="chatkit", standalone_mode=False, obj=words)
    except OSError as error:
        return report_usage(explained(error), as_json=as_json)
    except click.Abort:
        return INTERRUPTED
    except click.ClickException as error:
        return report_usage(error, as_json=as_json)
    except chatkit_async.ChatKitError as error:
        return report_failure(error, as_json=as_json)
    return code or 0


def _as_text(argument: str) -> str:
    """The argument decoded as UTF-8; under an ASCII locale Python holds its bytes as surrogates."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        with suppress(UnicodeError):
            return os.fsencode(argument).decode()
    return argument


def _prepare_stdout() -> None:
    """Makes stdout take texts whole, and escape what it cannot encode."""
    stream = sys.stdout
    if not isinstance(stream, TextIOWrapper):
        return
    stream.reconfigure(errors="backslashreplace")
    with suppress(OSError, ValueError, AttributeError):  # a stand-in has no descriptor, old Windows no such function
        os.set_blocking(stream.fileno(), True)  # a program that shares the pipe may have turned it off
    if isinstance(stream.buffer, RawIOBase):  # PYTHONUNBUFFERED: a write that succeeds in part would lose the rest
        sys.stdout = TextIOWrapper(BufferedWriter(stream.buffer), stream.encoding, stream.errors)
