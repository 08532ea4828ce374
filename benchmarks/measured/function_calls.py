"""What a create is made of: function calls and turns of the event loop, which carry no noise."""

from collections.abc import Awaitable, Callable, Mapping

from ..contenders import AIOHTTP, CHATKIT, OPENAI, OPENAI_AIOHTTP
from ..contenders.awaited import Call
from ..method.counts import CountingLoop, function_calls, loop_turns
from ..method.effort import Effort
from ..method.figure import Figures, count_of
from ..method.in_loop import opened
from ..method.variants import SPEED
from ..servers.running import running

COUNTS: Mapping[str, Callable[[Call], Awaitable[int]]] = {"calls": function_calls, "loop turns": loop_turns}


def measure(effort: Effort, variant: str) -> Figures:
    """Both counts for each contender."""
    names = (CHATKIT, AIOHTTP, OPENAI, OPENAI_AIOHTTP) if variant == SPEED else (CHATKIT,)
    figures: Figures = {}
    with running("stub") as stub, opened(CountingLoop()) as contenders:
        for name in names:
            call = contenders.open(name, stub.base_url)["sessions.create"]
            for unit, count in COUNTS.items():
                figures[f"{name}, {unit}"] = count_of(contenders.loop.run_until_complete(_counted(count, call)), unit)
    return figures


async def _counted(count: Callable[[Call], Awaitable[int]], call: Call) -> int:
    return await count(call)
