"""Where the emulator keeps sessions and threads over restarts: nowhere, or in a SQLite file."""

from __future__ import annotations

import json
import os
import sqlite3
import weakref
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal, Protocol, cast

import attrs

from .._fork import at_fork, leak
from ..errors import ConfigurationError
from ..types._json import JSONObject

STATE_BUSY_TIMEOUT_S = 1.0  # an emulator that is just stopping may still lock the file

TABLE = """
CREATE TABLE IF NOT EXISTS documents (
    position INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    document TEXT NOT NULL,
    UNIQUE (kind, id)
)
"""
PUT = """
INSERT INTO documents (kind, id, document) VALUES (?, ?, ?)
ON CONFLICT (kind, id) DO UPDATE SET document = excluded.document
"""
REMOVE = "DELETE FROM documents WHERE kind = ? AND id = ?"
ALL = "SELECT document FROM documents WHERE kind = ? ORDER BY position"

# Fields of SQLite's file header (https://www.sqlite.org/fileformat.html).
HEADER_BYTES = 100
MAGIC = b"SQLite format 3\0"
USER_VERSION_BYTES = slice(60, 64)
APPLICATION_ID_BYTES = slice(68, 72)

OURS = int.from_bytes(b"ckem", "big")
STATE_VERSION = 1
PRIVATE = 0o600

Kind = Literal["sessions", "conversations"]


@attrs.frozen
class Change:
    """The new document of an id; None removes it."""

    kind: Kind
    id: str
    document: JSONObject | None


class StateStore(Protocol):
    """Keeps documents by kind and id; between `open` and `close` it may lock a file."""

    def open(self) -> None:
        """Locks the documents until `close`; raises ConfigurationError."""

    def close(self) -> None:
        """Unlocks the documents."""

    def load(self) -> Mapping[Kind, Sequence[JSONObject]] | None:
        """All documents, in the order in which their ids were added; None from a store that keeps none.

        Raises ConfigurationError.
        """
        ...

    def save(self, changes: Sequence[Change]) -> None:
        """Saves these changes in this order, all or none, before it returns; raises ConfigurationError."""


class NoStore:
    """Keeps nothing: sessions and threads are in memory only."""

    def open(self) -> None:
        """Does nothing."""

    def close(self) -> None:
        """Does nothing."""

    def load(self) -> None:
        """Returns None."""

    def save(self, changes: Sequence[Change]) -> None:
        """Does nothing."""


class SqliteStore:
    """Keeps documents, client secrets included, in a file of mode 0600; for one process at a time."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(os.path.abspath(path))  # the program may change its working directory
        self._database: sqlite3.Connection | None = None
        stores.add(self)

    def leave_to_parent(self) -> None:
        """In a forked child: forgets the file without closing it; closing would remove the parent's write-ahead log."""
        database, self._database = self._database, None
        leak(database)

    def open(self) -> None:
        """Opens the file, exclusively until `close`."""
        with self._explained():
            self._database = self._database or connected(self._path)

    def close(self) -> None:
        """Closes the file."""
        database, self._database = self._database, None
        if database is not None:
            with self._explained():
                database.close()

    def load(self) -> Mapping[Kind, Sequence[JSONObject]]:
        """All documents; raises ConfigurationError for a damaged file."""
        with self._explained(), self._opened() as database:
            kinds: tuple[Kind, ...] = ("sessions", "conversations")
            return {kind: [json.loads(row[0]) for row in database.execute(ALL, (kind,))] for kind in kinds}

    def save(self, changes: Sequence[Change]) -> None:
        """Saves the changes to the disk."""
        with self._explained(), self._opened() as database, transaction(database):
            for change in changes:
                apply(database, change)

    @contextmanager
    def _opened(self) -> Generator[sqlite3.Connection]:
        """The open file; opened and closed around this use if the emulator does not run."""
        if self._database is not None:
            yield self._database
            return
        with closing(connected(self._path)) as database:
            yield database

    @contextmanager
    def _explained(self) -> Generator[None]:
        """Turns errors of SQLite into a ConfigurationError that says what to do."""
        try:
            yield
        except (sqlite3.Error, ValueError) as error:
            raise ConfigurationError(f"the state file {self._path} {what_to_do(error)}") from error


stores: weakref.WeakSet[SqliteStore] = weakref.WeakSet()


def leave_all_to_parent() -> None:
    """In a forked child: forgets all files that the parent has open."""
    for store in stores:
        store.leave_to_parent()


at_fork(after_in_child=leave_all_to_parent)


def connected(path: Path) -> sqlite3.Connection:
    """A connection that locks the file for this process; creates the table in a new file."""
    prepared(path)
    database = sqlite3.connect(path, timeout=STATE_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        with transaction(database):
            # Before WAL mode, so that they are in the file itself, where `prepared` reads them.
            database.execute(f"PRAGMA application_id = {OURS}")
            database.execute(f"PRAGMA user_version = {STATE_VERSION}")
            database.execute(TABLE)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
    except BaseException:
        database.close()
        raise
    return database


@contextmanager
def transaction(database: sqlite3.Connection) -> Generator[None]:
    """Commits, or rolls back on an error."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def apply(database: sqlite3.Connection, change: Change) -> None:
    """Writes one change."""
    if change.document is None:
        database.execute(REMOVE, (change.kind, change.id))
    else:
        database.execute(PUT, (change.kind, change.id, json.dumps(change.document, separators=(",", ":"))))


def what_to_do(error: Exception) -> str:
    """The problem of the file, and what to do about it."""
    code = cast("int", getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return "is in use by another emulator: stop that one, or choose another file"
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR):
        return (
            f"is damaged ({' '.join(str(error).split())}): move it away or delete it, and the emulator begins a new one"
        )
    return f"cannot be used: {error}"


def prepared(path: Path) -> None:
    """Creates the file if it is missing, checks that it is ours or empty, and sets mode 0600.

    Raises ConfigurationError.
    """
    try:
        if path.exists() and not path.is_file():
            raise ConfigurationError(f"{path} is not a file: choose another path for the emulator's state")
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE))
        with path.open("rb") as file:
            header = file.read(HEADER_BYTES)
        if header:
            check_header(header, path)
        for name in (path, *companions(path)):
            if name.exists():
                name.chmod(PRIVATE)
    except OSError as error:
        raise ConfigurationError(f"the state file {path} cannot be used: {error.strerror or error}") from error


def check_header(header: bytes, path: Path) -> None:
    """Raises ConfigurationError for a file that the emulator did not write."""
    if not header.startswith(MAGIC) or int.from_bytes(header[APPLICATION_ID_BYTES], "big") != OURS:
        raise ConfigurationError(
            f"{path} is not a state file of the emulator, or is damaged: choose another file, or move this one away"
        )
    if int.from_bytes(header[USER_VERSION_BYTES], "big") != STATE_VERSION:
        raise ConfigurationError(
            f"the state file {path} is of another version of chatkit-async: choose another file, or move this one away"
        )


def companions(path: Path) -> list[Path]:
    """The files that SQLite may create beside it."""
    return [path.with_name(path.name + ending) for ending in ("-wal", "-shm", "-journal")]
