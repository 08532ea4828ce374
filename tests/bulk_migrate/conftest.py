"""The two stores that a migration must fill."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .stores import MemoryStore, SQLiteStore


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return MemoryStore() if request.param == "memory" else SQLiteStore(tmp_path / "store.db")
