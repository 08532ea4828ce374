"""`python -m benchmarks [--quick]`: what each operation costs in this client and its peers (extra `bench`)."""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

from .cases import CASES, Case
from .contenders import BASELINE, CONTENDERS, Call, SkippedError
from .measure import compare, count_function_calls
from .report import costs_table, environment
from .stub import running_stub

LOADS = (1, 10, 100)  # calls in flight


@dataclass(frozen=True)
class Effort:
    """How long is measured: turns of one slice for each contender, calls in a slice."""

    turns: int
    calls: int


FULL = Effort(turns=25, calls=400)
QUICK = Effort(turns=7, calls=100)


async def run(base_url: str, effort: Effort) -> None:
    """Prints one table for each operation."""
    for case in CASES:
        async with opened(base_url, case) as calls:
            counts = {name: await count_function_calls(call) for name, call in calls.items()}
        costs = {}
        for in_flight in LOADS:
            async with opened(base_url, case) as calls:
                costs[in_flight] = await compare(
                    calls, BASELINE.name, in_flight=in_flight, turns=effort.turns, calls=effort.calls
                )
        print(f"\n{costs_table(case.name, costs, counts)}", flush=True)


@asynccontextmanager
async def opened(base_url: str, case: Case) -> AsyncIterator[dict[str, Call]]:
    """All contenders that know the case, with fresh pools: one left full by a bigger load costs some of them dear."""
    async with AsyncExitStack() as stack:
        calls: dict[str, Call] = {}
        for contender in CONTENDERS:
            with suppress(SkippedError):
                offered = await stack.enter_async_context(contender.open(base_url))
                calls |= {contender.name: offered[case.name]} if case.name in offered else {}
        yield calls


async def tell_skipped(base_url: str) -> None:
    """Says who cannot run here, and why."""
    for contender in CONTENDERS:
        try:
            async with contender.open(base_url):
                pass
        except SkippedError as reason:
            print(f"skipped {contender.name}: {reason}")


def main() -> None:
    """Reads the arguments, starts the stub, measures."""
    # asyncio receives into 256 KiB buffers: until a big block was freed once, each costs an mmap and a munmap.
    bytes(1 << 20)
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute, for a first look")
    parser.add_argument("--turns", type=int, help="slices for each contender, at least 2, instead of the usual number")
    parser.add_argument("--calls", type=int, help="calls in a slice, instead of the usual number")
    arguments = parser.parse_args()
    effort = QUICK if arguments.quick else FULL
    print(environment())
    with running_stub() as base_url:
        asyncio.run(tell_skipped(base_url))
        asyncio.run(run(base_url, Effort(arguments.turns or effort.turns, arguments.calls or effort.calls)))


if __name__ == "__main__":
    main()
