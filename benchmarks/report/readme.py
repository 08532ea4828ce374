"""README's part: the table, between two marks."""

from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
BEGIN = "<!-- benchmarks: written by `python -m benchmarks` -->"
END = "<!-- end of benchmarks -->"


def embedded(readme: str) -> str:
    """What stands between the marks."""
    return readme.split(BEGIN, 1)[1].split(END, 1)[0].strip("\n")


def with_embedded(readme: str, text: str) -> str:
    """README with this text between its marks."""
    before, rest = readme.split(BEGIN, 1)
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.split(END, 1)[1]}"
