"""`chatkit threads`: list and read threads and their items."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final, TypeVar

import click

import chatkit_async
from chatkit_async.cli.connection import Connection, connection_options
from chatkit_async.cli.group import OrderedGroup
from chatkit_async.cli.listing import Selection, listing_options, pages
from chatkit_async.cli.output import is_terminal, print_json, print_json_lines, print_lines
from chatkit_async.cli.progress import Progress
from chatkit_async.cli.table import Table, TableRow
from chatkit_async.cli.thread_delete import delete
from chatkit_async.cli.thread_transcript import transcript
from chatkit_async.cli.thread_view import ITEM_HEADINGS, THREAD_HEADINGS, item_row, thread_lines, thread_row

# The operations' own names, where the command has a shorter one.
ALIASES: Final = {"retrieve": "get", "list-items": "items"}

T = TypeVar("T", chatkit_async.ChatKitThread, chatkit_async.ChatKitThreadItem)


class ThreadsGroup(OrderedGroup):
    """A group whose commands are also found by the names of the API's operations."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name."""
        return super().get_command(ctx, ALIASES.get(cmd_name, cmd_name))


@click.group(cls=ThreadsGroup)
def threads() -> None:
    """List, read and delete ChatKit threads: the conversations of your users.

    `get` and `items` can also be called by the names of the API's operations, `retrieve` and
    `list-items`.
    """


@threads.command("list", short_help="List threads.")
@click.option("--user", metavar="ID", help="Only threads of this user, 1 to 512 characters.  [default: of all users]")
@listing_options
@connection_options
def list_threads(*, user: str | None, selection: Selection, as_json: bool, connection: Connection) -> None:
    """List threads, of all users or of one: a table, or JSON Lines.

    \b
    Examples:
      chatkit threads list --user user_123
      chatkit threads list --order asc --max-items 10
      chatkit threads list --json | jq -r 'select(.status.type == "closed") | .id'
    """
    with connection.client() as client:
        listing = client.threads.list(user=user, **selection.query())
        _print(listing, THREAD_HEADINGS, lambda thread: thread_row(thread.to_dict()), selection, as_json)


@threads.command(short_help="Print one thread.")
@click.argument("thread_id", metavar="ID")
@connection_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, as the API gave it. Errors are JSON too.")
def get(*, thread_id: str, connection: Connection, as_json: bool) -> None:
    """Print the thread ID (cthr_...), without its items.

    \b
    Example:
      chatkit threads get cthr_68df4b13b3588190a09d19288d4610ec
    """
    with connection.client() as client:
        thread = client.threads.retrieve(thread_id)
    if as_json:
        print_json(thread.to_dict())
    else:
        print_lines([*thread_lines(thread.to_dict()), ("request", thread.response.request_id or "without an id")])


@threads.command(short_help="List the items of a thread.")
@click.argument("thread_id", metavar="ID")
@listing_options
@connection_options
def items(*, thread_id: str, selection: Selection, as_json: bool, connection: Connection) -> None:
    """List the items of the thread ID (cthr_...): a table with their beginnings, or JSON Lines.

    `chatkit threads transcript` prints them whole, for people to read.

    \b
    Examples:
      chatkit threads items cthr_68df4b13b3588190a09d19288d4610ec --order asc
      chatkit threads items cthr_68df4b13b3588190a09d19288d4610ec --json > items.jsonl
    """
    with connection.client() as client:
        listing = client.threads.list_items(thread_id, **selection.query())
        _print(listing, ITEM_HEADINGS, item_row, selection, as_json)


def _print(
    listing: chatkit_async.Listing[T],
    headings: TableRow,
    row: Callable[[T], TableRow],
    selection: Selection,
    as_json: bool,
) -> None:
    if as_json:
        _print_json(listing, selection.max_items)
    else:
        _print_table(listing, headings, row, selection.max_items)


def _print_json(listing: chatkit_async.Listing[T], max_items: int | None) -> None:
    # Lines that run over a terminal are progress enough.
    with Progress(wanted=not is_terminal(sys.stdout)) as progress:
        for page in pages(listing, progress, max_items=max_items):
            print_json_lines(item.to_dict() for item in page)


def _print_table(
    listing: chatkit_async.Listing[T], headings: TableRow, row: Callable[[T], TableRow], max_items: int | None
) -> None:
    with Table(headings) as table, Progress() as progress:
        for page in pages(listing, progress, max_items=max_items):
            table.add([row(item) for item in page])
    if not table.count:
        click.echo("None found.", err=True)


threads.add_command(transcript)
threads.add_command(delete)
