"""Programs run in processes of their own, where what is left behind shows on stderr."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from textwrap import dedent

from ..conftest import KEY

ROOT = Path(__file__).parents[2]
HEAD = """
import asyncio, gc, logging, os, sys, threading
from chatkit_async import AsyncChatKit

logging.getLogger("asyncio").setLevel("ERROR")  # that a callback was slow is the machine's affair
KEY, BASE_URL = sys.argv[1:]
client = AsyncChatKit(KEY, base_url=BASE_URL)

async def create():
    return await client.sessions.create(user="u1", workflow="wf_1")
"""


async def run(program: str, base_url: str, *, warnings: str = "error") -> tuple[str, str, int | None]:
    """stdout, stderr and exit code of a program under `-X dev -W error`, which knows `client` and `create`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-X", "dev", "-W", warnings, "-c", HEAD + dedent(program), KEY, base_url),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), 30)
    except TimeoutError:
        process.kill()
        raise
    return out.decode(), err.decode(), process.returncode
