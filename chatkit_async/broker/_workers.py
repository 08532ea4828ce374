"""Whether this process is one of several workers of a web server."""

from __future__ import annotations

import multiprocessing
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

SERVERS = ("uvicorn", "gunicorn", "hypercorn", "granian", "fastapi")


def several_workers() -> str | None:
    """The sign that there are several workers; None if there is none."""
    config: Any = getattr(multiprocessing.current_process(), "_kwargs", {}).get("config")
    if isinstance(getattr(config, "workers", None), int) and config.workers > 1:
        return f"a worker of uvicorn, workers={config.workers}"
    return sign_of_workers(sys.orig_argv, os.environ)


def sign_of_workers(arguments: Sequence[str], environment: Mapping[str, str]) -> str | None:
    """What a command line and the environment say of several workers; None if they say of none."""
    name = next((server for server in SERVERS if any(Path(word).name == server for word in arguments[:4])), None)
    if name is None and "gunicorn" in environment.get("SERVER_SOFTWARE", ""):
        name = "gunicorn"
    words = [*shlex.split(environment.get("GUNICORN_CMD_ARGS", "")), *arguments] if name == "gunicorn" else arguments
    count = _count(words) if name else None
    if count is None:
        count = _number(environment.get("WEB_CONCURRENCY", ""))
        name = "WEB_CONCURRENCY" if count else name
    if name == "gunicorn" and count is None and any(word.startswith(("-c", "--config")) for word in words):
        return "a worker of gunicorn, with a configuration file that may ask for several"
    return f"{name}, {count} workers" if count is not None and count > 1 else None


def _count(words: Sequence[str]) -> int | None:
    """The value of -w or --workers, the last one given."""
    found = None
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word in {"-w", "--workers"}:
            found = _number(following)
        elif word.startswith("--workers="):
            found = _number(word.removeprefix("--workers="))
        elif word.startswith("-w") and word[2:].isdigit():
            found = _number(word[2:])
    return found


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None
