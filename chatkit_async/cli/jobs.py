"""What jobs over many threads share: options, progress, failures, and how to continue after Ctrl-C."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import wraps
from math import ceil
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import click

from chatkit_async.cli.errors import INTERRUPTED, as_options
from chatkit_async.cli.output import colour, columns_of, command_to_paste, is_terminal, print_error_lines

if TYPE_CHECKING:
    from chatkit_async.bulk import Progress, ThreadFailure

LINE_EVERY_S: Final = 10.0
MAX_SHOWN: Final = 20  # failures named to people; --json names them all

users_option = click.option(
    "--user",
    "users",
    metavar="ID",
    multiple=True,
    help="Only threads of this user; repeat it for several.  [default: all users]",
)
report_option = click.option(
    "--json", "as_json", is_flag=True, help="Print the report as one JSON object. Errors are JSON too."
)


def job_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options for the pace of a job, which it receives as `job`."""

    @wraps(command)
    def with_job(*, concurrency: int, requests_per_second: float | None, **options: Any) -> None:
        command(job={"concurrency": concurrency, "requests_per_second": requests_per_second}, **options)

    decorated: Callable[..., None] = with_job
    decorated = click.option(
        "--requests-per-second",
        type=click.FloatRange(min=0, min_open=True),
        metavar="N",
        help="Most requests a second; a wait that the API asks for comes on top.  [default: no limit]",
    )(decorated)
    return click.option(
        "--concurrency",
        type=click.IntRange(1, 100),
        metavar="N",
        default=8,
        show_default=True,
        help="Threads worked on at the same time.",
    )(decorated)


@contextmanager
def continuing(ctx: click.Context, advice: str) -> Generator[None]:
    """After Ctrl-C prints the advice and the command that continues."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"\nInterrupted. {advice}\n  {command_to_paste(ctx.find_root().obj or [])}", err=True)
        ctx.exit(INTERRUPTED)


def print_failures(failures: tuple[ThreadFailure, ...]) -> None:
    """Prints failures on stderr, at most twenty."""
    lines = [("Failed", f"{it.thread_id or 'listing'}: {as_options(it.reason)}") for it in failures[:MAX_SHOWN]]
    if len(failures) > MAX_SHOWN:
        lines.append(("Failed", f"and {len(failures) - MAX_SHOWN} more; --json names all"))
    print_error_lines(lines)


class JobProgress:
    """Shows the progress events of a job on stderr; pass its `show` as `on_progress`.

    Args:
        wanted: False where errors are JSON, which programs read.
    """

    def __init__(self, *, wanted: bool = True) -> None:
        self._is_wanted = wanted
        self._has_bar = wanted and is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb"
        self._bar: Any = None
        self._task: Any = None
        self._next_line_s = LINE_EVERY_S

    def show(self, progress: Progress) -> None:
        """Shows an event; also called in the thread of the client's event loop."""
        if self._bar is not None:
            self._bar.update(
                self._task,
                description=_stage(progress),
                total=_total(progress) or None,
                completed=progress.done,
                pace=_pace(progress),
            )
        elif self._is_wanted and progress.elapsed_s >= self._next_line_s:
            self._next_line_s = progress.elapsed_s + LINE_EVERY_S
            click.echo(_line(progress), err=True)

    def __enter__(self) -> Self:
        if self._has_bar:
            self._bar = _new_bar()
            self._task = self._bar.add_task("listing", total=None, pace="")
            self._bar.start()
        return self

    def __exit__(
        self, error_class: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _new_bar() -> Any:
    # Only for a terminal: these imports take longer than many jobs.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn  # noqa: PLC0415
    from rich.progress import Progress as RichProgress  # noqa: PLC0415

    return RichProgress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("threads listed so far, {task.fields[pace]}"),
        # Narrower than the terminal: the `^C` that it echoes would begin a line, and the bar would stay above it.
        console=Console(
            stderr=True, color_system=None if colour() is False else "auto", width=columns_of(sys.stderr) - len("^C")
        ),
        transient=True,
    )


def _total(progress: Progress) -> int:
    """Threads to do; when an archive lists them again to check, `listed` begins again at 0."""
    return max(progress.listed, progress.done)


def _pace(progress: Progress) -> str:
    """Threads a second, and the time for the rest; an archive lists threads while it reads, so its rest is unknown."""
    rate = progress.done / max(progress.elapsed_s, 0.001)
    if not rate or progress.job == "archive":
        return f"{rate:,.0f}/s" if rate else "..."
    left_s = ceil((_total(progress) - progress.done) / rate)
    return f"{rate:,.0f}/s, {left_s // 60}:{left_s % 60:02} left"


def _stage(progress: Progress) -> str:
    return f"waiting {progress.wait_s:.0f} s, as the API asks" if progress.stage == "waiting" else progress.stage


def _line(progress: Progress) -> str:
    counts = f"{progress.done} of {_total(progress)} threads, {progress.items} items, {progress.failed} failed"
    return f"{progress.job}: {_stage(progress)}, {counts}, {progress.elapsed_s:.0f} s"
