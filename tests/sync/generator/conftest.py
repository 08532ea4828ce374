"""A copy of the package's files for the generator."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatkit_async._sync.generator.__main__ import FOLDER
from chatkit_async._sync.generator.module import TABLES
from chatkit_async._sync.generator.twins import TWINS

from .writing import write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of what the generator reads and writes."""
    tables = {path for table in TABLES.items() for path in table}
    for path in tables | {path for twin in TWINS for path in (twin.source, twin.target)}:
        write(tmp_path, path, (FOLDER / path).read_text())
    return tmp_path
