"""`chatkit threads`: list, read and delete threads and their items."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal, TypeVar, get_args

import click

import chatkit_async
from chatkit_async.cli.connection import Connection, connection_options
from chatkit_async.cli.listing import ListingProgress, Selection, archive_option, listing_options, source
from chatkit_async.cli.main import OrderedGroup
from chatkit_async.cli.output import (
    is_terminal,
    print_json,
    print_json_lines,
    print_lines,
    printable_text,
    wrapped_lines,
)
from chatkit_async.cli.table import Column, Table, TableRow
from chatkit_async.cli.thread_delete import delete
from chatkit_async.cli.thread_erase import erase, retain
from chatkit_async.cli.views import ITEM_COLUMNS, THREAD_COLUMNS, item_row, thread_lines, thread_row

Format = Literal["text", "markdown", "json"]
OLDEST_FIRST: Final = Selection(page_size=None, order="asc", after=None, before=None, max_items=None)
FORMATS: Final[tuple[Format, ...]] = get_args(Format)


# The names of operations for which the command has a shorter one.
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
@click.option("--user", metavar="ID", help="Only threads of this user, 1 to 512 characters.  [default: all users]")
@listing_options
@archive_option
@connection_options
def list_threads(
    *, user: str | None, selection: Selection, archive: str | None, wide: bool, as_json: bool, connection: Connection
) -> None:
    """List threads, of all users or of one: a table, or JSON Lines.

    \b
    Examples:
      chatkit threads list --user user_123
      chatkit threads list --order asc --max-items 10
      chatkit threads list --json | jq -r 'select(.status.type == "closed") | .id'
    """
    progress = listing_progress(as_json)
    with source(connection, archive, as_json=as_json) as threads:
        found = threads.threads(user, selection, progress)
        _print(found, THREAD_COLUMNS, thread_row, name="threads", wide=wide, as_json=as_json, progress=progress)


@threads.command(short_help="Print one thread.")
@click.argument("thread_id", metavar="ID")
@archive_option
@connection_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, as the API gave it. Errors are JSON too.")
def get(*, thread_id: str, archive: str | None, connection: Connection, as_json: bool) -> None:
    """Print the thread ID (cthr_...), without its items.

    \b
    Example:
      chatkit threads get cthr_68df4b13
    """
    with source(connection, archive, as_json=as_json) as threads:
        thread = threads.thread(thread_id)
    if as_json:
        print_json(thread.to_dict())
        return
    request = [] if archive else [("request", thread.response.request_id or "without an id")]
    print_lines([*thread_lines(thread.to_dict()), *request])


@threads.command(short_help="List the items of a thread.")
@click.argument("thread_id", metavar="ID")
@listing_options
@archive_option
@connection_options
def items(
    *, thread_id: str, selection: Selection, archive: str | None, wide: bool, as_json: bool, connection: Connection
) -> None:
    """List the items of the thread ID (cthr_...): a table with the first words of each, or JSON Lines.

    `chatkit threads transcript` prints whole texts.

    \b
    Examples:
      chatkit threads items cthr_68df4b13 --order asc
      chatkit threads items cthr_68df4b13 --json > items.jsonl
    """
    progress = listing_progress(as_json)
    with source(connection, archive, as_json=as_json) as threads:
        found = threads.items(thread_id, selection, progress)
        _print(found, ITEM_COLUMNS, item_row, name="items", wide=wide, as_json=as_json, progress=progress)


def listing_progress(as_json: bool) -> ListingProgress:
    """The progress of a listing; JSON Lines on a terminal show it themselves."""
    return ListingProgress(wanted=not (as_json and is_terminal(sys.stdout)))


def _print(
    found: Iterator[Sequence[T]],
    columns: Sequence[Column],
    row: Callable[[T], TableRow],
    *,
    name: str,
    wide: bool,
    as_json: bool,
    progress: ListingProgress,
) -> None:
    if as_json:
        with progress:
            for page in found:
                print_json_lines(item.to_dict() for item in page)
        return
    with Table(columns, wide=wide) as table, progress:  # the progress is cleared before the table is printed
        for page in found:
            table.add([row(item) for item in page])
    if not table.count:
        click.echo(f"No {name} found.", err=True)


@click.command(short_help="Print a conversation from its beginning.")
@click.argument("thread_id", metavar="ID")
@click.option(
    "--format",
    "layout",
    type=click.Choice(FORMATS),
    help="`text`: a paragraph for each item. `markdown`: the same, with each text in a code block. `json`: one array of"
    " the items as the API gave them.  [default: text]",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json; errors are JSON too.")
@archive_option
@connection_options
def transcript(
    *, thread_id: str, layout: Format | None, as_json: bool, archive: str | None, connection: Connection
) -> None:
    """Print the messages and other items of the thread ID (cthr_...), the oldest first.

    Control characters are shown as escapes such as \\x1b, so that no message can control your
    terminal. Items of a kind that this version does not know are shown by their kind.

    \b
    Examples:
      chatkit threads transcript cthr_68df4b13
      chatkit threads transcript cthr_68df4b13 --format markdown > talk.md
    """
    if as_json and layout not in (None, "json"):
        raise click.UsageError(f"--json and --format {layout} exclude each other.")
    with source(connection, archive, as_json=as_json) as threads, ListingProgress() as progress:
        items = [item for page in threads.items(thread_id, OLDEST_FIRST, progress) for item in page]
    _print_transcript(items, "json" if as_json else layout or "text")


def _print_transcript(items: list[chatkit_async.ChatKitThreadItem], layout: Format) -> None:
    if layout == "json":
        click.echo(json.dumps([item.to_dict() for item in items], indent=2))
    elif items:
        text = printable_text(chatkit_async.transcript(items, layout))
        click.echo(wrapped_lines(text) if layout == "text" else text)
    else:
        click.echo("This thread has no items.", err=True)


for command in (transcript, delete, erase, retain):
    threads.add_command(command)
