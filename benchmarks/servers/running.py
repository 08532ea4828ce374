"""The benchmark's side of a server: starts it in a process on a core of its own, and asks for its CPU time."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..cases import PREFIX
from ..method.machine import pin_server

ROOT = Path(__file__).parents[2]


class RunningServer:
    """A server that runs; its base URLs in the order it gave its ports."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._questions, self._answers = process.stdin, process.stdout
        self.base_urls = [f"http://127.0.0.1:{port}{PREFIX}" for port in self._answers.readline().split()]

    @property
    def base_url(self) -> str:
        return self.base_urls[0]

    def after(self, delay_ms: int) -> str:
        """The base URL under which the stub takes so many milliseconds to answer."""
        return self.base_url.replace(PREFIX, f"/after/{delay_ms}{PREFIX}")

    def cpu_s(self) -> float:
        """CPU time the server has used."""
        self._questions.write("\n")
        self._questions.flush()
        return float(self._answers.readline())


@contextmanager
def running(name: str) -> Iterator[RunningServer]:
    """Runs one of the modules here."""
    command = [sys.executable, "-m", f"benchmarks.servers.{name}"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            pin_server(process.pid)
            server = RunningServer(process)
            if not server.base_urls:
                raise RuntimeError(f"{name} did not start")
            yield server
        finally:
            process.kill()  # left by an error, contenders hold connections that it would wait for
