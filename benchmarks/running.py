"""Runs one section in a process of its own, so that none is disturbed by what another left behind."""

import json
import subprocess
import sys

from .method.effort import Effort
from .method.figure import Figure
from .method.machine import quiet_environment, taken_on
from .report.results import Run
from .servers.running import ROOT


def run_section(module: str, variant: str, effort: Effort) -> Run:
    """The figures of one run.

    Raises:
        SystemExit: it failed; what it wrote to stderr says why.
    """
    command = [sys.executable, "-m", "benchmarks.worker", module, variant, effort.name]
    worker = subprocess.run(command, cwd=ROOT, env=quiet_environment(), stdout=subprocess.PIPE, text=True, check=False)
    if worker.returncode:
        raise SystemExit(f"{module}, {variant} failed")
    figures = {name: Figure(**figure) for name, figure in json.loads(worker.stdout).items()}
    return Run({**taken_on(), "effort": effort.name}, figures)
