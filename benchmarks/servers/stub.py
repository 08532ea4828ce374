"""The cheapest server there is: reads a request to its end, writes ready bytes; below /after/MS/ as much later."""

import asyncio
import re

from ..cases import CASES, LONG_THREAD, PREFIX, page_after
from .controlled import until_left

CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
DELAY = re.compile(rb"/after/(\d+)(/.*)")
CURSOR = re.compile(rb"[?&]after=([^& ]+)")
RESPONSES = {case.request_line: case.response for case in CASES}
LONG = f"{PREFIX}{LONG_THREAD.path}".encode()


class Stub(asyncio.Protocol):
    """Answers the rows of the table; closes the connection on anything else."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.received = b""

    def data_received(self, data: bytes) -> None:
        self.received += data
        while (end := _end_of_request(self.received)) is not None:
            asked, self.received = self.received, self.received[end:]
            response = RESPONSES.get(asked[: asked.find(b" ", 8) + 1])
            if response is None:
                self.answer_slowly(asked)
            else:
                self.transport.write(response)

    def answer_slowly(self, asked: bytes) -> None:
        """What is not found at once: pages of a long thread, and answers that are to come late."""
        method, target, _ = asked.split(b" ", 2)
        late = DELAY.match(target)
        response = _response(method, late[2] if late else target)
        if response is None:
            self.transport.close()
        elif late is None:
            self.transport.write(response)
        else:
            asyncio.get_running_loop().call_later(int(late[1]) / 1000, self.transport.write, response)


def _response(method: bytes, target: bytes) -> bytes | None:
    if target.startswith(LONG):
        cursor = CURSOR.search(target)
        return page_after(cursor[1].decode() if cursor else None)
    return RESPONSES.get(method + b" " + target + b" ")


def _end_of_request(received: bytes) -> int | None:
    head_end = received.find(b"\r\n\r\n")
    if head_end < 0:
        return None
    length = CONTENT_LENGTH.search(received, 0, head_end)
    end = head_end + 4 + (int(length[1]) if length else 0)
    return end if len(received) >= end else None


async def serve() -> None:
    """Listens until it is left."""
    server = await asyncio.get_running_loop().create_server(Stub, "127.0.0.1", 0, backlog=2048)
    async with server:
        await until_left(server.sockets[0].getsockname()[1])


if __name__ == "__main__":
    asyncio.run(serve())
