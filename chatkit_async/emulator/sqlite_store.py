"""A store in a SQLite file: what was saved survives the end of the process, however it comes."""

from __future__ import annotations

import json
import os
import sqlite3
import weakref
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import cast

from .._fork import at_fork, leak
from ..errors import ConfigurationError
from ..types._json import JSONObject
from .state_file import OURS, VERSION, prepared
from .store import Change, Kind

BUSY_TIMEOUT_S = 1.0  # an emulator that is just ending may still have the file

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


class SqliteStore:
    """Keeps documents in a file of the mode 0600, secrets among them; one process at a time."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(os.path.abspath(path))  # the program may change its folder
        self._database: sqlite3.Connection | None = None
        stores.add(self)

    def leave_to_parent(self) -> None:
        """In a forked child: lets go without closing, which would take the log away that the parent writes to."""
        database, self._database = self._database, None
        leak(database)

    def open(self) -> None:
        """Opens the file until `close`; nobody else can meanwhile."""
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
        """Makes the changes; they are on the disk when it returns."""
        with self._explained(), self._opened() as database, transaction(database):
            for change in changes:
                make(database, change)

    @contextmanager
    def _opened(self) -> Generator[sqlite3.Connection]:
        """The file, opened for the moment when it is not open anyway."""
        if self._database is not None:
            yield self._database
            return
        with closing(connected(self._path)) as database:
            yield database

    @contextmanager
    def _explained(self) -> Generator[None]:
        """What goes wrong with the file, in words that say what to do."""
        try:
            yield
        except (sqlite3.Error, ValueError) as error:
            raise ConfigurationError(f"the state file {self._path} {what_to_do(error)}") from error


stores: weakref.WeakSet[SqliteStore] = weakref.WeakSet()


def leave_all_to_parent() -> None:
    """What a forked child does with the files its parent has open."""
    for store in stores:
        store.leave_to_parent()


at_fork(after_in_child=leave_all_to_parent)


def connected(path: Path) -> sqlite3.Connection:
    """The file, opened for this process alone; a new one gets its table."""
    prepared(path)
    database = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        with transaction(database):
            # In the file itself before a write-ahead log may hold them: whoever opens it next looks there.
            database.execute(f"PRAGMA application_id = {OURS}")
            database.execute(f"PRAGMA user_version = {VERSION}")
            database.execute(TABLE)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
    except BaseException:
        database.close()
        raise
    return database


@contextmanager
def transaction(database: sqlite3.Connection) -> Generator[None]:
    """All or nothing."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def make(database: sqlite3.Connection, change: Change) -> None:
    """Makes one change."""
    if change.document is None:
        database.execute(REMOVE, (change.kind, change.id))
    else:
        database.execute(PUT, (change.kind, change.id, json.dumps(change.document, separators=(",", ":"))))


def what_to_do(error: Exception) -> str:
    """Which way a failure of SQLite can be helped."""
    code = cast("int", getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return "is in use by another emulator: stop that one, or choose another file"
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR):
        return (
            f"is damaged ({' '.join(str(error).split())}): move it away or delete it, and the emulator begins a new one"
        )
    return f"cannot be used: {error}"
