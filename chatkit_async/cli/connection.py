"""What all commands that call the API share: the options of the connection, the key, and the client made from them."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from inspect import cleandoc
from typing import Any, Final, NamedTuple

import click

import chatkit_async
from chatkit_async.cli.errors import NoKeyError
from chatkit_async.cli.output import require_stdout


class Connection(NamedTuple):
    """How to call the API."""

    base_url: str | None
    timeout: float
    max_retries: int
    allow_insecure_http: bool

    def client(self, *, needs_stdout: bool = True) -> chatkit_async.ChatKit:
        """A client for one command, its key from the environment.

        Args:
            needs_stdout: False for a command that is useful even if it can print nothing.

        Raises:
            LostOutputError: stdout is closed.
            NoKeyError: OPENAI_API_KEY is not set; checked before the other settings, since it has its own exit code.
        """
        if needs_stdout:
            require_stdout()
        if not os.environ.get("OPENAI_API_KEY", "").strip():
            raise NoKeyError
        return chatkit_async.ChatKit(**self._asdict())


KEY_HELP: Final = """

\b
Environment:
  OPENAI_API_KEY  your key. No option takes it: every user of a machine can
                  read the command lines of its processes.
"""


def _refuse_key(ctx: click.Context, param: click.Parameter, key: str | None) -> None:
    if key is not None:
        raise click.UsageError(
            "--api-key does not exist, because every user of this machine could read your key in the list of processes."
            " Put the key into the environment variable OPENAI_API_KEY.",
            ctx,
        )


def _above_zero(ctx: click.Context, param: click.Parameter, seconds: float) -> float:
    if not seconds > 0:  # not a number is refused too
        raise click.BadParameter("pass seconds above 0, or inf for no limit.", ctx, param)
    return seconds


_CONNECTION_OPTIONS: Final = (
    click.option(
        "--base-url",
        metavar="URL",
        help="The server to call, as in http://127.0.0.1:8787/v1."
        "  [default: $OPENAI_BASE_URL, else https://api.openai.com/v1]",
    ),
    click.option(
        "--timeout",
        type=float,
        metavar="SECONDS",
        default=30.0,
        callback=_above_zero,
        show_default=True,
        help="The time for each call, with all its attempts and waits; `inf` for no limit.",
    ),
    click.option(
        "--max-retries",
        type=click.IntRange(min=0),
        metavar="N",
        default=2,
        show_default=True,
        help="How often a failed request may be sent again; in jobs over many threads at least 5 times, and 100 times"
        " after a 429 or 503.",
    ),
    click.option("--api-key", metavar="KEY", hidden=True, expose_value=False, callback=_refuse_key),
    click.option(
        "--allow-insecure-http",
        is_flag=True,
        help="Allow http:// to other machines, which sends the key unencrypted; only in a network that you trust.",
    ),
)


def connection_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options of the connection, which it receives as `connection`."""

    @wraps(command)
    def with_connection(**options: Any) -> None:
        connection = Connection(**{name: options.pop(name) for name in Connection._fields})
        command(connection=connection, **options)

    with_connection.__doc__ = cleandoc(command.__doc__ or "") + KEY_HELP
    decorated: Callable[..., None] = with_connection
    for option in reversed(_CONNECTION_OPTIONS):
        decorated = option(decorated)
    return decorated
