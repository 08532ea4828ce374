"""The file a state is kept in: begun with mode 0600, and told from other people's files before anything is written."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import ConfigurationError

# Where SQLite's header has its words (https://www.sqlite.org/fileformat.html).
HEADER_BYTES = 100
MAGIC = b"SQLite format 3\0"
USER_VERSION = slice(60, 64)
APPLICATION_ID = slice(68, 72)

OURS = int.from_bytes(b"ckem", "big")
VERSION = 1
PRIVATE = 0o600


def prepared(path: Path) -> None:
    """Makes sure that the file is there, is one of ours or empty, and only its owner's; raises ConfigurationError."""
    try:
        if path.exists() and not path.is_file():
            raise ConfigurationError(f"{path} is no file: choose another for the emulator's state")
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
    """Refuses a file that is none of ours."""
    if not header.startswith(MAGIC) or int.from_bytes(header[APPLICATION_ID], "big") != OURS:
        raise ConfigurationError(
            f"{path} is no state file of the emulator, or is damaged: choose another file, or move this one away"
        )
    if int.from_bytes(header[USER_VERSION], "big") != VERSION:
        raise ConfigurationError(
            f"the state file {path} is of another version of chatkit-async: choose another file, or move it away"
        )


def companions(path: Path) -> list[Path]:
    """What SQLite may put beside the file."""
    return [path.with_name(path.name + ending) for ending in ("-wal", "-shm", "-journal")]
