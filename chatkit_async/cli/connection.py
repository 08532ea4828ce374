"""What every command that calls the API shares: its options, and the client made from them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

import chatkit_async
from chatkit_async.cli.errors import NoKeyError

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

_OPTIONS: Final = (
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
        show_default=True,
        help="The time for everything, attempts and waits together; `inf` for no limit.",
    ),
    click.option(
        "--max-retries",
        type=click.IntRange(min=0),
        metavar="N",
        default=2,
        show_default=True,
        help="How often a request that failed is sent again.",
    ),
    click.option(
        "--json",
        "as_json",
        is_flag=True,
        help="Print one JSON object, as the API gave it: the client secret in it is whole. Errors are JSON too.",
    ),
    click.option(
        "--show-secret",
        is_flag=True,
        help="Print the client secret, which is hidden otherwise: whoever has it can chat as this user.",
    ),
)


def common_options(command: CommandT) -> CommandT:
    """Gives a command the options that all calls share."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def open_client(*, base_url: str | None, timeout: float, max_retries: int) -> chatkit_async.ChatKit:
    """A client for one command, its key from the environment.

    Raises:
        NoKeyError: there is none; found before anything else, so that it has its own exit code.
    """
    if not os.environ.get("OPENAI_API_KEY", "").strip():
        raise NoKeyError
    return chatkit_async.ChatKit(base_url=base_url, timeout=timeout, max_retries=max_retries)
