"""Ways a run can be set up before anything of the package is imported."""

import sys
from importlib import import_module
from typing import Any

SPEED = "speed"  # orjson, and the leanest way through aiohttp
JSON = "json"  # without orjson
PUBLIC = "public"  # through aiohttp's public surface alone


def _block_orjson() -> None:
    sys.modules["orjson"] = None  # type: ignore[assignment]  # importing it fails from here on


def _use_the_public_way() -> None:
    pool: Any = import_module("chatkit_async._async.pool")
    pool.is_known = lambda: False  # asked once for each connection pool; tests take the public way by the same switch


_PREPARE = {SPEED: lambda: None, JSON: _block_orjson, PUBLIC: _use_the_public_way}


def prepare(variant: str) -> None:
    """Sets this process up for a variant."""
    _PREPARE[variant]()
