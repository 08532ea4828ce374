"""Each framework's app behind a real server of its kind, in a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import attrs
import pytest

CHECKOUT = Path(__file__).parents[2]
DEADLINE_S = 30.0
# It looks at a socket that it is given through another one, and leaves that open.
GUNICORNS_OWN = "ignore::ResourceWarning:gunicorn.arbiter"
APPS = "tests.integrations.apps"
Test = TypeVar("Test", bound=Callable[..., None])


@attrs.frozen
class Kind:
    """How an app is served: the command, the exit code of a good end, and which warnings are not ours."""

    command: Sequence[str]
    exit_code: int = 0
    warnings: Sequence[str] = ()


def asgi(module: str) -> Kind:
    # uvicorn ends its process by the signal that stopped it.
    return Kind([f"{APPS}.serve_asgi", module], -signal.SIGTERM)


def gunicorn(module: str) -> Kind:
    command = ["gunicorn", f"{APPS}.{module}:app", "--bind=fd://{socket}", "--worker-class=gthread", "--threads=4"]
    return Kind([*command, "--preload", "--log-level=warning", "--graceful-timeout=5"], warnings=[GUNICORNS_OWN])


KINDS: Mapping[str, Kind] = {
    "starlette": asgi("starlette_app"),
    "fastapi": asgi("fastapi_app"),
    "litestar": asgi("litestar_app"),
    "aiohttp": Kind([f"{APPS}.aiohttp_app"]),
    "django-asgi": asgi("django_asgi_app"),
    "django-wsgi": gunicorn("django_wsgi_app"),
    "flask": gunicorn("flask_app"),
}


def each_value(names: str, values: Sequence[Any], ids: Callable[[Any], str] = str) -> Callable[[Test], Test]:
    """Tries each value behind one framework, since the shared core decides, and the first one behind every other."""

    def parametrized(test: Test) -> Test:
        rows = pytest.mark.parametrize(names, values, ids=[ids(value) for value in values])
        return pytest.mark.decided_by_core(names.partition(",")[0])(rows(test))

    return parametrized


@attrs.frozen
class Served:
    """An app that is being served: where, and by which process; `log` is what it prints."""

    url: str
    process: subprocess.Popen[bytes] = attrs.field(repr=False)
    log: Path

    def stopped(self) -> tuple[int, str]:
        """Asks it to stop by SIGTERM; its exit code and all it has printed.

        But for what it does with its visitors' sockets: gunicorn leaves some open when it stops.
        """
        self.process.terminate()
        code = self.process.wait(DEADLINE_S)
        own = f"laddr={address(self.url)}"
        lines = self.log.read_text(errors="replace").splitlines(keepends=True)
        return code, "".join(line for line in lines if own not in line)


@contextmanager
def serving(kind: Kind, log: Path, base_url: str, folder: Path = CHECKOUT) -> Iterator[Served]:
    """Serves an app of a folder whose client finds the API at `base_url`, and ends it with the test.

    The socket is opened here, so that the first request waits for the server rather than being refused.
    """
    with socket.create_server(("127.0.0.1", 0)) as opened, log.open("wb") as output:
        # What Python warns of is an error and shows in the log. (-X dev would tell of slowness, too.)
        warnings = [part for warning in ("error", *kind.warnings) for part in ("-W", warning)]
        command = [part.format(socket=opened.fileno()) for part in kind.command]
        process = subprocess.Popen(
            [sys.executable, *warnings, "-m", *command],
            cwd=folder,
            env=environment(base_url, opened.fileno()),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[opened.fileno()],
            start_new_session=True,
        )
        port = opened.getsockname()[1]
    try:
        yield Served(f"http://127.0.0.1:{port}", process, log)
    except BaseException:
        print(log.read_text(errors="replace"))
        raise
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(DEADLINE_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(DEADLINE_S)


def address(url: str) -> tuple[str, int]:
    """The host and port of a URL."""
    parts = urlsplit(url)
    return str(parts.hostname), int(parts.port or 80)


def environment(base_url: str, descriptor: int) -> dict[str, str]:
    """The environment of the server's process."""
    return {
        **os.environ,
        "PYTHONPATH": str(CHECKOUT),
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": base_url,
        "TEST_SOCKET": str(descriptor),
    }
