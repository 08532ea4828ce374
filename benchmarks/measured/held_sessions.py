"""Memory of a session that the program keeps."""

from ..contenders import CHATKIT
from ..method.effort import Effort
from ..method.figure import Figures, count_of
from ..method.in_loop import opened
from ..method.machine import resident_kib
from ..servers.running import running

SESSIONS = 5000


def measure(effort: Effort, variant: str) -> Figures:
    """Resident memory added by holding sessions, for each of them."""
    count = min(SESSIONS, effort.most_calls)
    with running("stub") as stub, opened() as contenders:
        call = contenders.open(CHATKIT, stub.base_url)["sessions.create"]
        contenders.contender(CHATKIT, call).run(count)  # whatever grows once has grown
        held: list[object] = [None] * count

        async def hold() -> None:
            for place in range(count):
                held[place] = await call()

        before_kib = resident_kib()
        contenders.loop.run_until_complete(hold())
        return {"one session": count_of((resident_kib() - before_kib) / count, "KiB")}
