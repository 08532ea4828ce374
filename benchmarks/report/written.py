"""All that is written of results: results.json, the table, the plot, and README's part."""

from pathlib import Path

from .plot import plot
from .readme import README, with_embedded
from .results import FOLDER, Results, write
from .table import table

TABLE, PLOT = "results.md", "results.svg"


def write_all(results: Results, folder: Path) -> None:
    """Writes them into a folder; README goes with the folder that it shows."""
    folder.mkdir(parents=True, exist_ok=True)
    write(results, folder)
    (folder / TABLE).write_text(table(results) + "\n")
    (folder / PLOT).write_text(plot(results))
    if folder.resolve() == FOLDER:
        README.write_text(with_embedded(README.read_text(), table(results)))
