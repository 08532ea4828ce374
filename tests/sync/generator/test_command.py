"""`python -m chatkit_async._sync.generator`, and what the wheel holds of it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from chatkit_async._sync.generator import __main__ as generator

from ..running import CHECKOUT
from .writing import write

pytestmark = pytest.mark.checkout

PYTHONS = [path for path in (Path.home() / ".pyenv" / "versions").glob("3.1[1-9]*/bin/python") if path.exists()]


def test_the_checked_in_twins_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert generator.main(["--check"]) == 0, capsys.readouterr().out


def test_a_stale_twin_is_shown_and_then_written_anew(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, "_async/sessions.py", (folder / "_async/sessions.py").read_text().replace("Cancel a", "Cancel one"))
    assert generator.main(["--check"], folder) == 1
    shown = capsys.readouterr().out
    assert '-        """Cancel a session: its' in shown
    assert '+        """Cancel one session: its' in shown
    assert "1 stale" in shown
    assert generator.main([], folder) == 0
    assert generator.main(["--check"], folder) == 0


def test_a_new_public_name_is_one_import_and_the_table_is_stale_until_it_is_written(folder: Path) -> None:
    block = "if TYPE_CHECKING:\n"
    text = (folder / "__init__.py").read_text()
    write(folder, "__init__.py", text.replace(block, f"{block}    from .new import New as New\n"))
    assert generator.main(["--check"], folder) == 1
    assert generator.main([], folder) == 0
    assert '"New": "new",' in (folder / "_exports.py").read_text()


def test_a_missing_twin_is_stale(folder: Path) -> None:
    (folder / "_sync/client.py").unlink()
    assert generator.main(["--check"], folder) == 1
    assert generator.main([], folder) == 0
    assert (folder / "_sync/client.py").read_text() == (generator.FOLDER / "_sync/client.py").read_text()


@pytest.mark.parametrize("python", PYTHONS, ids=lambda path: path.parents[1].name)
def test_every_python_writes_the_same(python: Path) -> None:
    program = (
        "import sys; sys.path.insert(0, '.'); import runpy; runpy.run_module(sys.argv.pop(1), run_name='__main__')"
    )
    done = subprocess.run(
        [str(python), "-I", "-c", program, "chatkit_async._sync.generator.__main__", "--check"],
        cwd=CHECKOUT,
        env={"PATH": str(Path(sys.executable).parent)},  # where ruff is
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_wheel_holds_the_twins_and_not_their_generator(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=CHECKOUT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "chatkit_async/_sync/client.py" in names
    assert [name for name in names if "generator" in name] == []
