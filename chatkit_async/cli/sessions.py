"""`chatkit sessions`: one command for each operation on sessions."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import click

import chatkit_async
from chatkit_async.cli.connection import Connection, connection_options
from chatkit_async.cli.fields import body, body_options, check_dependent
from chatkit_async.cli.main import OrderedGroup
from chatkit_async.cli.output import print_json, print_lines
from chatkit_async.cli.views import session_lines

_OUTPUT_OPTIONS: Final = (
    click.option(
        "--json",
        "as_json",
        is_flag=True,
        help="Print one JSON object, as the API gave it, with the whole client secret. Errors are JSON too.",
    ),
    click.option(
        "--show-secret",
        is_flag=True,
        help="Print the client secret too. Anyone who has it can chat as this user.",
    ),
)


def output_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options that say how a session is printed."""
    for option in reversed(_OUTPUT_OPTIONS):
        command = option(command)
    return command


@click.group(cls=OrderedGroup)
def sessions() -> None:
    """Create and cancel ChatKit sessions."""


@sessions.command(short_help="Create a session for a user.")
@body_options
@connection_options
@output_options
def create(*, connection: Connection, as_json: bool, show_secret: bool, **values: object) -> None:
    """Create a session: its client secret lets a browser chat as one user, for at most ten minutes.

    The API chooses the value of each option that you leave out. If no response comes, a session may
    exist all the same: its secret is lost, and it expires by itself.

    \b
    Examples:
      chatkit sessions create --user user_123 --workflow wf_abc
      chatkit sessions create --user user_123 --workflow wf_abc \\
          --state plan=pro --state seats:=3 --state trial:=false
      chatkit sessions create --user user_123 --workflow wf_abc --json |
          jq -r .client_secret
    """
    params = chatkit_async.SessionCreateParams.from_mapping(body(values))
    check_dependent(values)
    with connection.client() as client:
        session = client.sessions.create(params)
    _print(session, as_json=as_json, show_secret=show_secret)


@sessions.command(short_help="Cancel a session: its client secret stops working.")
@click.argument("session_id", metavar="ID")
@connection_options
@output_options
def cancel(*, session_id: str, connection: Connection, as_json: bool, show_secret: bool) -> None:
    """Cancel the session ID (cksess_...): its client secret stops working.

    A session that is already cancelled or expired is not an error: it is printed, with exit code 0.

    \b
    Example:
      chatkit sessions cancel cksess_68df4b13
    """
    with connection.client(needs_stdout=False) as client:
        session = client.sessions.cancel(session_id)
    _print(session, as_json=as_json, show_secret=show_secret)


def _print(session: chatkit_async.ChatSession, *, as_json: bool, show_secret: bool) -> None:
    if as_json:
        print_json(session.to_dict())
        return
    lines = session_lines(session.to_dict(), now_s=time.time(), show_secret=show_secret)
    print_lines([*lines, ("request", session.response.request_id or "without an id")])
