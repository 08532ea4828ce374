"""`chatkit threads transcript`: a conversation from its beginning, to read or to keep."""

from __future__ import annotations

import json
from typing import Final, Literal, get_args

import click

import chatkit_async
from chatkit_async.cli.connection import Connection, connection_options
from chatkit_async.cli.listing import Selection
from chatkit_async.cli.output import printable_text
from chatkit_async.cli.progress import Progress
from chatkit_async.cli.thread_source import archive_option, source

Format = Literal["text", "markdown", "json"]
OLDEST_FIRST: Final = Selection(limit=None, order="asc", after=None, before=None, max_items=None)
FORMATS: Final[tuple[Format, ...]] = get_args(Format)


@click.command(short_help="Print a conversation from its beginning.")
@click.argument("thread_id", metavar="ID")
@click.option(
    "--format",
    "layout",
    type=click.Choice(FORMATS),
    help="`text`, a paragraph an item; `markdown`, where nothing that was said is markup; `json`, one array of the"
    " items as the API gave them.  [default: text]",
)
@click.option("--json", "as_json", is_flag=True, help="As --format json, and errors are JSON too.")
@archive_option
@connection_options
def transcript(
    *, thread_id: str, layout: Format | None, as_json: bool, archive: str | None, connection: Connection
) -> None:
    """Print what was said in the thread ID (cthr_...), the oldest first.

    Control characters are shown as escapes such as \\x1b, for what users write must not drive a
    terminal. Items of kinds that this version does not know are named.

    \b
    Examples:
      chatkit threads transcript cthr_68df4b13b3588190a09d19288d4610ec
      chatkit threads transcript cthr_68df4b13b3588190a09d19288d4610ec --format markdown > talk.md
    """
    if as_json and layout not in (None, "json"):
        raise click.UsageError(f"--json and --format {layout} exclude each other.")
    with source(connection, archive) as threads, Progress() as progress:
        items = [item for page in threads.items(thread_id, OLDEST_FIRST, progress) for item in page]
    _print(items, "json" if as_json else layout or "text")


def _print(items: list[chatkit_async.ChatKitThreadItem], layout: Format) -> None:
    if layout == "json":
        # In ASCII, as all JSON that is printed here.
        click.echo(json.dumps([item.to_dict() for item in items], indent=2))
    elif items:
        click.echo(printable_text(chatkit_async.transcript(items, layout)))
    else:
        click.echo("This thread has no items.", err=True)
