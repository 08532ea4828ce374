"""The goals, as data: lines of the table, each with limits on measured figures. No figure is to be above its goal."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..contenders import AIOHTTP, CHATKIT, CHATKIT_BLOCKING, FLOOR, OPENAI, OPENAI_AIOHTTP, OPENAI_BLOCKING
from ..contenders.blocking import BY_HAND
from ..measured import run_name
from ..method.variants import JSON, PUBLIC, SPEED

CREATE_LOADS = (1, 10, 100, 1000)


@dataclass(frozen=True)
class Limit:
    """At most this much of a figure: `label` says of what, where a line has several."""

    run: str
    figure: str
    goal: float
    stretch: float | None = None
    label: str = ""


@dataclass(frozen=True)
class Line:
    """A line of the table.

    Attributes:
        unit: what the numbers are, shown once for the line.
        each_python: whether each Python has its own such line; else the one with most figures counts.
    """

    work: str
    unit: str
    limits: tuple[Limit, ...]
    each_python: bool = False


def _create(variant: str, goals: Sequence[float], stretch: Sequence[float | None] = ()) -> tuple[Limit, ...]:
    more = (*stretch, *[None] * (len(goals) - len(stretch)))
    return tuple(
        Limit(run_name("create", variant), f"{load} in flight: {CHATKIT} / {AIOHTTP}", goal, beyond, f"at {load:,}")
        for load, goal, beyond in zip(CREATE_LOADS, goals, more, strict=True)
    )


def _official(peer: str, goals: Sequence[float]) -> tuple[Limit, ...]:
    return tuple(
        Limit(run_name("create"), f"{load} in flight: {CHATKIT} / {peer}", goal, label=f"at {load:,}")
        for load, goal in zip(CREATE_LOADS, goals, strict=False)
    )


def _one(run: str, figure: str, goal: float, stretch: float | None = None) -> tuple[Limit, ...]:
    return (Limit(run, figure, goal, stretch),)


def _starts(peers: Sequence[tuple[str, str]], goal: float) -> tuple[Limit, ...]:
    labels = ("async", "blocking")
    return tuple(
        Limit(run_name("process_start"), f"{own} / {peer}", goal, label=label)
        for (own, peer), label in zip(peers, labels, strict=True)
    )


def _blocking(threads: int, goal: float) -> Limit:
    figure = f"{threads} threads: {CHATKIT_BLOCKING} / {OPENAI_BLOCKING}"
    return Limit(run_name("blocking"), figure, goal, label=f"{threads} thread{'s' * (threads > 1)}")


BARE = f"x {AIOHTTP}"
GROWTH, CALLS, PAGES, START = (run_name(name) for name in ("growth", "function_calls", "list_items", "process_start"))
PUBLIC_CALLS, MANY = run_name("function_calls", PUBLIC), run_name("many_calls")
BLOCKED = run_name("blocking")

CREATE_LINES = (
    Line("create at 1 / 10 / 100 / 1,000 in flight, with `speed`", BARE,
         _create(SPEED, (1.0, 1.0, 1.0, 1.1), (0.8, 0.9)), each_python=True),
    Line("the same without `speed`", BARE, _create(JSON, (1.05, 1.05, 1.05, 1.05)), each_python=True),
    Line("the same on aiohttp's public surface alone", BARE,
         _create(PUBLIC, (1.15, 1.15, 1.15, 1.2)), each_python=True),
    Line("create at 1 / 10 / 100 in flight beside the official client", "x openai",
         _official(OPENAI, (1 / 8, 1 / 10, 1 / 14)), each_python=True),
    Line("the same beside its aiohttp transport", "x openai on aiohttp",
         _official(OPENAI_AIOHTTP, (1 / 6, 1 / 6, 1 / 6)), each_python=True),
)  # fmt: skip
AWAITED_LINES = (
    Line("create, growth: 100 / 1,000 in flight", "x 10 in flight", (
        Limit(GROWTH, f"{CHATKIT}, 100 / 10 in flight", 1.1, label="at 100"),
        Limit(GROWTH, f"{CHATKIT}, 1000 / 10 in flight", 1.6, label="at 1,000"),
    )),
    Line("create after 100,000 calls", "x after 100", _one(MANY, "old / new client", 1.05)),
    Line("create, function calls: lean / public way", "calls", (
        Limit(CALLS, f"{CHATKIT}, calls", 320, 290, "lean way"),
        Limit(PUBLIC_CALLS, f"{CHATKIT}, calls", 435, label="public way"),
    ), each_python=True),
    Line("create, turns of the event loop", "turns", _one(CALLS, f"{CHATKIT}, loop turns", 3, 2), each_python=True),
    Line("`list_items`, a page of 100: with / without `speed`", BARE, (
        Limit(PAGES, f"{CHATKIT} / {AIOHTTP}", 1.5, 1.2, "with"),
        Limit(run_name("list_items", JSON), f"{CHATKIT} / {AIOHTTP}", 1.8, label="without"),
    )),
    Line("the same beside the official client", "x openai", _one(PAGES, f"{CHATKIT} / {OPENAI}", 1 / 5)),
    Line("paging 10,000 items", "x asking for its pages", _one(run_name("paging"), "walk / its pages", 1.1)),
    Line("the same with `prefetch` at 20 ms latency", "x the slower of network and CPU, on the clock",
         _one(run_name("prefetch"), "clock / slower of network and CPU", 1.1)),
)  # fmt: skip
BLOCKING_LINES = (
    Line("blocking create: what handing over adds", f"x what `{BY_HAND}` adds",
         _one(BLOCKED, f"added by {CHATKIT_BLOCKING} / by {BY_HAND}", 0.8, 0.6)),
    Line("blocking create: 1 / 10 threads", "x openai, blocking", (_blocking(1, 0.3), _blocking(10, 0.25))),
    Line("blocking paging: hand-overs a page", "hand-overs", _one(BLOCKED, "hand-overs a page", 1)),
)  # fmt: skip
PROCESS_LINES = (
    Line("process start to first response: async / blocking", f"x bare {AIOHTTP}",
         _starts(((CHATKIT, AIOHTTP), (CHATKIT_BLOCKING, AIOHTTP)), 1.25)),
    Line("the same beside the official client", "x openai",
         _starts(((CHATKIT, OPENAI), (CHATKIT_BLOCKING, OPENAI_BLOCKING)), 1 / 4)),
    Line("`from chatkit_async import AsyncChatKit, ChatKit, ChatSession`", "x `import asyncio`, beyond `python -c ''`",
         _one(run_name("imports"), f"{CHATKIT} / import asyncio", 2.4, 2.0)),
    Line("the same beside the official client", "x `import openai`, beyond `python -c ''`",
         _one(run_name("imports"), f"{CHATKIT} / {OPENAI}", 1 / 4)),
    Line("`chatkit --help`", "x `python -c 'import click'`",
         _one(run_name("imports"), "chatkit --help / import click", 1.5)),
    Line("another client in the process", "ms beyond an aiohttp session",
         _one(run_name("another_client"), "another client beyond another aiohttp session", 0.3)),
    Line("TLS contexts and converters it makes anew", "objects",
         _one(run_name("another_client"), "TLS contexts and converters made anew", 0)),
)  # fmt: skip
MEMORY_LINES = (
    Line("memory resident after the first call: async / blocking", "MiB", (
        Limit(START, f"{CHATKIT}, resident", 40, label="async"),
        Limit(START, f"{CHATKIT_BLOCKING}, resident", 40, label="blocking"),
    )),
    Line("memory growth over 100,000 calls", "MiB", _one(MANY, "growth", 1)),
    Line("memory of a session held", "KiB", _one(run_name("held_sessions"), "one session", 1.4)),
    Line("emulator, create", "x a bare aiohttp.web handler",
         _one(run_name("emulator"), "emulator / aiohttp.web", 2.5, 1.5)),
)  # fmt: skip
LINES = (*CREATE_LINES, *AWAITED_LINES, *BLOCKING_LINES, *PROCESS_LINES, *MEMORY_LINES)
PLOTTED = (FLOOR, CHATKIT, AIOHTTP, OPENAI_AIOHTTP, OPENAI)
