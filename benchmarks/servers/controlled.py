"""The server's side of its control: it says where it listens, its CPU time whenever it is asked, and ends when left."""

import asyncio
import sys
import time


async def until_left(*ports: int) -> None:
    """Prints the ports, then the CPU time used so far for each line on stdin, until stdin ends."""
    print(*ports, flush=True)
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    # The benchmark holds the other end: when it is gone, so is the server.
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while await lines.readline():
        print(time.process_time(), flush=True)
