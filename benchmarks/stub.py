"""The cheapest server there is, in a process of its own: reads a request to its end, writes ready bytes."""

import asyncio
import contextlib
import re
import subprocess
import sys
from collections.abc import Iterator

from .cases import CASES, PREFIX

CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
RESPONSES = {case.request_line: case.response for case in CASES}


class Stub(asyncio.Protocol):
    """Answers the rows of the table; closes the connection on anything else."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.received = b""

    def data_received(self, data: bytes) -> None:
        self.received += data
        while (end := _end_of_request(self.received)) is not None:
            response = RESPONSES.get(self.received[: self.received.find(b" ", 8) + 1])
            self.received = self.received[end:]
            self.transport.write(response) if response else self.transport.close()


def _end_of_request(received: bytes) -> int | None:
    head_end = received.find(b"\r\n\r\n")
    if head_end < 0:
        return None
    length = CONTENT_LENGTH.search(received, 0, head_end)
    end = head_end + 4 + (int(length[1]) if length else 0)
    return end if len(received) >= end else None


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Stub, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    # The benchmark holds the other end of stdin: when it is gone, so is the stub.
    await loop.run_in_executor(None, sys.stdin.read)


@contextlib.contextmanager
def running_stub() -> Iterator[str]:
    """Starts the stub; gives the base URL of the API it plays."""
    command = [sys.executable, "-m", __name__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}{PREFIX}"


if __name__ == "__main__":
    asyncio.run(_serve())
