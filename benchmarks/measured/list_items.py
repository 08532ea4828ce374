"""Reading a page of 100 items of all kinds, beside all peers."""

from ..contenders import AIOHTTP, CHATKIT, OPENAI, OPENAI_AIOHTTP
from ..method.effort import Effort
from ..method.figure import Figures
from ..method.in_loop import contenders_for
from ..method.slices import compare
from ..method.variants import SPEED
from ..servers.running import running


def measure(effort: Effort, variant: str) -> Figures:
    """CPU of a page for each contender, and ratios to the peers."""
    peers = (AIOHTTP, OPENAI, OPENAI_AIOHTTP) if variant == SPEED else (AIOHTTP,)
    with running("stub") as stub, contenders_for("threads.list_items", (CHATKIT, *peers), stub.base_url) as contenders:
        samples = compare(contenders, effort)
    return samples.costs() | samples.ratios(CHATKIT)
