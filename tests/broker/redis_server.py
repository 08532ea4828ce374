"""A real Redis for tests: started on a Unix socket, without a file of its own, ended by its process id."""

from __future__ import annotations

import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

PROGRAM = shutil.which("redis-server") or shutil.which("valkey-server")
START_S = 20.0


class RedisServer:
    """A Redis that can be stopped, started again empty, frozen and thawed; `options` are its command line's."""

    def __init__(self, *options: str) -> None:
        self._options = options
        self._folder = Path(tempfile.mkdtemp(prefix="redis"))  # short: a socket's path has at most 107 characters
        self._socket = self._folder / "socket"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    @property
    def path(self) -> str:
        return str(self._socket)

    def start(self) -> None:
        command = [str(PROGRAM), "--port", "0", "--unixsocket", str(self._socket), "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(
            [*command, "--dir", str(self._folder), *self._options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline_s = time.monotonic() + START_S
        while not self._replies():
            assert self._process.poll() is None, "redis-server ended at once"
            assert time.monotonic() < deadline_s, "redis-server does not reply"
            time.sleep(0.01)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def thaw_or_start(self) -> None:
        """Runs, whatever a test before did to it."""
        if self._process is None:
            self.start()
        self.thaw()

    def restart(self) -> None:
        """Comes back without what it held."""
        self.stop()
        self.start()

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def commands(self) -> int:
        """How many commands of the broker's clients it has run: each is a GET, or a script that runs one."""
        return int(self.ask("INFO", "commandstats").split("cmdstat_get:calls=")[1].split(",")[0])

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def ask(self, *words: str) -> str:
        """The reply to one command, without the sign of its type."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(str(self._socket))
            connection.sendall(f"{shlex.join(words)}\r\n".encode())
            connection.shutdown(socket.SHUT_WR)
            reply = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        assert not reply.startswith("-"), reply
        return reply[1:].strip()

    def _replies(self) -> bool:
        try:
            return self.ask("PING") == "PONG"
        except OSError:
            return False
