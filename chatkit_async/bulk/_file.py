"""The archive file: its tables, how it is opened and locked, and what makes a file unusable."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import attrs

from .._version import VERSION
from ..errors import ArchiveError

APPLICATION_ID = int.from_bytes(b"ckar", "big")
SCHEMA_VERSION = 1
PAGE_BYTES = 16384  # items come in kilobytes: fewer pages to write, and to copy from the log
LOG_PAGES = 200  # of the write-ahead log: 3 MB that the system keeps in memory, where a larger log takes new memory
BUSY_TIMEOUT_S = 10.0  # a reader that checkpoints may hold the file for a moment
RUN_ADVICE = "continue with the same settings, or choose another file"
SIDECARS = ("-wal", "-shm", "-journal", ".lock")  # what SQLite and our lock add to the file's name

_TABLES = """
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('running', 'complete', 'incomplete', 'interrupted')),
    started_at INTEGER NOT NULL, ended_at INTEGER,
    pid INTEGER NOT NULL, host TEXT NOT NULL,
    report TEXT
) STRICT;
CREATE TABLE threads (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    user TEXT,
    sort_at INTEGER NOT NULL,
    position INTEGER NOT NULL,
    raw TEXT NOT NULL,
    is_complete INTEGER NOT NULL DEFAULT 0,
    item_count INTEGER NOT NULL DEFAULT 0,
    anchor INTEGER NOT NULL DEFAULT 0, anchor_cursor TEXT, anchor_id TEXT,
    read_in_run INTEGER,
    last_listing INTEGER NOT NULL, -- the number of the one that showed it last
    gone_at INTEGER
) STRICT;
CREATE INDEX threads_in_order ON threads (sort_at, position);
CREATE TABLE item_pages (
    thread_key INTEGER NOT NULL REFERENCES threads (key),
    position INTEGER NOT NULL,
    item_count INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (thread_key, position)
) STRICT;
CREATE VIEW items AS
    SELECT threads.id AS thread_id, item_pages.position + item.key AS position, item.value AS raw
    FROM threads JOIN item_pages ON item_pages.thread_key = threads.key, json_each(item_pages.body, '$.data') AS item;
CREATE TABLE removed_items (
    thread_key INTEGER NOT NULL REFERENCES threads (key),
    id TEXT,
    raw TEXT NOT NULL,
    removed_in_run INTEGER NOT NULL
) STRICT;
"""

_ADVICE = {
    "full": "; make room on the disk and run it again: what was saved stays",
    "not a database": "; choose another path",
    "malformed": "; restore it from a copy, or archive anew into another file",
}


@attrs.frozen
class ArchiveSettings:
    """What an archive holds, fixed when it is created.

    Attributes:
        base_url: of the API.
        project: the `OpenAI-Project` header; None if none was sent.
        users: the user filter; None for all users.
    """

    base_url: str
    project: str | None
    users: tuple[str, ...] | None

    def _in_words(self) -> dict[str, str]:
        return {
            "base_url": f"the API {self.base_url}",
            "project": f"the project {self.project}" if self.project else "no project",
            "users": "all users" if self.users is None else f"users {', '.join(self.users)}",
        }


def database_path(path: str | os.PathLike[str]) -> Path:
    """The absolute path: the program may change its current folder later."""
    try:
        given = os.fsdecode(path)
        if b"\0" in os.fsencode(given):
            raise ValueError("it holds a NUL character")
    except TypeError as error:
        raise ArchiveError(f"an archive's path is a string or a path, not {type(path).__name__}") from error
    except ValueError as error:
        raise ArchiveError(f"no file can have the path {path!r}: {error}") from error
    if given == "-":
        raise ArchiveError("'-' is not stdout here: pass the name of a file, or ./- for a file of that name")
    return Path(os.path.abspath(given))


def check_folder(path: Path) -> None:
    """Raises `ArchiveError` if the folder of a file that is to be written does not exist."""
    if not path.parent.is_dir():
        advice = "make it, or choose another path"
        raise ArchiveError(f"{path} cannot be written: the folder {path.parent} does not exist; {advice}")


@contextmanager
def opened_for_writing(path: Path, settings: ArchiveSettings) -> Generator[sqlite3.Connection]:
    """The archive's connection for one job, the file created if it is not there; locked until the end.

    Raises:
        ArchiveError: the file cannot be used, is in use, or was made with other settings.
    """
    check_folder(path)
    with explained(path), locked(path.with_name(f"{path.name}.lock"), f"the archive {path}"):
        _create_private(path)
        database = _connected(f"file:{quote(str(path))}?mode=rw")
        try:
            database.execute(f"PRAGMA page_size = {PAGE_BYTES}").close()  # heeded only while the file is empty
            _create_tables(database, path, settings)
            for setting in ("journal_mode = WAL", "synchronous = NORMAL", f"wal_autocheckpoint = {LOG_PAGES}"):
                database.execute(f"PRAGMA {setting}").close()
            refuse_other_settings(path, stored_settings(database, path), settings, "run", RUN_ADVICE)
            yield database
        finally:
            database.close()


def opened_for_reading(path: Path) -> sqlite3.Connection:
    """A connection that changes nothing. Raises `ArchiveError` if the file is missing or cannot be read."""
    with explained(path):
        if not path.is_file():
            raise ArchiveError(f"there is no archive {path}: make it with archive(client, path)")
        return checked(_connected(f"file:{quote(str(path))}?mode={_reading_mode(path)}"), path)


def checked(database: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    """The connection to an archive, which can only read from now on; closed if it is to anything else."""
    try:
        database.execute("PRAGMA query_only = ON").close()
        if _version(database, path) == 0:
            raise ArchiveError(f"{path} is empty: run archive(client, path)")
        stored_settings(database, path)
    except BaseException:
        database.close()
        raise
    return database


def stored_settings(database: sqlite3.Connection, path: Path) -> ArchiveSettings:
    """The settings that the archive was made with."""
    found = {name: json.loads(value) for name, value in database.execute("SELECT name, value FROM settings")}
    try:
        users = found["users"]
        return ArchiveSettings(found["base_url"], found["project"], None if users is None else tuple(users))
    except KeyError as error:
        raise ArchiveError(f"the archive {path} is damaged: it lacks its setting {error}") from error


@contextmanager
def explained(path: Path) -> Generator[None]:
    """Turns what SQLite and the system raise into our error."""
    try:
        yield
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # of SQLite's message, which may quote damaged bytes
        raise ArchiveError(f"the archive {path} cannot be used: {error}{_advice(error)}") from error
    except OSError as error:
        raise ArchiveError(f"the archive {path} cannot be used: {error.strerror or error}") from error


def _advice(error: Exception) -> str:
    return next((advice for words, advice in _ADVICE.items() if words in str(error)), "")


def _create_private(path: Path) -> None:
    if path.exists() and not path.is_file():
        raise ArchiveError(f"{path} is not a file: choose another path for the archive")
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives its helper files the same mode


def _reading_mode(path: Path) -> str:
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        return "rw"  # a connection that may write removes its helper files at its end
    return "ro" if path.with_name(f"{path.name}-wal").exists() else "ro&immutable=1"


def _connected(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT_S)


def _create_tables(database: sqlite3.Connection, path: Path, settings: ArchiveSettings) -> None:
    if _version(database, path):
        return
    values = {**attrs.asdict(settings), "created_at": int(time.time()), "created_by": f"chatkit-async {VERSION}"}
    database.execute("BEGIN IMMEDIATE")
    with database:
        for statement in filter(str.strip, _TABLES.split(";")):
            database.execute(statement)
        rows = [(name, json.dumps(value)) for name, value in values.items()]
        database.executemany("INSERT INTO settings VALUES (?, ?)", rows)
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _version(database: sqlite3.Connection, path: Path) -> int:
    """The schema version; 0 for a file without any table."""
    query = "SELECT * FROM pragma_application_id, pragma_user_version, (SELECT count(*) FROM sqlite_master)"
    application, version, tables = database.execute(query).fetchone()
    if not (application or version or tables):
        return 0
    if application != APPLICATION_ID:
        raise ArchiveError(f"{path} is not an archive of chatkit-async: choose another path")
    if version != SCHEMA_VERSION:
        raise ArchiveError(
            f"the archive {path} has schema version {version}; this chatkit-async {VERSION} reads {SCHEMA_VERSION}:"
            " install the newest chatkit-async, or archive anew into another file"
        )
    return SCHEMA_VERSION


def refuse_other_settings(path: Path, stored: ArchiveSettings, wanted: ArchiveSettings, job: str, advice: str) -> None:
    """Raises `ArchiveError` if an archive was made with other settings than a job has."""
    here = wanted._in_words()
    for name, there in stored._in_words().items():
        if getattr(stored, name) != getattr(wanted, name):  # the words of two user filters may be the same
            raise ArchiveError(f"the archive {path} was made with {there}, this {job} has {here[name]}: {advice}")


@contextmanager
def locked(path: Path, subject: str) -> Generator[None]:
    """Holds a lock file, which names its holder; the system frees the lock when the process dies.

    Raises:
        ArchiveError: another process holds it.
    """
    descriptor = _locked_descriptor(path, subject)
    try:
        os.truncate(descriptor, 0)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        os.write(descriptor, json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": now}).encode())
        yield
    finally:
        if sys.platform != "win32":  # which does not remove open files
            path.unlink(missing_ok=True)
        os.close(descriptor)


def _locked_descriptor(path: Path, subject: str) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(descriptor)
        except OSError as error:
            os.close(descriptor)
            raise ArchiveError(f"{subject} is in use by {_holder(path)}: wait for its end") from error
        with suppress(FileNotFoundError):  # its last holder may have removed it after it was opened here
            if os.path.samestat(os.stat(path), os.fstat(descriptor)):
                return descriptor
        os.close(descriptor)


def _holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_bytes())
        return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


if sys.platform == "win32":
    import msvcrt

    _FAR = 2**30  # Windows refuses to read locked bytes, and the holder's name must stay readable.

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
