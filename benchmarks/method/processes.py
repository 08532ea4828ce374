"""Contenders that are whole processes: a call is one process from its start to its end."""

import resource
import subprocess
import sys

from ..servers.running import ROOT
from .machine import quiet_environment
from .slices import Contender


def program(name: str, code: str, *arguments: str, printed: list[str] | None = None) -> Contender:
    """A contender that runs `python -c CODE`, and keeps what it prints; its CPU is what ended processes have used."""
    kept = [] if printed is None else printed

    def run(times: int) -> None:
        kept.extend(output_of(code, *arguments) for _ in range(times))

    return Contender(name, run, least=1, most=1, cpu_s=children_cpu_s)


def output_of(code: str, *arguments: str) -> str:
    """What a program prints."""
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=quiet_environment(), stdout=subprocess.PIPE, text=True, check=True, timeout=60
    ).stdout


def children_cpu_s() -> float:
    """CPU of the processes this one has started and seen end."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
