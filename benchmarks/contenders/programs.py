"""Whole programs that make one call and end; given a base URL, each prints the KiB it holds resident then."""

from collections.abc import Mapping

from ..cases import CREATE, USER, WORKFLOW
from . import AIOHTTP, API_KEY, CHATKIT, CHATKIT_BLOCKING, OPENAI, OPENAI_BLOCKING

# Linux alone says what is resident now; elsewhere it is the most that ever was, in bytes on macOS.
_SHOW_MEMORY = """
import os, resource, sys
try:
    with open("/proc/self/statm") as statm:
        print(int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024)
except OSError:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "darwin" else 1))
"""

_CHATKIT = f"""
import asyncio, sys
from chatkit_async import AsyncChatKit

async def main():
    async with AsyncChatKit({API_KEY!r}, base_url=sys.argv[1]) as client:
        return await client.sessions.create(user={USER!r}, workflow={WORKFLOW!r})

asyncio.run(main())
"""

_CHATKIT_BLOCKING = f"""
import sys
from chatkit_async import ChatKit

with ChatKit({API_KEY!r}, base_url=sys.argv[1]) as client:
    client.sessions.create(user={USER!r}, workflow={WORKFLOW!r})
"""

_AIOHTTP = f"""
import asyncio, sys
import aiohttp

HEADERS = {{"Authorization": "Bearer {API_KEY}", "OpenAI-Beta": "chatkit_beta=v1"}}

async def main():
    async with aiohttp.ClientSession(headers=HEADERS) as session:
        async with session.post(sys.argv[1] + {CREATE.path!r}, json={CREATE.body!r}) as response:
            return await response.json()

asyncio.run(main())
"""

_OPENAI = f"""
import asyncio, sys
from openai import AsyncOpenAI

async def main():
    async with AsyncOpenAI(api_key={API_KEY!r}, base_url=sys.argv[1]) as client:
        return await client.beta.chatkit.sessions.create(user={USER!r}, workflow={{"id": {WORKFLOW!r}}})

asyncio.run(main())
"""

_OPENAI_BLOCKING = f"""
import sys
from openai import OpenAI

with OpenAI(api_key={API_KEY!r}, base_url=sys.argv[1]) as client:
    client.beta.chatkit.sessions.create(user={USER!r}, workflow={{"id": {WORKFLOW!r}}})
"""

_FIRST_CALLS = {
    CHATKIT: _CHATKIT,
    CHATKIT_BLOCKING: _CHATKIT_BLOCKING,
    AIOHTTP: _AIOHTTP,
    OPENAI: _OPENAI,
    OPENAI_BLOCKING: _OPENAI_BLOCKING,
}
PROGRAMS: Mapping[str, str] = {name: program + _SHOW_MEMORY for name, program in _FIRST_CALLS.items()}
