"""How a create's cost grows with the calls in flight: the same client at each load, in turns."""

from ..contenders import AIOHTTP, CHATKIT
from ..method.effort import Effort
from ..method.figure import Figures
from ..method.in_loop import Opened, opened
from ..method.slices import Contender, compare
from ..servers.running import running

BASE = 10


def measure(effort: Effort, variant: str) -> Figures:
    """CPU at each load over CPU at 10 in flight, for this client and for bare aiohttp."""
    loads = [load for load in effort.loads if load >= BASE]
    figures: Figures = {}
    with running("stub") as stub, opened() as contenders:
        for name in (CHATKIT, AIOHTTP):
            samples = compare(
                [at_load(contenders, name, stub.base_url, load) for load in loads], effort, max(2, effort.turns // 3)
            )
            figures |= {f"{name}, {load} / {BASE} in flight": samples.ratio(str(load), str(BASE)) for load in loads[1:]}
    return figures


def at_load(contenders: Opened, name: str, base_url: str, in_flight: int) -> Contender:
    """A client of its own for one load."""
    return contenders.contender(str(in_flight), contenders.open(name, base_url)["sessions.create"], in_flight)
