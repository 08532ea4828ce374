"""`chatkit threads delete`: it shows the threads, and asks."""

from __future__ import annotations

import sys

import click

import chatkit_async
from chatkit_async.cli.connection import Connection, connection_options
from chatkit_async.cli.errors import FAILURE, INTERRUPTED, report_failure
from chatkit_async.cli.jobs import MAX_SHOWN
from chatkit_async.cli.output import is_terminal, print_json, print_lines, print_warning
from chatkit_async.cli.views import thread_lines
from chatkit_async.types._json import JSONObject


@click.command(short_help="Delete threads with all their items.")
@click.argument("thread_ids", metavar="ID...", nargs=-1, required=True)
@click.option("--missing-ok", is_flag=True, help="A thread that does not exist counts as deleted.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask. Required without a terminal.")
@connection_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines: the API's responses. Errors are JSON too.")
@click.pass_context
def delete(
    ctx: click.Context,
    *,
    thread_ids: tuple[str, ...],
    missing_ok: bool,
    yes: bool,
    connection: Connection,
    as_json: bool,
) -> None:
    """Delete each thread ID (cthr_...) with all its items, for good. Shows the threads and asks first.

    A thread that does not exist is reported, the others are deleted all the same, and the exit code
    is 1. Any other failure ends the command.

    \b
    Examples:
      chatkit threads delete cthr_68df4b13

    \b
    All threads of a user:
      chatkit threads erase --user user_123
    """
    unique = tuple(dict.fromkeys(thread_ids))
    for thread_id in unique:
        chatkit_async.ThreadDeleteParams(thread_id)  # raises for an impossible id, before anything is deleted
    require_terminal(yes, "add --yes to delete without a question.")
    with connection.client(needs_stdout=False) as client:
        if not yes and not _agreed(client, unique):
            click.echo("Nothing was deleted.", err=True)
            ctx.exit(FAILURE)
        done: list[bool] = []
        try:
            for thread_id in unique:
                done.append(_delete(client, thread_id, missing_ok=missing_ok, as_json=as_json))  # noqa: PERF401
        except KeyboardInterrupt:
            _report_interruption(unique[len(done) :], as_json=as_json)
            ctx.exit(INTERRUPTED)
    if not all(done):
        ctx.exit(FAILURE)


def require_terminal(yes: bool, advice: str) -> None:
    """Refuses to delete without a terminal to ask on, unless `--yes` was given; raises click.UsageError."""
    if not yes and not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        raise click.UsageError(f"There is no terminal to ask on: {advice}")


def _agreed(client: chatkit_async.ChatKit, thread_ids: tuple[str, ...]) -> bool:
    """Shows the threads and asks; if no thread exists, there is no question."""
    found = [_found(client, thread_id) for thread_id in thread_ids[:MAX_SHOWN]]
    hidden = len(thread_ids) - len(found)
    if not hidden and not any(found):
        return True
    texts = [_named(thread) if thread else "not found" for thread in found]
    more = [("...", f"and {hidden} more")] if hidden else []
    print_lines([*zip(thread_ids, texts, strict=False), *more], err=True)
    try:
        return confirmed(hidden + sum(map(bool, found)))
    except KeyboardInterrupt:
        click.echo("\nNothing was deleted.", err=True)
        raise click.Abort from None  # exit code 130


def _found(client: chatkit_async.ChatKit, thread_id: str) -> JSONObject | None:
    try:
        return client.threads.retrieve(thread_id).to_dict()
    except chatkit_async.NotFoundError:
        return None


def _named(thread: JSONObject) -> str:
    """Title, user and creation time of a thread, in one line."""
    labels = {label: text for label, text in thread_lines(thread) if label in ("title", "user", "created")}
    title = f'"{labels["title"]}"' if "title" in labels else "without a title"
    user = f"user {labels['user']}" if "user" in labels else "without a user"
    return ", ".join([title, user, *([f"created {labels['created']}"] if "created" in labels else [])])


def confirmed(count: int) -> bool:
    """Asks on the terminal whether to delete so many threads."""
    what = "this thread and all its items" if count == 1 else f"these {count} threads and all their items"
    # On stderr, because programs read stdout; click.confirm would write a blank there.
    click.echo(f"Delete {what}, for good? [y/N] ", nl=False, err=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _report_interruption(left: tuple[str, ...], *, as_json: bool) -> None:
    """Names the thread under way, whose response is not known, and those after it."""
    if not as_json:
        click.echo(err=True)  # after the `^C` that a terminal echoes
    if left:
        rest = f"; not tried: {', '.join(left[1:])}" if left[1:] else ""
        print_warning("Interrupted", f"{left[0]} may have been deleted{rest}", as_json=as_json)


def _delete(client: chatkit_async.ChatKit, thread_id: str, *, missing_ok: bool, as_json: bool) -> bool:
    try:
        response = client.threads.delete(thread_id, missing_ok=missing_ok).to_dict()
    except chatkit_async.NotFoundError as error:
        report_failure(error, as_json=as_json)
        return False
    if as_json:
        print_json(response)
    else:
        print_lines([("deleted", thread_id)])
    return True
