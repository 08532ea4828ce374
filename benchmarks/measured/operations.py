"""Every operation at 10 in flight, beside all peers."""

from ..cases import CASES
from ..contenders import AIOHTTP, CHATKIT, OPENAI, OPENAI_AIOHTTP
from ..method.effort import Effort
from ..method.figure import Figures
from ..method.in_loop import contenders_for
from ..method.slices import compare
from ..servers.running import running

IN_FLIGHT = 10
PEERS = (AIOHTTP, OPENAI, OPENAI_AIOHTTP)


def measure(effort: Effort, variant: str) -> Figures:
    """CPU for each contender, and ratios to the peers."""
    figures: Figures = {}
    with running("stub") as stub:
        for case in CASES:
            with contenders_for(case.name, (CHATKIT, *PEERS), stub.base_url, IN_FLIGHT) as contenders:
                samples = compare(contenders, effort, max(2, effort.turns // 3))
            found = samples.costs() | samples.ratios(CHATKIT)
            figures |= {f"{case.name}: {name}": figure for name, figure in found.items()}
    return figures
