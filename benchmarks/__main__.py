"""Measures what the client costs beside its peers, and writes results.json, the table and the plot."""

import argparse
import dataclasses
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from . import around, sections
from .machine import ROOT, pin, quiet_environment, taken_on, warm_up_allocator
from .report import FOLDER, Run, read, table, write
from .sections import JSON, PUBLIC, SPEED
from .slices import EFFORTS, Figure

SECTIONS = {
    "create": (sections.create, (SPEED, JSON, PUBLIC)),
    "counts": (sections.counts, (SPEED, PUBLIC)),
    "pages": (sections.pages, (SPEED, JSON)),
    "blocking": (sections.blocking, (SPEED,)),
    "processes": (sections.processes, (SPEED,)),
    "steady": (sections.steady, (SPEED,)),
    "emulator": (around.emulator, (SPEED,)),
    "endpoint": (around.endpoint, (SPEED,)),
    "archive": (around.archive, (SPEED,)),
}
EPILOG = "Run it with each Python to measure several: figures of other Pythons and sections are kept."


def main() -> None:
    """Measures, writes, prints the table."""
    arguments = _parser().parse_args()
    if arguments.worker:
        _measure(*arguments.worker)
        return
    missing = [name for name in ("click", "openai", "orjson", "starlette") if find_spec(name) is None]
    if missing:
        raise SystemExit(f"python -m benchmarks needs {', '.join(missing)}: pip install '.[bench]'")
    results = read(arguments.to)
    runs = results.setdefault(f"{sys.version_info.major}.{sys.version_info.minor}", {})
    for name in arguments.only or () if arguments.render else arguments.only or SECTIONS:
        for variant in SECTIONS[name][1]:
            runs[f"{name}, {variant}"] = _run(name, variant, arguments.effort)
            write(results, arguments.to)
    write(results, arguments.to)
    print(f"\n{table(results)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__, epilog=EPILOG)
    effort = parser.add_mutually_exclusive_group()
    effort.add_argument("--effort", choices=EFFORTS, default="full", help="least: only to see that it runs")
    effort.add_argument("--quick", dest="effort", action="store_const", const="quick", help="two minutes: a first look")
    effort.add_argument("--render", action="store_true", help="measure nothing, write the table and the plot again")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, metavar="NAME", help=", ".join(SECTIONS))
    parser.add_argument("--to", type=Path, default=FOLDER, help="the folder to write to; default: benchmarks")
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    return parser


def _run(name: str, variant: str, effort: str) -> Run:
    """Measures one section in a process of its own, where no other section left anything behind."""
    command = [sys.executable, "-m", "benchmarks", "--worker", name, variant, effort]
    worker = subprocess.run(command, cwd=ROOT, env=quiet_environment(), stdout=subprocess.PIPE, text=True, check=False)
    if worker.returncode:
        raise SystemExit(f"{name}, {variant} failed")
    figures = {name: Figure(**figure) for name, figure in json.loads(worker.stdout).items()}
    print(f"{name}, {variant}")
    for figure_name, figure in figures.items():
        spread = f" ({figure.lower:.4g} to {figure.upper:.4g})" if figure.lower is not None else ""
        print(f"  {figure_name:<55} {figure.median:>9.4g} {figure.unit}{spread}", flush=True)
    return Run({**taken_on(), "effort": effort}, figures)


def _measure(name: str, variant: str, effort: str) -> None:
    if variant == JSON:
        sys.modules["orjson"] = None  # type: ignore[assignment]  # importing it fails from here on
    if variant == PUBLIC:
        _disable_fast_path()
    warm_up_allocator()
    pin(os.getpid(), -1)
    figures = SECTIONS[name][0](EFFORTS[effort], variant)
    print(json.dumps({name: dataclasses.asdict(figure) for name, figure in figures.items()}))


def _disable_fast_path() -> None:
    from chatkit_async._async._fast_path import pool

    pool.is_fast_path_known = lambda: False


if __name__ == "__main__":
    main()
