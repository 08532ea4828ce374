"""One run of one section in a process of its own: `python -m benchmarks.worker SECTION VARIANT EFFORT`."""

import dataclasses
import importlib
import json
import sys

from .method.effort import EFFORTS
from .method.machine import pin_contenders, warm_up_allocator
from .method.variants import prepare


def main() -> None:
    """Measures, and prints the figures as JSON."""
    section, variant, effort = sys.argv[1:]
    prepare(variant)
    warm_up_allocator()
    pin_contenders()
    module = importlib.import_module(f"benchmarks.measured.{section}")
    figures = module.measure(EFFORTS[effort], variant)
    print(json.dumps({name: dataclasses.asdict(figure) for name, figure in figures.items()}))


if __name__ == "__main__":
    main()
