"""The machine: cores of one's own, memory held, and what to say a measurement was taken on."""

import os
import platform
import resource
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

PACKAGES = ("aiohttp", "yarl", "attrs", "cattrs", "anyio", "orjson", "openai", "httpx2", "httpx", "click")

STATM = Path("/proc/self/statm")
# Those of this process before it is pinned; none where the system cannot pin.
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def warm_up_allocator() -> None:
    """asyncio receives into 256 KiB buffers: until a big block was freed once, each costs an mmap and a munmap."""
    bytes(1 << 20)


def pin_contenders() -> None:
    """Keeps this process, and those it starts, on the last core, where there are two to choose from."""
    if len(CORES) > 1:
        os.sched_setaffinity(0, {CORES[-1]})


def pin_server(pid: int) -> None:
    """Keeps a server on the first core."""
    if len(CORES) > 1:
        os.sched_setaffinity(pid, {CORES[0]})


def quiet_environment() -> dict[str, str]:
    """The environment without what would make processes other than they are: settings, proxies, coverage.

    Bytecode is written, as by default: or each process would compile this package, and no other.
    """
    left_out = ("COVERAGE_", "OPENAI_", "PYTHONDEVMODE", "PYTHONDONTWRITEBYTECODE", "PYTHONPROFILEIMPORTTIME")
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(left_out) and not name.lower().endswith("_proxy")
    }


def resident_kib() -> float:
    """Memory this process holds now, in KiB; where the system does not say, the most it ever held."""
    if STATM.exists():
        return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1024 if sys.platform == "darwin" else most


def taken_on() -> dict[str, str | int]:
    """What a figure is worth little without: date, machine, Python, versions."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cpu": _cpu_model(),
        "cpus": len(CORES) or os.cpu_count() or 1,
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": ", ".join(f"{name} {version}" for name, version in versions().items()),
    }


def versions() -> Mapping[str, str]:
    """The installed versions of what takes part."""
    installed = {}
    for name in PACKAGES:
        try:
            installed[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return installed


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown CPU"
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown CPU")
