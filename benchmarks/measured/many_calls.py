"""After 100,000 calls: a client costs what a new one does, and holds no more memory than before."""

from ..contenders import CHATKIT
from ..method.effort import Effort
from ..method.figure import Figures, count_of
from ..method.in_loop import opened
from ..method.machine import resident_kib
from ..method.slices import compare
from ..servers.running import running

FIRST_CALLS = 100
IN_FLIGHT = 10


def measure(effort: Effort, variant: str) -> Figures:
    """Growth of memory between 100 calls and the last, and CPU of the old client over that of a new one."""
    with running("stub") as stub, opened() as contenders:
        call = contenders.open(CHATKIT, stub.base_url)["sessions.create"]
        old = contenders.contender("old", call, IN_FLIGHT)
        old.run(FIRST_CALLS)
        before_kib = resident_kib()
        old.run(effort.most_calls)
        grown_mib = (resident_kib() - before_kib) / 1024
        new_call = contenders.open(CHATKIT, stub.base_url)["sessions.create"]
        new = contenders.contender("new", new_call, IN_FLIGHT)
        new.run(FIRST_CALLS)
        samples = compare([old, new], effort, max(2, effort.turns // 2))
    return {"growth": count_of(grown_mib, "MiB"), "old / new client": samples.ratio("old", "new")}
