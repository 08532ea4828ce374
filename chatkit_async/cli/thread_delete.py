"""`chatkit threads delete`: asks people first, and goes on after a thread that is not there."""

from __future__ import annotations

import sys

import click

import chatkit_async
from chatkit_async.cli.connection import Connection, connection_options
from chatkit_async.cli.errors import FAILURE, report_failure
from chatkit_async.cli.output import is_terminal, print_json, print_lines


@click.command(short_help="Delete threads with all their items.")
@click.argument("thread_ids", metavar="ID...", nargs=-1, required=True)
@click.option("--missing-ok", is_flag=True, help="A thread that is not there counts as deleted.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask. Required where there is no terminal to ask on.")
@connection_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines: the API's answers. Errors are JSON too.")
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
    """Delete each thread ID (cthr_...) with all its items, for good.

    A thread that is not there is told and the others are deleted all the same; the exit code is
    then 1. Any other failure ends the command.

    \b
    Examples:
      chatkit threads delete cthr_68df4b13b3588190a09d19288d4610ec

    \b
    All threads of a user; the list is finished first, since deleting what it has shown would
    make it skip some:
      chatkit threads list --user user_123 --json | jq -r .id > ids
      xargs chatkit threads delete --yes --missing-ok < ids
    """
    unique = tuple(dict.fromkeys(thread_ids))
    for thread_id in unique:
        chatkit_async.ThreadDeleteParams(thread_id)  # an id that cannot be stops all of it
    if not yes and not _confirmed(len(unique)):
        click.echo("Nothing was deleted.", err=True)
        ctx.exit(FAILURE)
    with connection.client(needs_stdout=False) as client:
        done = [_delete(client, thread_id, missing_ok=missing_ok, as_json=as_json) for thread_id in unique]
    if not all(done):
        ctx.exit(FAILURE)


def _confirmed(count: int) -> bool:
    if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        raise click.UsageError("There is no terminal to ask on: add --yes to delete without a question.")
    what = "this thread and all its items" if count == 1 else f"these {count} threads and all their items"
    # On stderr, where no program reads; click.confirm writes a blank on stdout all the same.
    click.echo(f"Delete {what}, for good? [y/N] ", nl=False, err=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _delete(client: chatkit_async.ChatKit, thread_id: str, *, missing_ok: bool, as_json: bool) -> bool:
    try:
        answer = client.threads.delete(thread_id, missing_ok=missing_ok).to_dict()
    except chatkit_async.NotFoundError as error:
        report_failure(error, as_json=as_json)
        return False
    if as_json:
        print_json(answer)
    else:
        print_lines([("deleted", thread_id)])
    return True
