"""The options that jobs over many threads share."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

users_option = click.option(
    "--user", "users", metavar="ID", multiple=True, help="Only threads of this user; repeat it.  [default: all users]"
)
report_option = click.option(
    "--json", "as_json", is_flag=True, help="Print the report as one JSON object. Errors are JSON too."
)


def job_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the pace of a job, which it receives as `job`."""

    @wraps(command)
    def with_job(*, concurrency: int, requests_per_second: float | None, **options: Any) -> None:
        command(job={"concurrency": concurrency, "requests_per_second": requests_per_second}, **options)

    decorated: Callable[..., None] = with_job
    decorated = click.option(
        "--requests-per-second",
        type=click.FloatRange(min=0, min_open=True),
        metavar="N",
        help="At most so many requests a second, above 0.  [default: no limit; a wait that the API asks for is kept]",
    )(decorated)
    return click.option(
        "--concurrency",
        type=click.IntRange(1, 100),
        metavar="N",
        default=8,
        show_default=True,
        help="Threads worked on at the same time, 1 to 100.",
    )(decorated)
