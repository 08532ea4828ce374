"""What is measured of the client. Each section takes an Effort and a variant, and returns its figures."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass

from .machine import (
    ROOT,
    CountingLoop,
    children_cpu_s,
    function_calls,
    loop_turns,
    quiet_environment,
    resident_kib,
    times_called,
)
from .peers import (
    AIOHTTP,
    ASYNC,
    BLOCKING,
    BY_HAND,
    CHATKIT,
    CHATKIT_BLOCKING,
    IMPORTS,
    OPENAI,
    OPENAI_AIOHTTP,
    OPENAI_BLOCKING,
    PROGRAMS,
    Call,
    Calls,
)
from .servers import API_KEY, PAGE_SIZE, THREAD_ID, running
from .slices import Contender, Effort, Figure, Figures, compare, figure_of

SPEED, JSON, PUBLIC = "speed", "json", "public"  # with orjson; without it; without the fast path
MANY_IN_FLIGHT, FEW_TURNS = 1000, 7  # a slice of the official client takes seconds there
HELD_SESSIONS = 5000


@dataclass
class Opened:
    """Async peers, opened in one event loop."""

    loop: asyncio.AbstractEventLoop
    stack: AsyncExitStack

    def open(self, name: str, base_url: str) -> Calls:
        """Opens one more peer, with connections of its own."""
        return self.loop.run_until_complete(self.stack.enter_async_context(ASYNC[name](base_url)))

    def contender(self, name: str, call: Call, in_flight: int = 1) -> Contender:
        """A contender with that many calls in flight."""

        async def one_caller(calls: int) -> None:
            for _ in range(calls):
                await call()

        async def callers(calls: int) -> None:
            await asyncio.gather(*(one_caller(calls // in_flight) for _ in range(in_flight)))

        work = one_caller if in_flight == 1 else callers
        return Contender(name, lambda calls: self.loop.run_until_complete(work(calls)), least=in_flight)


@contextmanager
def opened(loop: asyncio.AbstractEventLoop | None = None) -> Iterator[Opened]:
    """An event loop for peers."""
    peers = Opened(loop or asyncio.new_event_loop(), AsyncExitStack())
    try:
        yield peers
    finally:
        peers.loop.run_until_complete(peers.stack.aclose())
        peers.loop.run_until_complete(asyncio.sleep(0))  # transports close in a turn of their own
        peers.loop.close()


def create(effort: Effort, variant: str) -> Figures:
    """Creating a session, at 1 to 1,000 calls in flight."""
    names = (CHATKIT, AIOHTTP, OPENAI, OPENAI_AIOHTTP) if variant == SPEED else (CHATKIT, AIOHTTP)
    figures: Figures = {}
    with running("stub") as stub:
        for load in effort.loads:
            turns = min(effort.turns, FEW_TURNS) if load >= MANY_IN_FLIGHT else effort.turns
            with opened() as peers:  # new connections: a pool left full by a bigger load costs some peers more
                calls = {name: peers.open(name, stub.base_urls[0]).create for name in names}
                samples = compare([peers.contender(name, calls[name], load) for name in names], effort, turns)
            figures |= {f"{load} in flight: {name}": figure for name, figure in samples.figures(CHATKIT).items()}
    return figures


def counts(effort: Effort, variant: str) -> Figures:
    """Function calls and event loop turns of a create, which carry no noise."""
    figures: Figures = {}
    with running("stub") as stub, opened(CountingLoop()) as peers:
        for name in (CHATKIT, AIOHTTP, OPENAI) if variant == SPEED else (CHATKIT,):
            call = peers.open(name, stub.base_urls[0]).create
            figures[f"{name}, calls"] = Figure(peers.loop.run_until_complete(function_calls(call)), "calls")
            figures[f"{name}, loop turns"] = Figure(peers.loop.run_until_complete(loop_turns(call)), "turns")
    return figures


def pages(effort: Effort, variant: str) -> Figures:
    """Reading a page of 100 items of all kinds; walking a thread beside requesting the same pages."""
    names = (CHATKIT, AIOHTTP, OPENAI) if variant == SPEED else (CHATKIT, AIOHTTP)
    with running("stub") as stub, opened() as peers:
        calls = {name: peers.open(name, stub.base_urls[0]).page for name in names}
        figures = compare([peers.contender(name, calls[name]) for name in names], effort).figures(CHATKIT)
        if variant == SPEED:
            figures |= _walk(stub.base_urls[0], peers, effort)
    return figures


def _walk(base_url: str, peers: Opened, effort: Effort) -> Figures:
    from chatkit_async import AsyncChatKit

    client = AsyncChatKit(API_KEY, base_url=base_url)

    async def walk(count: int) -> None:
        seen = 0
        async for _ in client.threads.list_items(THREAD_ID, limit=PAGE_SIZE):
            seen += 1
            if seen == count * PAGE_SIZE:
                break

    async def request_pages(count: int) -> None:
        cursor = None
        for _ in range(count):
            page = await client.threads.list_items(THREAD_ID, limit=PAGE_SIZE, after=cursor)
            cursor = page.next_cursor
            for _ in page.data:
                pass

    works = {"walk": walk, "its pages": request_pages}
    contenders = [
        Contender(name, lambda count, work=work: peers.loop.run_until_complete(work(count)), effort.pages, effort.pages)
        for name, work in works.items()
    ]
    samples = compare(contenders, effort, max(5, effort.turns // 2))
    peers.loop.run_until_complete(client.aclose())
    return {"walk / its pages": samples.ratio("walk", "its pages")}


def blocking(effort: Effort, variant: str) -> Figures:
    """What the blocking twin adds to the async call, and its calls from 1 and 10 threads."""
    with running("stub") as stub, ExitStack() as stack, opened() as peers:
        creates = {name: stack.enter_context(BLOCKING[name](stub.base_urls[0])) for name in BLOCKING}
        handed_over = [_in_threads(name, creates[name], 1, stack) for name in (CHATKIT_BLOCKING, BY_HAND)]
        async_create = peers.contender(CHATKIT, peers.open(CHATKIT, stub.base_urls[0]).create)
        added = compare([async_create, *handed_over], effort).ratio_beyond(CHATKIT_BLOCKING, BY_HAND, CHATKIT)
        figures = {f"added by {CHATKIT_BLOCKING} / by {BY_HAND}": added}
        for threads in (1, 10):
            pair = [_in_threads(n, creates[n], threads, stack) for n in (CHATKIT_BLOCKING, OPENAI_BLOCKING)]
            found = compare(pair, effort).figures(CHATKIT_BLOCKING)
            figures |= {f"{threads} threads: {name}": figure for name, figure in found.items()}
        return figures | {"hand-overs a page": Figure(_hand_overs_a_page(stub.base_urls[0], effort.pages), "calls")}


def _in_threads(name: str, create: Callable[[], object], threads: int, stack: ExitStack) -> Contender:
    def repeat(calls: int) -> None:
        for _ in range(calls):
            create()

    if threads == 1:
        return Contender(name, repeat)
    pool = stack.enter_context(ThreadPoolExecutor(threads))
    return Contender(name, lambda calls: list(pool.map(repeat, [calls // threads] * threads)), least=threads)


def _hand_overs_a_page(base_url: str, pages: int) -> float:
    from chatkit_async import ChatKit

    with ChatKit(API_KEY, base_url=base_url) as client:

        def walk() -> None:
            client.threads.list_items(THREAD_ID, limit=PAGE_SIZE).collect(max_items=pages * PAGE_SIZE)

        walk()
        return times_called("call_soon_threadsafe", walk) / pages


def processes(effort: Effort, variant: str) -> Figures:
    """A process from its start over its first response to its end; imports; `chatkit --help`."""
    printed: dict[str, list[str]] = {name: [] for name in PROGRAMS}
    with running("stub") as stub:
        programs = [_process(name, code, stub.base_urls[0], printed[name]) for name, code in PROGRAMS.items()]
        started = compare(programs, effort, effort.processes)
    imported = compare([_process(name, code, "--help", []) for name, code in IMPORTS.items()], effort, effort.processes)
    pairs = ((CHATKIT, AIOHTTP), (CHATKIT_BLOCKING, AIOHTTP), (CHATKIT, OPENAI), (CHATKIT_BLOCKING, OPENAI_BLOCKING))
    figures = {f"start: {own} / {other}": started.ratio(own, other) for own, other in pairs}
    figures |= {f"{name}, resident": figure_of([float(k) / 1024 for k in kib], "MiB") for name, kib in printed.items()}
    for other in ("import asyncio", OPENAI):
        figures[f"import: {CHATKIT} / {other}"] = imported.ratio_beyond(CHATKIT, other, "python")
    return figures | {"chatkit --help / import click": imported.ratio("chatkit --help", "import click")}


def _process(name: str, code: str, argument: str, printed: list[str]) -> Contender:
    command = [sys.executable, "-c", code, argument]

    def run(times: int) -> None:
        for _ in range(times):
            done = subprocess.run(
                command, cwd=ROOT, env=quiet_environment(), stdout=subprocess.PIPE, text=True, check=True, timeout=60
            )
            printed.append(done.stdout.strip())

    return Contender(name, run, least=1, most=1, cpu_s=children_cpu_s)


def steady(effort: Effort, variant: str) -> Figures:
    """After 100,000 calls: what a client costs and holds; and the memory of a session that the program keeps."""
    with running("stub") as stub, opened() as peers:
        call = peers.open(CHATKIT, stub.base_urls[0]).create
        old = peers.contender("old", call, 10)
        old.run(100)
        before_kib = resident_kib()
        old.run(effort.many_calls)
        grown_mib = (resident_kib() - before_kib) / 1024
        new = peers.contender("new", peers.open(CHATKIT, stub.base_urls[0]).create, 10)
        samples = compare([old, new], effort, max(2, effort.turns // 2))
        kept_kib = _kept_session_kib(peers, call, min(HELD_SESSIONS, effort.many_calls))
    return {
        "growth": Figure(round(grown_mib, 4), "MiB"),
        "old / new client": samples.ratio("old", "new"),
        "one session": Figure(round(kept_kib, 3), "KiB"),
    }


def _kept_session_kib(peers: Opened, call: Call, count: int) -> float:
    kept: list[object] = [None] * count

    async def keep() -> None:
        for place in range(count):
            kept[place] = await call()

    before_kib = resident_kib()
    peers.loop.run_until_complete(keep())
    return (resident_kib() - before_kib) / count
