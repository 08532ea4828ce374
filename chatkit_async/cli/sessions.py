"""`chatkit sessions`: one command for each operation on sessions."""

from __future__ import annotations

import time

import click

import chatkit_async
from chatkit_async.cli.connection import common_options, open_client
from chatkit_async.cli.fields import body, body_options
from chatkit_async.cli.output import print_json, print_lines
from chatkit_async.cli.session_view import session_lines


@click.group()
def sessions() -> None:
    """Create and cancel ChatKit sessions."""


@sessions.command()
@body_options
@common_options
def create(
    *, base_url: str | None, timeout: float, max_retries: int, as_json: bool, show_secret: bool, **values: object
) -> None:
    """Create a session: its client secret lets a browser chat as one user, for at most ten minutes.

    What is not given is left to the API. If no answer comes, a session may have been made all
    the same; nobody has its secret then, and it expires by itself.

    \b
    Examples:
      chatkit sessions create --user user_123 --workflow wf_abc
      chatkit sessions create --user user_123 --workflow wf_abc --expires-after 300 \\
          --state plan=pro --state seats:=3 --state trial:=false
      chatkit sessions create --user user_123 --workflow wf_abc --json | jq -r .client_secret
    """
    with open_client(base_url=base_url, timeout=timeout, max_retries=max_retries) as client:
        session = client.sessions.create(body(values))
    _print(session, as_json=as_json, show_secret=show_secret)


@sessions.command()
@click.argument("session_id", metavar="ID")
@common_options
def cancel(
    *, session_id: str, base_url: str | None, timeout: float, max_retries: int, as_json: bool, show_secret: bool
) -> None:
    """Cancel the session ID (cksess_...): its client secret stops working.

    A session that was cancelled or has expired before is printed as it is, with exit code 0.

    \b
    Example:
      chatkit sessions cancel cksess_68df4b13b3588190a09d19288d4610ec0df388c3983f58d1
    """
    with open_client(base_url=base_url, timeout=timeout, max_retries=max_retries) as client:
        session = client.sessions.cancel(session_id)
    _print(session, as_json=as_json, show_secret=show_secret)


def _print(session: chatkit_async.ChatSession, *, as_json: bool, show_secret: bool) -> None:
    if as_json:
        print_json(session.to_dict())
        return
    lines = session_lines(session.to_dict(), now_s=time.time(), show_secret=show_secret)
    print_lines([*lines, ("request", session.response.request_id or "without an id")])
