"""A lock beside a file: held by one job at a time, released by the system when its process dies."""

from __future__ import annotations

import json
import os
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from ..errors import ArchiveError


class FileLock:
    """Held inside `with`; the file names its holder and is removed at the end.

    The system's own lock decides, not the file: what a killed process left behind blocks nothing.

    Args:
        path: the lock file.
        subject: what it guards, for the message.
    """

    def __init__(self, path: Path, subject: str) -> None:
        self._path = path
        self._subject = subject
        self._descriptor = -1

    def __enter__(self) -> Self:
        while True:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                _lock(descriptor)
            except OSError as error:
                os.close(descriptor)
                raise ArchiveError(f"{self._subject} is in use by {self._holder()}: wait for its end") from error
            if _is_at(self._path, descriptor):  # its holder may have removed it since we opened it
                break
            os.close(descriptor)
        self._descriptor = descriptor
        os.truncate(descriptor, 0)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        os.write(descriptor, json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": now}).encode())
        return self

    def __exit__(self, *exc_info: object) -> None:
        if sys.platform != "win32":  # which does not remove open files
            self._path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def _holder(self) -> str:
        try:
            holder = json.loads(self._path.read_bytes())
            return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
        except (OSError, ValueError, KeyError, TypeError):
            return "another process"


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    _FAR = 2**30  # Windows refuses reading where it is locked, and the holder's name is to be read

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
