"""From the start of a process over its first response to its end: CPU, and memory held after that response."""

from ..contenders import AIOHTTP, CHATKIT, CHATKIT_BLOCKING, OPENAI, OPENAI_BLOCKING
from ..contenders.programs import PROGRAMS
from ..method.effort import Effort
from ..method.figure import Figure, Figures, figure_of
from ..method.processes import program
from ..method.slices import compare
from ..servers.running import running

PAIRS = ((CHATKIT, AIOHTTP), (CHATKIT_BLOCKING, AIOHTTP), (CHATKIT, OPENAI), (CHATKIT_BLOCKING, OPENAI_BLOCKING))


def measure(effort: Effort, variant: str) -> Figures:
    """CPU of each whole process, ratios, and resident memory."""
    printed: dict[str, list[str]] = {name: [] for name in PROGRAMS}
    with running("stub") as stub:
        programs = [program(name, PROGRAMS[name], stub.base_url, printed=memory) for name, memory in printed.items()]
        samples = compare(programs, effort, effort.processes)
    ratios = {f"{own} / {other}": samples.ratio(own, other) for own, other in PAIRS}
    resident = {f"{name}, resident": mebibytes(memory) for name, memory in printed.items()}
    return samples.costs() | ratios | resident


def mebibytes(printed: list[str]) -> Figure:
    """The memory that the runs of a program told in KiB."""
    return figure_of([float(kibibytes) / 1024 for kibibytes in printed], "MiB")
