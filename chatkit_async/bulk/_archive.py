"""`archive`: copies threads and their items into a file, exactly and resumably."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial

from .._async.client import AsyncChatKit
from ._archive_run import ArchiveRun
from ._choices import checked_pace, checked_users
from ._file import Settings, database_path, explained, opened_for_writing
from ._reports import ArchiveReport, Progress
from ._tasks import in_thread
from ._writer import Writer


async def archive(
    client: AsyncChatKit,
    path: str | os.PathLike[str],
    *,
    user: str | None = None,
    users: Iterable[str] | None = None,
    concurrency: int = 8,
    requests_per_second: float | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> ArchiveReport:
    """Copy threads and their items into one SQLite file, or bring such a file up to date.

    The JSON is stored as it comes, unknown kinds and fields included. A thread is written whole or not at all (one of
    more than 1,000 items in parts): a run that is killed, interrupted or cancelled loses at most the threads under way,
    and the next run does the rest. A later run sends one request for a thread that is unchanged and reads only the new
    items of others; a thread that is gone is kept, and marked. At its end a run lists all threads again, until a
    listing shows none that it has not read.

    Wire form: `GET /chatkit/threads`, `GET /chatkit/threads/{thread_id}/items`; `GET /chatkit/threads/{thread_id}` for
    threads that are no longer listed.

    Example:
        report = await archive(client, "threads.chatkit")
        if not report.is_complete:
            print(report.failures, report.stopped)

    Args:
        client: reads the threads. Its `timeout` holds for each request; retries are the job's, at least five.
        path: the file to make or to continue; its mode is 0600.
        user: only threads of this user, 1 to 512 characters; default: all users of the project.
        users: only threads of these users.
        concurrency: threads read at the same time, 1 to 100; default 8.
        requests_per_second: at most so many requests are sent, above 0; default: as fast as responses come. When the
            API asks to wait (429, 503), all requests of the job wait in any case.
        on_progress: called with a `Progress` after each page and thread; what it raises ends the run.

    Returns:
        A report. Failures of the API are in it, they raise nothing.

    Raises:
        ParamsValidationError: arguments that cannot work; nothing was sent.
        ArchiveError: the file cannot be used, another process uses it, or it was made with other settings.
        ConfigurationError, ClientClosedError: the client cannot send anything.

    Source: ChatKit REST API, ListThreadsMethod and ListThreadItemsMethod.
    """
    chosen = checked_users("archive", user, users)
    checked_pace("archive", concurrency, requests_per_second)
    config, file = client._caller.config, database_path(path)
    settings = Settings(str(config.base_url), config.headers.get("openai-project"), chosen)
    with ExitStack() as stack, explained(file):
        opening = opened_for_writing(file, settings)
        writer = Writer(await in_thread(partial(stack.enter_context, opening)))
        run = ArchiveRun(client, writer, str(file), chosen, concurrency, requests_per_second, on_progress)
        return await run.result()
