"""What the client costs beside its peers: measures, and writes results.json, the table, the plot and README's part."""

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

from .measured import SECTIONS, run_name
from .method.effort import FULL, LEAST, QUICK, Effort
from .report.figures import as_text
from .report.results import FOLDER, Results, read
from .report.table import table
from .report.written import write_all
from .running import run_section

EPILOG = (
    "Figures of several Pythons stand side by side: run it with each; those of other Pythons and sections are kept."
)


def arguments() -> argparse.Namespace:
    """Of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__, epilog=EPILOG)
    effort = parser.add_mutually_exclusive_group()
    effort.add_argument(
        "--quick", dest="effort", action="store_const", const=QUICK, help="under a minute: a first look"
    )
    effort.add_argument("--least", dest="effort", action="store_const", const=LEAST, help="only to see that it runs")
    effort.add_argument("--render", action="store_true", help="measure nothing: write table, plot and README anew")
    names = [section.module for section in SECTIONS]
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", help=f"measure only: {', '.join(names)}")
    parser.add_argument("--to", type=Path, default=FOLDER, help="the folder to write to; default: benchmarks")
    parser.add_argument("--no-write", action="store_true", help="write nothing, only show")
    parser.set_defaults(effort=FULL)
    return parser.parse_args()


def check_extra() -> None:
    """Go on.

    Raises:
        SystemExit: something of the extra `bench` is not installed.
    """
    missing = [name for name in ("click", "openai", "orjson", "rich") if find_spec(name) is None]
    if missing:
        raise SystemExit(f"python -m benchmarks needs {', '.join(missing)}: pip install '.[bench]'")


def main() -> None:
    """Measures, writes, shows."""
    asked = arguments()
    results = read(asked.to)
    try:
        if not asked.render:
            check_extra()
            measure_into(results, asked.only, asked.effort)
    finally:  # interrupted, it keeps what was measured so far
        if not asked.no_write:
            write_all(results, asked.to)
    print(f"\n{table(results)}")


def measure_into(results: Results, only: Sequence[str] | None, effort: Effort) -> None:
    """Each run that is asked for; it replaces what was measured before on the same Python."""
    kept = results.runs.setdefault(f"{sys.version_info.major}.{sys.version_info.minor}", {})
    runs = [(section.module, variant) for section in SECTIONS for variant in section.variants]
    # Two at a time only where figures do not count.
    pool = ThreadPoolExecutor(2 if effort is LEAST else 1)
    try:
        started = {
            run_name(module, variant): pool.submit(run_section, module, variant, effort)
            for module, variant in runs
            if only is None or module in only
        }
        for name, run in started.items():
            kept[name] = run.result()
            print(as_text(name, kept[name].figures), flush=True)
    finally:
        pool.shutdown(cancel_futures=True)


if __name__ == "__main__":
    main()
