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


@dataclass(frozen=True)
class Effort:
    """How much is measured: turns of one slice for each contender, calls in a slice, calls in flight."""

    turns: int
    calls: int
    loads: tuple[int, ...] = (1, 10, 100)


FULL = Effort(turns=25, calls=400)
QUICK = Effort(turns=7, calls=100)
LEAST = Effort(turns=2, calls=1, loads=(1,))


async def run(base_url: str, effort: Effort) -> None:
    """Prints one table for each operation."""
    for case in CASES:
        async with opened(base_url, case) as calls:
            counts = {name: await count_function_calls(call) for name, call in calls.items()}
        costs = {}
        for in_flight in effort.loads:
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
    effort = parser.add_mutually_exclusive_group()
    effort.add_argument(
        "--quick", dest="effort", action="store_const", const=QUICK, help="under a minute: a first look"
    )
    effort.add_argument("--least", dest="effort", action="store_const", const=LEAST, help="only to see that it runs")
    parser.set_defaults(effort=FULL)
    arguments = parser.parse_args()
    print(environment())
    with running_stub() as base_url:
        asyncio.run(tell_skipped(base_url))
        asyncio.run(run(base_url, arguments.effort))


if __name__ == "__main__":
    main()
