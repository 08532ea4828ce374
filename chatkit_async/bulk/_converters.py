"""An archive as JSON Lines or Markdown: streamed, under a temporary name, then renamed."""

from __future__ import annotations

import gzip
import io
import os
import re
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from .._core.transcript import transcript
from ..errors import ArchiveError
from ..types.result import slot_value
from ..types.thread import ChatKitThread
from ._decoding import object_of, thread_of
from ._file import database_path
from ._reports import ConversionReport

if TYPE_CHECKING:
    from ._reader import Archive

_MARKUP = re.compile(r"[!-/:-@\[-`{-~]")  # ASCII punctuation, all of which Markdown lets a backslash escape


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
def _replaced(target: Path) -> Generator[TextIO]:
    """A text file that takes the target's place when it is whole, and leaves nothing behind when it is not."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with _text_file(descriptor, is_compressed=target.suffix == ".gz") as file:
            yield file
        temporary.replace(target)
    except OSError as error:
        raise ArchiveError(f"{target} cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


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
