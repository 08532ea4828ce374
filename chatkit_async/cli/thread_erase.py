"""`chatkit threads erase` and `retain`: they show a plan and ask first, and check at the end."""

from __future__ import annotations

import re
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

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
from chatkit_async.cli.output import Line, print_json, print_lines
from chatkit_async.cli.thread_delete import confirmed, require_terminal
from chatkit_async.cli.views import utc

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatkit_async.bulk import EraseReport
    from chatkit_async.bulk import Progress as ProgressEvent

MAX_USERS_SHOWN: Final = 5

UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def _age(ctx: click.Context, param: click.Parameter, text: str) -> timedelta:
    """An age such as `90d`."""
    parts = re.fullmatch(r"(\d{1,6})([smhdw])", text.strip())
    if parts is None or not int(parts[1]):
        raise click.BadParameter(
            f"{text!r} is not an age: pass a number and one of s, m, h, d, w, as in 90d.", ctx, param
        )
    age = timedelta(**{UNITS[parts[2]]: int(parts[1])})
    if age.total_seconds() > time.time():
        raise click.BadParameter(f"{text!r} goes back beyond 1970: pass less, as in 90d.", ctx, param)
    return age


def _moment(ctx: click.Context, param: click.Parameter, text: str | None) -> datetime | None:
    """A date or time, UTC unless it names another zone."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        what = f"{text!r} is not a time: pass a date such as 2026-11-30, or 2026-11-30T12:00:00Z."
        raise click.BadParameter(what, ctx, param) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _deletion_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command what `erase` and `retain` share."""
    archived_in = click.option(
        "--archived-in",
        metavar="FILE",
        type=click.Path(dir_okay=False),
        help="Delete only threads that this archive file holds whole and unchanged; keep the others, and report them.",
    )
    dry_run = click.option("--dry-run", is_flag=True, help="Only show the plan; delete nothing.")
    yes = click.option("--yes", "-y", is_flag=True, help="Do not ask. Required without a terminal.")
    decorated: Any = click.pass_context(command)
    for decorate in (report_option, connection_options, job_options, yes, dry_run, archived_in):
        decorated = decorate(decorated)
    return cast("Callable[..., None]", decorated)


@click.command(short_help="Delete the threads of users, and check that they are gone.")
@click.option("--user", "users", metavar="ID", multiple=True, help="The threads of this user; repeat it for several.")
@click.option("--thread", "thread_ids", metavar="ID", multiple=True, help="This thread; repeat it for several.")
@click.option("--all-users", is_flag=True, help="The threads of all users of the project.")
@click.option(
    "--created-before",
    callback=_moment,
    metavar="TIME",
    help="Only threads created before this date or time, as in 2026-11-30 or 2026-11-30T12:00:00Z, in UTC if it names"
    " no zone.  [default: any age]",
)
@_deletion_options
def erase(
    ctx: click.Context,
    /,
    *,
    users: tuple[str, ...],
    thread_ids: tuple[str, ...],
    all_users: bool,
    created_before: datetime | None,
    **options: Any,
) -> None:
    """Delete threads with all their items, for good, and list again, five times at most, until all are gone.

    Name users, threads, or --all-users. The command shows its plan and asks first. It does not
    touch threads that are created after its start. Run it again after an interruption.

    Exit code 0 only if the last listing shows none of the threads.

    \b
    Examples:
      chatkit threads erase --user user_123
      chatkit threads erase --all-users --created-before 2026-01-01 \\
          --archived-in threads.chatkit
    """
    if sum(map(bool, (users, thread_ids, all_users))) != 1:
        raise click.UsageError("Choose what to delete by one of --user ID, --thread ID and --all-users.")
    selection = {
        "users": users or None,
        "thread_ids": thread_ids or None,
        "all_users": all_users,
        "created_before": created_before,
    }
    _run(ctx, "erase", selection, **options)


@click.command(short_help="Delete threads older than an age, for example every night.")
@click.option(
    "--older-than",
    callback=_age,
    metavar="AGE",
    required=True,
    help="The age: a number and s, m, h, d or w, for seconds to weeks, as in 90d.",
)
@users_option
@_deletion_options
def retain(ctx: click.Context, /, *, older_than: timedelta, users: tuple[str, ...], **options: Any) -> None:
    """Delete the threads that are older than an age, for good; keep the others.

    \b
    Example, in a crontab:
      15 3 * * *  chatkit threads retain --older-than 90d --yes
    """
    _run(ctx, "retain", {"older_than": older_than, "users": users or None}, **options)


def _run(
    ctx: click.Context,
    job_name: str,
    selection: dict[str, Any],
    *,
    archived_in: str | None,
    dry_run: bool,
    yes: bool,
    job: dict[str, Any],
    connection: Connection,
    as_json: bool,
) -> None:
    from chatkit_async.bulk import blocking  # noqa: PLC0415 - with SQLite, which few commands need

    require_terminal(yes or dry_run, "add --yes to delete, or --dry-run to see the plan.")
    work = getattr(blocking, job_name)
    settings = {**selection, **job, "archived_in": archived_in}
    with (
        connection.client(needs_stdout=False) as client,
        continuing(ctx, "What is deleted stays deleted. Continue with:"),
    ):

        def run(*, dry_run: bool) -> EraseReport:
            with JobProgress(wanted=not as_json) as progress:
                show: Callable[[ProgressEvent], None] = progress.show
                report: EraseReport = work(client, dry_run=dry_run, on_progress=show, **settings)
            return report

        if not (yes or dry_run):
            _require_agreement(ctx, run(dry_run=True), as_json=as_json)
        _finish(ctx, run(dry_run=dry_run), as_json=as_json)


def _require_agreement(ctx: click.Context, plan: EraseReport, *, as_json: bool) -> None:
    """Shows the plan and asks; ends the command without a yes."""
    print_lines(_plan_lines(plan), err=as_json)
    print_failures(plan.failures)
    if not plan.count("planned") or not confirmed(plan.count("planned")):
        click.echo("Nothing was deleted.", err=True)
        ctx.exit(0 if plan.ok and not plan.threads else FAILURE)


def _finish(ctx: click.Context, report: EraseReport, *, as_json: bool) -> None:
    if as_json:
        print_json(report.to_dict())
    else:
        print_lines(_plan_lines(report) if report.dry_run else _result_lines(report))
        print_failures(report.failures)
        if report.dry_run:
            click.echo("Nothing was deleted.", err=True)
    if not report.ok:
        ctx.exit(FAILURE)


def _plan_lines(report: EraseReport) -> list[Line]:
    planned = [thread for thread in report.threads if thread.outcome == "planned"]
    users = Counter("without a user" if thread.user is None else thread.user for thread in planned).most_common()
    times = sorted(thread.created_at for thread in planned if thread.created_at is not None)
    named = [f"{user}: {count}" for user, count in users[:MAX_USERS_SHOWN]]
    more = [f"{len(users) - MAX_USERS_SHOWN} more users"] if len(users) > MAX_USERS_SHOWN else []
    return [
        ("to delete", _threads(len(planned))),
        *([("users", ", ".join([*named, *more]))] if named else []),
        *([("created", f"{utc(times[0])} to {utc(times[-1])}")] if times else []),
        *_kept_lines(report),
    ]


def _result_lines(report: EraseReport) -> list[Line]:
    result = "complete" if report.is_complete else f"incomplete: {report.stopped or 'run it again'}"
    return [
        ("result", result),
        ("deleted", _threads(report.count("deleted"))),
        *([("already gone", str(report.count("already_gone")))] if report.count("already_gone") else []),
        *_kept_lines(report),
        *[
            ("failed", f"{it.thread_id}: {as_options(it.reason or '')}")
            for it in report.threads
            if it.outcome == "failed"
        ][:MAX_SHOWN],
        ("requests", f"{report.requests} in {report.elapsed_s:.1f} s"),
    ]


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


def _kept_lines(report: EraseReport) -> list[Line]:
    reasons = Counter(thread.reason for thread in report.threads if thread.outcome == "kept")
    return [
        ("kept", f"{_threads(count)}: {as_options(reason or '')}")
        for reason, count in reasons.most_common(MAX_USERS_SHOWN)
    ]
