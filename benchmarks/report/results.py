"""results.json: for each Python, the figures of each run and what they were taken on; a later run replaces its own."""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..method.figure import Figure

FOLDER = Path(__file__).parents[1]
FILE = "results.json"


@dataclasses.dataclass(frozen=True)
class Run:
    """The figures of one run, such as `create, json`, and what they were taken on."""

    taken: Mapping[str, str | int]
    figures: Mapping[str, Figure]


@dataclasses.dataclass
class Results:
    """All runs, by Python (`3.11`) and name."""

    runs: dict[str, dict[str, Run]]

    @property
    def pythons(self) -> list[str]:
        """Oldest first."""
        return sorted(self.runs, key=lambda python: [int(part) for part in python.split(".")])

    @property
    def main_python(self) -> str:
        """The one with most figures, which is where what was asked once was measured."""
        return max(self.pythons, key=lambda python: len(self.runs[python]), default="")

    def figure(self, python: str, run: str, figure: str) -> Figure | None:
        """A figure, if it was measured."""
        found = self.runs.get(python, {}).get(run)
        return None if found is None else found.figures.get(figure)

    def all_taken(self) -> Iterable[Mapping[str, str | int]]:
        """What each run was taken on."""
        return [run.taken for python in self.pythons for run in self.runs[python].values()]


def read(folder: Path = FOLDER) -> Results:
    """The results in a folder; none, if it has none."""
    file = folder / FILE
    document = json.loads(file.read_text()) if file.exists() else {}
    return Results(
        {python: {name: _run(written) for name, written in runs.items()} for python, runs in document.items()}
    )


def write(results: Results, folder: Path = FOLDER) -> None:
    """Writes them, in a stable order."""
    document = {
        python: {name: _written(run) for name, run in results.runs[python].items()} for python in results.pythons
    }
    (folder / FILE).write_text(json.dumps(document, indent=1) + "\n")


def _run(written: Mapping[str, Any]) -> Run:
    return Run(written["taken"], {name: Figure(**figure) for name, figure in written["figures"].items()})


def _written(run: Run) -> dict[str, object]:
    figures = {name: _shown(figure) for name, figure in run.figures.items()}
    return {"taken": dict(run.taken), "figures": figures}


def _shown(figure: Figure) -> dict[str, object]:
    """Without what a count does not have."""
    defaults = {field.name: field.default for field in dataclasses.fields(Figure)}
    return {name: value for name, value in dataclasses.asdict(figure).items() if value != defaults[name]}
