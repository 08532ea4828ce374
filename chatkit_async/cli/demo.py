"""`chatkit demo`: the product in five calls, made by the real clients to the emulator."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from math import ceil
from typing import NamedTuple

import click

import chatkit_async
from chatkit_async.cli.output import coloured, command_to_paste, printable, require_stdout, wrapped
from chatkit_async.emulator import Emulator


class Step(NamedTuple):
    """One call: its purpose, the line of code, its outcome, and a hint if the error has one."""

    title: str
    code: str
    outcome: str
    hint: str | None = None


@click.command()
def demo() -> None:
    """See sessions created, refused and cancelled by the real clients, over real HTTP.

    Starts the emulator on a free port of this machine and stops it afterwards: needs no key
    and no network, and takes about a second.
    """
    require_stdout()
    with _own_environment(), Emulator.in_thread() as emulator:
        click.echo(f"A ChatKit server on this machine, {emulator.base_url}: no key, no cost.")
        for number, step in enumerate(steps(emulator.base_url), start=1):
            _print_step(number, step)
    _print_next()


def steps(base_url: str) -> Iterator[Step]:
    """Makes the calls one by one."""
    yield Step(
        "Your server creates a session for a user, and awaits it:",
        'session = await client.sessions.create(user="ada", workflow="wf_demo")',
        _created(asyncio.run(_awaited(base_url))),
    )
    with chatkit_async.ChatKit("demo", base_url=base_url) as client:
        session = client.sessions.create(user="ada", workflow="wf_demo")
        yield Step(
            "A script does the same without asyncio:",
            'session = client.sessions.create(user="ada", workflow="wf_demo")',
            _created(session),
        )
        yield from _refused(client)
        yield Step(
            "Cancelling a session ends its secret at once:",
            "session = client.sessions.cancel(session.id)",
            f"{_short(session.id)} is {client.sessions.cancel(session.id).status}",
        )


async def _awaited(base_url: str) -> chatkit_async.ChatSession:
    async with chatkit_async.AsyncChatKit("demo", base_url=base_url) as client:
        return await client.sessions.create(user="ada", workflow="wf_demo")


def _refused(client: chatkit_async.ChatKit) -> Iterator[Step]:
    try:
        client.sessions.create(user="ada", workflow="wf_demo", expires_after=3600)
    except chatkit_async.ParamsValidationError as error:
        yield Step(
            "A value that the API would refuse is not even sent:",
            'client.sessions.create(user="ada", workflow="wf_demo", expires_after=3600)',
            f"ParamsValidationError: {error}",
        )
    try:
        client.sessions.cancel("cksess_unknown")
    except chatkit_async.NotFoundError as error:
        yield Step(
            "A refusal by the API is an error with the API's words:",
            'client.sessions.cancel("cksess_unknown")',
            f"NotFoundError: {error.status} {error.message}",
            error.hint,
        )


def _created(session: chatkit_async.ChatSession) -> str:
    left = f"its secret lets a browser chat for {ceil(session.expires_in())} s"
    return f"{_short(session.id)} is {session.status}; {left}"


def _short(session_id: str) -> str:
    return f"{session_id[:15]}..."


def _print_step(number: int, step: Step) -> None:
    click.echo(f"\n{number}. {click.style(step.title, bold=True)}")
    click.echo(f"   {_highlighted(step.code)}")
    first, *rest = wrapped(printable(step.outcome), 6)
    click.echo("\n".join([f"   {click.style('->', fg='green')} {first}", *(f"      {line}" for line in rest)]))
    for line in wrapped(step.hint or "", 6):
        click.echo(f"      {click.style(line, dim=True)}")


def _print_next() -> None:
    program = command_to_paste([])
    rows = (
        (f"{program} emulator", "run this server for your tests"),
        ("export OPENAI_API_KEY=sk-...", "or use the real API, with your key"),
        (f"{program} sessions create --user ada --workflow wf_...", "and a workflow of yours"),
        (f"{program} --help", "all commands"),
    )
    click.echo(f"\n{click.style('Next:', bold=True)}")
    for command, meaning in rows:
        click.echo(f"  {click.style(f'# {meaning}', dim=True)}\n  {command}")


def _highlighted(code: str) -> str:
    """The code, in colours if the terminal shows them."""
    if not coloured():
        return code
    # Only for a terminal: half of the demo's time would go into these imports.
    from rich.console import Console  # noqa: PLC0415
    from rich.syntax import Syntax  # noqa: PLC0415

    console = Console(force_terminal=True, color_system="standard")
    with console.capture() as capture:
        console.print(Syntax(code, "python", theme="ansi_dark").highlight(code), end="", soft_wrap=True)
    return capture.get().rstrip("\n")


@contextmanager
def _own_environment() -> Generator[None]:
    """Hides the user's OPENAI_* variables, which the demo does not need."""
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("OPENAI_")}
    try:
        yield
    finally:
        os.environ.update(hidden)
