"""What reads a whole archive: its verification, its conversion to JSON Lines and Markdown, and what is left of it."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import sqlite3
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from .._core.codec import Mismatch
from .._core.transcript import transcript
from ..errors import ArchiveError
from ..types.items import ChatKitThreadItem
from ..types.result import slot_value
from ..types.thread import ChatKitThread
from ..types.unknown import UnknownThreadItem
from ._file import APPLICATION_ID, PAGE_BYTES, SIDECARS, check_folder, checked, database_path, explained
from ._pages import as_typed, elements_of, object_of, thread_of
from ._reports import ArchiveProblem, ConversionReport, VerifyReport

if TYPE_CHECKING:
    from ._reader import Archive


_THREADS = """
SELECT key, id, raw, item_count, is_complete OR gone_at IS NOT NULL FROM threads ORDER BY sort_at, position
"""
_PAGES = "SELECT position, item_count, body FROM item_pages WHERE thread_key = ? ORDER BY position"
_STRAY = "SELECT count(*) FROM item_pages WHERE thread_key NOT IN (SELECT key FROM threads)"
_MAGIC = b"SQLite format 3\0"
RUN_AGAIN = "run archive(client, path) again"
_HEADER_BYTES = 72  # of an SQLite file: its application id ends here
_MARKUP = re.compile(r"[!-/:-@\[-`{-~]")  # ASCII punctuation, all of which Markdown lets a backslash escape


def opened_remainder(path: Path, error: ArchiveError) -> sqlite3.Connection:
    """What is left of an archive that was cut short, held in memory; raises the error if it cannot be read either.

    SQLite opens no file with fewer pages than its header says.
    """
    pages = path.stat().st_size // PAGE_BYTES if path.exists() else 0
    if not pages or getattr(error.__cause__, "sqlite_errorcode", None) != sqlite3.SQLITE_CORRUPT:
        raise error
    content = bytearray(path.read_bytes())
    content[18:20] = b"\x01\x01"  # memory has no write-ahead log
    content[28:32] = pages.to_bytes(4, "big")
    with explained(path):
        database = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        database.deserialize(bytes(content[: pages * PAGE_BYTES]))
        return checked(database, path)


def verify(database: sqlite3.Connection, path: Path) -> VerifyReport:
    """Reads all of it once, thread by thread."""
    check = _ArchiveCheck(database)
    check.all()
    return VerifyReport(
        path=str(path),
        threads=check.threads,
        items=check.items,
        is_sound=check.is_sound,
        problems=tuple(check.problems),
        damaged=tuple(check.refused),
        unknown=check.unknown,
    )


class _ArchiveCheck:
    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self.threads = self.items = self.unknown = 0
        self.is_sound = True
        self.problems: list[ArchiveProblem] = []
        self.refused: list[ArchiveProblem] = []

    def all(self) -> None:
        try:
            self._file()
        except sqlite3.DatabaseError as error:
            self._damage(None, f"SQLite cannot check the file: {error}")
        try:
            for row in self._database.execute(_THREADS):
                self._thread(row)
        except sqlite3.DatabaseError as error:
            self._damage(None, f"only the first {self.threads} threads can be read: {error}")

    def _file(self) -> None:
        last = self._database.execute("SELECT state FROM runs ORDER BY id DESC LIMIT 1").fetchone()
        if last is None or last[0] != "complete":
            self._problem(None, f"the last run is {last[0] if last else 'missing'}, not complete: {RUN_AGAIN}")
        messages = "\n".join(message for (message,) in self._database.execute("PRAGMA integrity_check"))
        faults = [line for line in messages.splitlines() if line != "ok" and not line.startswith("***")]
        if faults:
            self._damage(None, f"SQLite finds {len(faults)} faults in the file; the first: {faults[0]}")
        (stray,) = self._database.execute(_STRAY).fetchone()
        if stray:
            self._damage(None, f"{stray} pages of items belong to no thread")

    def _thread(self, row: tuple[int, str, str, int, int]) -> None:
        key, thread_id, raw, item_count, is_finished = row
        self.threads += 1
        self._head(thread_id, raw)
        found = 0
        try:
            for position, count, body in self._database.execute(_PAGES, (key,)):
                if position != found:
                    self._damage(thread_id, f"the item at {position} should be at {found}", position)
                self._page(thread_id, position, count, body)
                found += count
        except sqlite3.DatabaseError as error:
            self._damage(thread_id, f"only the first {found} of its {item_count} items can be read: {error}", found)
        else:
            if found != item_count:
                self._damage(thread_id, f"{found} items are held, {item_count} were saved")
        if not is_finished:
            self._problem(thread_id, f"its items were not read to the end: {RUN_AGAIN}")

    def _head(self, thread_id: str, raw: str) -> None:
        try:
            value = json.loads(raw)
        except (ValueError, RecursionError) as error:
            return self._damage(thread_id, f"its own fields are not JSON: {error}")
        if isinstance(value, dict) and value.get("id") != thread_id:
            self._damage(thread_id, f"its JSON has the id {value.get('id')!r}")
        self._decoded(value, ChatKitThread, thread_id)
        return None

    def _page(self, thread_id: str, position: int, item_count: int, body: str) -> None:
        try:
            elements = elements_of(body)
        except (ValueError, RecursionError) as error:
            return self._damage(thread_id, f"{item_count} items from {position} on are not JSON: {error}", position)
        if len(elements) != item_count:
            self._damage(thread_id, f"{len(elements)} items are here, {item_count} were saved", position)
        for place, element in enumerate(elements, position):
            item = self._decoded(element.value, ChatKitThreadItem, thread_id, place, element.id)
            self.unknown += isinstance(item, UnknownThreadItem)
        self.items += len(elements)
        return None

    def _decoded(self, value: Any, cls: Any, *place: Any) -> Any:
        found = as_typed(value, cls)
        if isinstance(found, Mismatch):
            self.refused.append(_problem(place[0], f"{found.path or 'it'} {found.message}", *place[1:]))
        return found

    def _damage(self, thread_id: str | None, message: str, *place: Any) -> None:
        self.is_sound = False
        self._problem(thread_id, message, *place)

    def _problem(self, thread_id: str | None, message: str, *place: Any) -> None:
        self.problems.append(_problem(thread_id, message, *place))


def _problem(
    thread_id: str | None, message: str, position: int | None = None, item_id: str | None = None
) -> ArchiveProblem:
    return ArchiveProblem(thread_id=thread_id, message=message, position=position, item_id=item_id)


def write_jsonl(archive: Archive, path: str | os.PathLike[str], user: str | None) -> ConversionReport:
    """Writes a line for each thread; see `Archive.write_jsonl`."""

    def write(file: TextIO, thread_text: str, thread_id: str) -> int:
        count = 0
        file.write(f'{{"thread":{thread_text},"items":[')
        for count, item_text in enumerate(archive.item_texts(thread_id), 1):
            file.write(f"{',' if count > 1 else ''}{item_text}")
        file.write("]}\n")
        return count

    return _converted(archive, path, user, write)


def write_markdown(archive: Archive, path: str | os.PathLike[str], user: str | None) -> ConversionReport:
    """Writes a chapter for each thread; see `Archive.write_markdown`."""

    def write(file: TextIO, thread_text: str, thread_id: str) -> int:
        count = 0
        file.write(_heading(thread_of(object_of(thread_text)), thread_id))
        for item in archive.items(thread_id):
            file.write(f"{transcript([item], 'markdown')}\n\n")
            count += 1
        return count

    return _converted(archive, path, user, write)


def _converted(
    archive: Archive, path: str | os.PathLike[str], user: str | None, write: Callable[[TextIO, str, str], int]
) -> ConversionReport:
    target, threads, items = database_path(path), 0, 0
    incomplete, held_incomplete = list[str](), set(archive.info.incomplete_threads)
    with _replaced(target) as file:
        for thread_text in archive.thread_texts(user):
            thread_id = str(object_of(thread_text)["id"])
            threads, items = threads + 1, items + write(file, thread_text, thread_id)
            if thread_id in held_incomplete:
                incomplete.append(thread_id)
    return ConversionReport(path=str(target), threads=threads, items=items, incomplete_threads=tuple(incomplete))


@contextmanager
def _replaced(path: Path) -> Generator[TextIO]:
    """A text file that takes the path's place when it is whole, and leaves nothing behind when it is not."""
    target = Path(os.path.realpath(path))  # a symbolic link stays, and the file that it names is replaced
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        _check_replaceable(path, target)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with _text_file(descriptor, is_compressed=path.suffix == ".gz") as file:
            yield file
        temporary.replace(target)
    except OSError as error:
        raise ArchiveError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _check_replaceable(path: Path, target: Path) -> None:
    check_folder(target)
    for suffix in SIDECARS:
        owner = Path(str(target).removesuffix(suffix))
        if owner != target and owner.is_file() and _is_archive(owner):
            raise ArchiveError(f"{path} is a part of the archive {owner}: choose another path")
    if path.exists() and not path.is_file():
        raise ArchiveError(f"{path} is not a file: choose another path")
    if path.exists() and _is_archive(path):
        raise ArchiveError(f"{path} is an archive, which would be lost: choose another path")


def _is_archive(path: Path) -> bool:
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    return header.startswith(_MAGIC) and header.endswith(APPLICATION_ID.to_bytes(4, "big"))


@contextmanager
def _text_file(descriptor: int, *, is_compressed: bool) -> Generator[TextIO]:
    with ExitStack() as stack:
        raw = stack.enter_context(os.fdopen(descriptor, "wb"))
        stack.callback(os.fsync, descriptor)
        stack.callback(raw.flush)
        binary: Any = stack.enter_context(gzip.GzipFile(fileobj=raw, mode="wb", mtime=0)) if is_compressed else raw
        file = io.TextIOWrapper(binary, encoding="utf-8", errors="replace", newline="\n")
        stack.callback(file.detach)  # flushes, and leaves the rest to close itself
        yield file


def _heading(thread: ChatKitThread, thread_id: str) -> str:
    title = _plain(slot_value(thread, "title") or thread_id)
    facts = [f"Thread: {_plain(thread_id)}", *(f"{name}: {_plain(value)}" for name, value in _facts(thread))]
    return f"## {title}\n\n" + "".join(f"- {fact}\n" for fact in facts) + "\n"


def _facts(thread: ChatKitThread) -> list[tuple[str, str]]:
    status = slot_value(slot_value(thread, "status"), "type")
    created_at = slot_value(thread, "created_at")
    found = {
        "User": slot_value(thread, "user"),
        "Created": thread.created_at_utc.isoformat() if isinstance(created_at, int) else None,
        "Status": status,
    }
    return [(name, str(value)) for name, value in found.items() if value]


def _plain(text: str) -> str:
    """One line of text in which nothing is markup."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(text.split()))
