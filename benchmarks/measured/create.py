"""Minting a session, at 1 to 1,000 calls in flight, beside all peers; and whether the stub keeps up."""

import time

from ..contenders import AIOHTTP, CHATKIT, FLOOR, OPENAI, OPENAI_AIOHTTP
from ..method.effort import Effort
from ..method.figure import Figure, Figures, count_of
from ..method.in_loop import contenders_for
from ..method.slices import Contender, compare
from ..method.variants import SPEED
from ..servers.running import RunningServer, running
from . import STUB_SHARE

FEW = 1000  # in flight, where a slice of the official client takes seconds
FEW_TURNS = 7


def measure(effort: Effort, variant: str) -> Figures:
    """CPU and clock time of a call for each contender, and ratios to the peers."""
    peers = (AIOHTTP, OPENAI, OPENAI_AIOHTTP, FLOOR) if variant == SPEED else (AIOHTTP,)
    figures: Figures = {}
    with running("stub") as stub:
        for in_flight in effort.loads:
            figures |= at_load(stub, in_flight, peers, effort)
    return figures


def at_load(stub: RunningServer, in_flight: int, peers: tuple[str, ...], effort: Effort) -> Figures:
    """The figures at one load."""
    turns = min(effort.turns, FEW_TURNS) if in_flight >= FEW else effort.turns
    with contenders_for("sessions.create", (CHATKIT, *peers), stub.base_url, in_flight) as contenders:
        samples = compare(contenders, effort, turns)
        figures = {STUB_SHARE: stub_share(stub, contenders[-1])} if FLOOR in peers else {}
    figures |= samples.costs() | {f"{name}, clock": samples.wall(name) for name in samples.names}
    figures |= samples.ratios(CHATKIT)
    return {f"{in_flight} in flight: {name}": figure for name, figure in figures.items()}


def stub_share(stub: RunningServer, fastest: Contender) -> Figure:
    """How much of the clock the stub is busy while the fastest contender runs: below 1, it is not the limit."""
    calls = fastest.least * max(1, 2000 // fastest.least)
    began_s, cpu_began_s = time.perf_counter(), stub.cpu_s()
    fastest.run(calls)
    cpu_s, took_s = stub.cpu_s() - cpu_began_s, time.perf_counter() - began_s
    return count_of(cpu_s / took_s, "of the clock")
