"""An archive in parts, for workers of a queue: one lists, many read a page of threads each, one writes the archive.

Each part is a file of its own, since a SQLite file cannot be shared by machines: made on the worker's own disk, then
copied into a shared folder and renamed. The merge is a run of `archive` that takes a thread from a part where a part
holds it whole, and reads it from the API otherwise: a part that was lost, cut short or made twice does no harm.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import attrs

from .._async.client import AsyncChatKit
from ..errors import APIError, ArchiveError
from ._archive import ArchiveRun
from ._erase_parts import Message, began_s, pages_of
from ._erase_plan import list_threads
from ._file import (
    RUN_ADVICE,
    ArchiveSettings,
    check_folder,
    database_path,
    explained,
    opened_for_reading,
    refuse_other_settings,
    stored_settings,
)
from ._job import JobOptions, checked_options, checked_users, in_thread, settings_of, workers
from ._requests import JobRequests, Limiter
from ._saving import opened_writer
from ._statements import HeldThread, ListedThread, Saved, copy_thread, save_listed


@attrs.frozen(kw_only=True)
class ArchiveJob:
    """The arguments of `archive`, as JSON can carry them, and its three steps; `parts_in` is the shared folder."""

    path: str
    user: str | None = None
    users: Sequence[str] | None = None
    parts_in: str | None = None
    concurrency: int = 8
    requests_per_second: float | None = None

    def prepared(self, job_id: str) -> ArchiveJob:
        """The same for workers in other folders, with a folder for the parts of this job alone."""
        path = str(database_path(self.path))
        folder = database_path(self.parts_in or f"{path}.parts") / job_id
        return attrs.evolve(self, path=path, parts_in=str(folder))

    async def plan(self, client: AsyncChatKit, page_size: int) -> Message:
        """Lists the threads that the archive does not hold: `pages` of their ids for the parts.

        A listing that fails gives none: the merge lists again, and reports why it cannot.

        Raises:
            ParamsValidationError, ArchiveError, ConfigurationError, ClientClosedError: as for `archive`.
        """
        began_at, users, file = time.time(), self._users, Path(self.path)
        self._options(client)
        check_folder(file)
        held = await in_thread(partial(_held_whole, file, settings_of(client, users)))
        requests = JobRequests(client, Limiter(self.requests_per_second, lambda _: None))
        ids: dict[str, None] = {}
        with suppress(APIError):
            for user in users or (None,):
                ids.update((one.thread_id, None) for one in await list_threads(requests, user, lambda _: None))
        new = [thread_id for thread_id in ids if thread_id not in held]
        return {"began_at": began_at, "requests": requests.sent, "pages": pages_of(new, page_size)}

    async def part(self, client: AsyncChatKit, number: int, page: Sequence[str], *, is_repeated: bool) -> Message:
        """Reads one page of threads into the file of a part.

        Args:
            client: reads.
            number: the page's number, which names its file.
            page: of the plan.
            is_repeated: only `EraseJob.part` needs it; the file of a part is made anew in any case.

        Raises:
            ArchiveError: the folder cannot be used.
        """
        users, target = self._users, self._folder / f"{number:06}.part"
        with tempfile.TemporaryDirectory() as folder, explained(target):
            own = Path(folder) / target.name
            async with opened_writer(own, settings_of(client, users)) as writer:
                run = _ArchivePartRun(self._options(client), writer, str(own), users)
                run.thread_ids = page
                report = await run.result()
            await in_thread(partial(_move, own, target))
        return {"number": number, "requests": report.requests}

    def unfinished(self, number: int, page: Sequence[str]) -> Message:
        """The result used for an interrupted part; the merge repeats its work."""
        return {"number": number, "requests": 0}

    async def merge(self, client: AsyncChatKit, plan: Message, parts: Sequence[Message]) -> Message:
        """Writes the archive from the parts, proves it complete as a single job does, and removes the parts.

        Args:
            client: lists, and reads what the parts do not hold.
            plan: what `plan` gave; its `pages` are not needed.
            parts: what the parts gave.

        Raises:
            ArchiveError: as for `archive`.
        """
        users, file = self._users, Path(self.path)
        settings = settings_of(client, users)
        async with opened_writer(file, settings) as writer:
            run = _MergeRun(self._options(client), writer, str(file), users)
            run.parts = await in_thread(partial(_threads_in_parts, self._folder, settings))
            run.take_over(plan, parts)
            report = await run.result()
        if report.is_complete:
            await in_thread(partial(shutil.rmtree, self._folder, ignore_errors=True))
        return report.to_dict()

    @property
    def _folder(self) -> Path:
        assert self.parts_in is not None, "prepared() sets it"
        return Path(self.parts_in)

    @property
    def _users(self) -> tuple[str, ...] | None:
        return checked_users("archive", self.user, self.users)

    def _options(self, client: AsyncChatKit) -> JobOptions:
        return checked_options("archive", client, self.concurrency, self.requests_per_second, None)


class _ArchivePartRun(ArchiveRun):
    """Reads the threads it is given, without listing any."""

    thread_ids: Sequence[str] = ()

    async def _list_until_proved(self) -> bool:
        listed = [ListedThread(thread_id, "{}", None, 0, at) for at, thread_id in enumerate(self.thread_ids)]
        save = partial(save_listed, run=self._run, listing=self._first_listing, listed=listed)
        async with workers(self._concurrency, self._read) as hand_out:
            await hand_out(await self._writer.run(save))
        await self._writer.flush()
        return True


class _MergeRun(ArchiveRun):
    """Takes from the parts the threads that the archive does not hold."""

    parts: Mapping[str, Path] = {}

    async def _read(self, thread: HeldThread) -> None:
        part = self.parts.get(thread.thread_id)
        if part is None or thread.held or self._stopped is not None:
            return await super()._read(thread)
        copy = partial(_copy, part=part, run=self._run, thread=thread)
        return await self._writer.add(copy, partial(self._finished, thread))

    def take_over(self, plan: Message, parts: Sequence[Message]) -> None:
        """Counts the requests of the others, and the time from the plan's beginning."""
        self._requests.sent += sum(one["requests"] for one in (plan, *parts))
        self._began_s = began_s(plan)


def _held_whole(path: Path, settings: ArchiveSettings) -> set[str]:
    """The threads that an archive holds whole; raises `ArchiveError` if it was made with other settings."""
    if not path.exists() or not path.stat().st_size:
        return set()
    with explained(path), closing(opened_for_reading(path)) as database:
        refuse_other_settings(path, stored_settings(database, path), settings, "run", RUN_ADVICE)
        return set(_whole_threads(database))


def _whole_threads(database: sqlite3.Connection) -> Iterator[str]:
    for (thread_id,) in database.execute("SELECT id FROM threads WHERE is_complete AND gone_at IS NULL"):
        yield thread_id


def _move(own: Path, target: Path) -> None:
    """Copies a finished file under a temporary name and renames it: a reader finds it whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partly = target.with_name(f".{uuid4().hex}")
    try:
        shutil.copy(own, partly)
        partly.replace(target)
    finally:
        partly.unlink(missing_ok=True)


def _threads_in_parts(folder: Path, settings: ArchiveSettings) -> dict[str, Path]:
    """Which part holds which thread whole; a part that is damaged or of another API is passed over."""
    found: dict[str, Path] = {}
    for part in sorted(folder.glob("*.part")):
        with suppress(sqlite3.DatabaseError, ArchiveError), closing(_part(part)) as database:
            if stored_settings(database, part) == settings:
                found.update(dict.fromkeys(_whole_threads(database), part))
    return found


def _part(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?immutable=1", uri=True)


def _copy(database: sqlite3.Connection, part: Path, run: int, thread: HeldThread) -> Saved:
    with closing(_part(part)) as source:
        return copy_thread(database, run, thread, source)
