"""The blocking twin: what it adds to the awaited call, beside a hand-over by hand and the official blocking client."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from ..cases import LONG_THREAD_ID, PAGE_SIZE
from ..contenders import API_KEY, CHATKIT, CHATKIT_BLOCKING, OPENAI_BLOCKING
from ..contenders.blocking import BLOCKING, BY_HAND, Create
from ..method.counts import times_called
from ..method.effort import Effort
from ..method.figure import Figures, count_of
from ..method.in_loop import opened
from ..method.slices import Contender, compare
from ..servers.running import running

THREADS = 10


def measure(effort: Effort, variant: str) -> Figures:
    """The cost of handing over, that beside the official client, and the hand-overs of a walk."""
    with running("stub") as stub:
        figures = beside_awaited(stub.base_url, effort)
        for threads in (1, THREADS):
            figures |= beside_official(stub.base_url, threads, effort)
        return figures | {"hand-overs a page": count_of(hand_overs_a_page(stub.base_url, effort.pages), "calls")}


def beside_awaited(base_url: str, effort: Effort) -> Figures:
    """What a call costs beyond the awaited one, over what `run_coroutine_threadsafe(...).result()` costs beyond it."""
    with opened() as awaited, ExitStack() as stack:
        contenders = [awaited.contender(CHATKIT, awaited.open(CHATKIT, base_url)["sessions.create"])]
        for name in (CHATKIT_BLOCKING, BY_HAND):
            contenders += [in_threads(name, stack.enter_context(BLOCKING[name](base_url)), 1, stack)]
        samples = compare(contenders, effort)
    added = samples.ratio_beyond(CHATKIT_BLOCKING, BY_HAND, CHATKIT)
    return samples.costs() | {f"added by {CHATKIT_BLOCKING} / by {BY_HAND}": added}


def beside_official(base_url: str, threads: int, effort: Effort) -> Figures:
    """CPU of a call beside the official blocking client's, with so many threads."""
    with ExitStack() as stack:
        samples = compare(
            [
                in_threads(name, stack.enter_context(BLOCKING[name](base_url)), threads, stack)
                for name in (CHATKIT_BLOCKING, OPENAI_BLOCKING)
            ],
            effort,
        )
    figures = samples.costs() | samples.ratios(CHATKIT_BLOCKING)
    return {f"{threads} threads: {name}": figure for name, figure in figures.items()}


def in_threads(name: str, create: Create, threads: int, stack: ExitStack) -> Contender:
    """A contender that calls from so many threads, or from this one."""
    if threads == 1:
        return Contender(name, repeated(create))
    pool = stack.enter_context(ThreadPoolExecutor(threads))
    repeat = repeated(create)
    return Contender(name, lambda calls: list(pool.map(repeat, [calls // threads] * threads)), least=threads)


def repeated(create: Create) -> Callable[[int], None]:
    """So many calls, one after the other."""

    def repeat(calls: int) -> None:
        for _ in range(calls):
            create()

    return repeat


def hand_overs_a_page(base_url: str, pages: int) -> float:
    """Hand-overs to the loop thread for each page of a blocking walk."""
    from chatkit_async import ChatKit

    with ChatKit(API_KEY, base_url=base_url) as client:

        def walk() -> None:
            for number, _ in enumerate(client.threads.list_items(LONG_THREAD_ID, limit=PAGE_SIZE).pages(), 1):
                if number == pages:
                    break

        walk()
        return times_called("call_soon_threadsafe", walk) / pages
