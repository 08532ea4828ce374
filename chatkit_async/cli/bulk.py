"""`chatkit archive`, `convert`, `verify` and `migrate`: threads out of the API, and into a server of your own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from chatkit_async.cli.connection import Connection, connection_options
from chatkit_async.cli.errors import FAILURE, as_options
from chatkit_async.cli.jobs import (
    MAX_SHOWN,
    JobProgress,
    continuing,
    job_options,
    print_failures,
    report_option,
    users_option,
)
from chatkit_async.cli.output import (
    Line,
    command_to_paste,
    print_error_lines,
    print_json,
    print_lines,
    printable_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chatkit_async.bulk import ArchiveProblem, ArchiveReport, VerifyReport

MAX_EXAMPLES: Final = 3  # threads named for one problem


@click.command(short_help="Save all threads in one file, or continue with it.")
@click.argument("path", metavar="FILE", type=click.Path(dir_okay=False))
@users_option
@job_options
@connection_options
@report_option
@click.pass_context
def archive(
    ctx: click.Context, *, path: str, users: tuple[str, ...], job: dict[str, Any], connection: Connection, as_json: bool
) -> None:
    """Save all threads with their items in FILE, exactly as the API gives them.

    FILE is an SQLite database that only you can read. Run the command again to continue after an
    interruption, or to add what is new: an unchanged thread costs one request. Threads that are
    gone from the API stay in FILE, marked.

    Exit code 0 only if every thread that the API listed is in FILE, whole.

    \b
    Examples:
      chatkit archive threads.chatkit
      chatkit archive threads.chatkit --user user_123
      chatkit verify threads.chatkit
      chatkit threads list --archive threads.chatkit
    """
    from chatkit_async.bulk import blocking  # noqa: PLC0415 - with SQLite, which few commands need

    advice = f"What was read so far is in {path}. Continue with:"
    progress = JobProgress(wanted=not as_json)
    with connection.client(needs_stdout=False) as client, continuing(ctx, advice), progress:
        report = blocking.archive(client, path, users=users or None, on_progress=progress.show, **job)
    if as_json:
        print_json(report.to_dict())
    else:
        print_lines(_archive_lines(report))
        print_failures(report.failures)
    if not report.is_complete:
        ctx.exit(FAILURE)


def _archive_lines(report: ArchiveReport) -> list[Line]:
    return [
        ("archive", report.path),
        ("result", "complete" if report.is_complete else f"incomplete: {report.stopped or 'run it again'}"),
        ("threads", f"{report.threads} ({report.new} new, {report.changed} changed, {report.unchanged} unchanged)"),
        *([("gone", f"{report.gone} of them no longer on the API; the archive keeps them")] if report.gone else []),
        ("items", f"{report.items} saved in this run"),
        ("requests", f"{report.requests} in {report.elapsed_s:.1f} s"),
    ]


@click.command(short_help="Write an archive as JSON Lines or Markdown.")
@click.argument("path", metavar="FILE", type=click.Path(dir_okay=False))
@click.option("--to", "layout", type=click.Choice(["jsonl", "markdown"]), required=True, help="The form to write.")
@click.argument("target", metavar="OUT", type=click.Path(dir_okay=False))
@click.option("--user", metavar="ID", help="Only threads of this user.  [default: all]")
@report_option
@click.pass_context
def convert(ctx: click.Context, *, path: str, layout: str, target: str, user: str | None, as_json: bool) -> None:
    """Write the threads of the archive FILE to OUT, without the API.

    `jsonl` has a line for each thread: {"thread": {...}, "items": [...]}, as the API gave them. If
    OUT ends in .gz, it is compressed. `markdown` is for people. An existing OUT is replaced at the
    end, when the new one is whole.

    \b
    Examples:
      chatkit convert threads.chatkit --to jsonl threads.jsonl.gz
      chatkit convert threads.chatkit --to markdown user_123.md --user user_123
    """
    from chatkit_async.bulk import Archive  # noqa: PLC0415

    if target == "-":
        raise click.UsageError("OUT is a file, and cannot be stdout: choose a name such as threads.jsonl.")
    with Archive(path) as source:
        write = source.write_jsonl if layout == "jsonl" else source.write_markdown
        report = write(target, user=user)
    if as_json:
        print_json(report.to_dict())
    else:
        print_lines([("written", report.path), ("threads", str(report.threads)), ("items", str(report.items))])
        if report.incomplete_threads:
            count = len(report.incomplete_threads)
            print_error_lines([("Incomplete", f"the archive holds {count} threads in part; run chatkit archive again")])
    if not report.ok:
        ctx.exit(FAILURE)


@click.command(short_help="Check that an archive is whole.")
@click.argument("path", metavar="FILE", type=click.Path(dir_okay=False))
@report_option
@click.pass_context
def verify(ctx: click.Context, *, path: str, as_json: bool) -> None:
    """Count and parse again all threads and items in the archive FILE, without the API.

    Exit code 0 only if the file is sound and its last run was complete.

    \b
    Example:
      chatkit verify threads.chatkit
    """
    from chatkit_async.bulk import Archive  # noqa: PLC0415

    with Archive(path) as source:
        report = source.verify()
    if as_json:
        print_json(report.to_dict())
    else:
        print_lines(_verify_lines(report))
        problems = _grouped(report.problems)
        if len(problems) > MAX_SHOWN:
            problems[MAX_SHOWN:] = [f"and {len(problems) - MAX_SHOWN} more; --json names all"]
        print_error_lines([("Problem", problem) for problem in problems])
        print_error_lines(_verify_advice(report))
    if not report.ok:
        ctx.exit(FAILURE)


def _grouped(problems: Iterable[ArchiveProblem]) -> list[str]:
    """A line for each cause: the threads that it concerns, by name if they are few."""
    threads_of: dict[str, list[str]] = {}
    for problem in problems:
        threads_of.setdefault(problem.message, []).append(problem.thread_id or "file")
    return [f"{_named(threads)}: {as_options(message)}" for message, threads in threads_of.items()]


def _named(threads: Sequence[str]) -> str:
    names = ", ".join(threads[:MAX_EXAMPLES])
    return names if len(threads) <= MAX_EXAMPLES else f"{len(threads)} threads, such as {names}"


def _verify_lines(report: VerifyReport) -> list[Line]:
    return [
        ("archive", report.path),
        ("result", "whole" if report.ok else "incomplete" if report.is_sound else "damaged"),
        ("threads", f"{report.threads}{'' if report.is_sound else ' can be read'}"),
        ("items", f"{report.items}{'' if report.is_sound else ' can be read'}"),
        *([("damaged", f"{len(report.damaged)} as the API sent them")] if report.damaged else []),
        *([("unknown", f"{report.unknown} items of kinds that this version does not know")] if report.unknown else []),
    ]


def _verify_advice(report: VerifyReport) -> list[Line]:
    if report.is_sound:
        return []
    anew, read = (
        command_to_paste(words) for words in (("archive", "OTHER_FILE"), ("threads", "list", "--archive", report.path))
    )
    return [
        ("Advice", f"save the threads in another file while the API still has them: {anew}"),
        ("Advice", f"read from this file what is not named above: {read}"),
    ]


@click.command(short_help="Move an archive into a self-hosted ChatKit server.")
@click.argument("path", metavar="FILE", type=click.Path(dir_okay=False))
@click.option(
    "--store",
    "store_spec",
    metavar="MODULE:NAME",
    required=True,
    help="Your store, as in shop.chat:make_store: a chatkit.store.Store, or a class or function that makes one.",
)
@click.option(
    "--context",
    "context_spec",
    metavar="MODULE:NAME",
    help="A function that takes a user id (or None) and returns the context that your server passes to the store."
    "  [default: the context is None]",
)
@click.option("--user", metavar="ID", help="Only threads of this user.  [default: all]")
@click.option(
    "--ids",
    type=click.Choice(["keep", "store"]),
    default="keep",
    show_default=True,
    help="`keep` the API's ids, or let the `store` make new ones.",
)
@click.option(
    "--times",
    type=click.Choice(["local", "utc"]),
    default="local",
    show_default=True,
    help="`local`: write times in this machine's zone, without its name, as the package does. `utc`: in UTC, with it.",
)
@click.option(
    "--attachments", type=click.Choice(["text", "keep"]), default="text", show_default=True,
    help="`text`: add a line that names each attachment. `keep`: make a record of each, without its bytes.",
)  # fmt: skip
@report_option
@click.pass_context
def migrate(
    ctx: click.Context, /, *, path: str, store_spec: str, context_spec: str | None, as_json: bool, **settings: Any
) -> None:
    """Move the threads of the archive FILE into a store of the package openai-chatkit.

    The command first tries the store with threads that it deletes again. Then it writes each thread
    and reads it back. Run it again to continue: it writes only what is missing in the store or differs
    from the archive. Needs the extra `server`: pip install 'chatkit-async[server]'.

    Exit code 0 only if every thread was read back as it was written.

    \b
    Example:
      chatkit migrate threads.chatkit \\
          --store shop.chat:make_store --context shop.chat:context_for
    """
    from chatkit_async.bulk import blocking, load_context_for  # noqa: PLC0415

    store = blocking.load_store(store_spec)
    context_for = load_context_for(context_spec) if context_spec else lambda user: None
    progress = JobProgress(wanted=not as_json)
    with continuing(ctx, "The threads moved so far are in the store. Continue with:"), progress:
        report = blocking.migrate(path, store, context_for=context_for, on_progress=progress.show, **settings)
    if as_json:
        print_json(report.to_dict())
    else:
        click.echo(printable_text(as_options(str(report))))
    if not report.is_complete:
        ctx.exit(FAILURE)
