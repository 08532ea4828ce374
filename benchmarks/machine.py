"""The measured process: its core, its memory, its environment, its counts, and what a measurement was taken on."""

import asyncio
import os
import platform
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).parents[1]
PACKAGES = ("aiohttp", "attrs", "cattrs", "anyio", "orjson", "openai", "redis", "starlette")
STATM = Path("/proc/self/statm")
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
RESPONSE_WAIT_S = 0.002  # the stub has responded by then
COUNTED_CALLS = 20


def pin(pid: int, core: int) -> None:
    """Keeps a process on one core, where there are several: contenders on the last (-1), servers on the first (0)."""
    if len(CORES) > 1:
        os.sched_setaffinity(pid, {CORES[core]})


def warm_up_allocator() -> None:
    """Frees one big block, after which asyncio's 256 KiB receive buffers no longer cost an mmap each."""
    bytes(1 << 20)


def quiet_environment() -> dict[str, str]:
    """The environment without settings, proxies and coverage, which would change what a process does."""
    left_out = ("COVERAGE_", "OPENAI_", "PYTHONDEVMODE", "PYTHONDONTWRITEBYTECODE", "PYTHONPROFILEIMPORTTIME")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    return {name: value for name, value in kept.items() if not name.lower().endswith("_proxy")}


def resident_kib() -> float:
    """Memory this process holds now, in KiB; on systems without /proc the most it ever held."""
    if STATM.exists():
        return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1024 if sys.platform == "darwin" else most


def children_cpu_s() -> float:
    """CPU time of the processes that this one has started and seen end."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def taken_on() -> dict[str, str]:
    """Date, machine, Python and package versions."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{_cpu_model()}, {len(CORES) or os.cpu_count()} CPUs, {platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": ", ".join(f"{name} {version}" for name in PACKAGES if (version := _version(name))),
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown CPU"
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown CPU")


class CountingLoop(asyncio.SelectorEventLoop):
    """An event loop that counts its turns.

    It waits before each turn until the response is there, or the response's timing would add turns.
    """

    turns = 0

    def _run_once(self) -> None:
        self.turns += 1
        time.sleep(RESPONSE_WAIT_S)
        super()._run_once()  # type: ignore[misc]


async def function_calls(call: Callable[[], Awaitable[Any]]) -> int:
    """The fewest functions entered for one call, Python's and C's, event loop included."""
    own_code = CountingLoop._run_once.__code__
    entered = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal entered
        entered += event in {"call", "c_call"} and frame.f_code is not own_code

    async def counted() -> int:
        nonlocal entered
        entered = 0
        sys.setprofile(count)
        await call()
        sys.setprofile(None)
        return entered

    return await _least(counted)


async def loop_turns(call: Callable[[], Awaitable[Any]]) -> int:
    """The fewest turns of the running CountingLoop for one call."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, CountingLoop)

    async def counted() -> int:
        began = loop.turns
        await call()
        return loop.turns - began

    return await _least(counted)


async def _least(counted: Callable[[], Awaitable[int]]) -> int:
    await counted()
    return min([await counted() for _ in range(COUNTED_CALLS)])


def times_called(name: str, work: Callable[[], object]) -> int:
    """How often Python functions of this name are called in this thread during `work`."""
    found = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal found
        found += event == "call" and frame.f_code.co_name == name

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return found
