"""The programs of the docs about queues, exactly these files, with real workers; and a line of cron."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chatkit_async.emulator import Emulator

from .worker import CHECKOUT, running_worker, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.checkout, pytest.mark.timeout(180)]
EXAMPLES = CHECKOUT / "docs" / "examples"
SENDER = """
import celery_tasks
print(celery_tasks.create_session.delay("ada").get(timeout=60)["client_secret"])
celery_tasks.report_of_erasure(["ada"])
"""


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator.in_thread() as running:
        running.seed(threads=[{"thread": {"user": user}} for user in ["ada"] * 250 + ["brook"]])
        yield running


def environment_of(emulator: Emulator, redis_url: str = "") -> dict[str, str]:
    return {
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": emulator.base_url,
        "REDIS_URL": redis_url,
        "PYTHONPATH": os.pathsep.join(map(str, (EXAMPLES, CHECKOUT))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "C_FORCE_ROOT": "true",
    }


def output_of(*command: str, environment: dict[str, str], cwd: Path) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def listening_worker(*command: str, ready: str, log: Path, environment: dict[str, str]) -> Iterator[None]:
    with running_worker(*command, log=log, environment=environment):
        wait_until(lambda: ready in log.read_text(), "the start of the worker")
        yield


def test_the_celery_program_mints_and_erases(emulator: Emulator, redis_url: str, tmp_path: Path) -> None:
    environment = environment_of(emulator, redis_url)
    command = ["celery", "-A", "celery_tasks", "worker", "-l", "INFO", "--concurrency", "2"]
    with listening_worker(*command, ready="ready.", log=tmp_path / "log", environment=environment):
        output = output_of(sys.executable, "-c", SENDER, environment=environment, cwd=tmp_path)

    [session] = emulator.sessions()
    assert output.splitlines()[0] == session["client_secret"]
    assert "'deleted': 250" in output
    assert output.strip().endswith("complete")
    assert [thread["user"] for thread in emulator.threads()] == ["brook"]


def test_the_taskiq_program_erases(emulator: Emulator, redis_url: str, tmp_path: Path) -> None:
    environment = environment_of(emulator, redis_url)
    command = ["taskiq", "worker", "taskiq_tasks:broker", "--workers", "1", "--max-async-tasks", "8"]
    with listening_worker(*command, ready="Listening started.", log=tmp_path / "log", environment=environment):
        program = str(EXAMPLES / "taskiq_tasks.py")
        output = output_of(sys.executable, program, "ada", environment=environment, cwd=tmp_path)

    assert "'deleted': 250" in output
    assert [thread["user"] for thread in emulator.threads()] == ["brook"]


def test_the_rq_job_erases(emulator: Emulator, redis_url: str, tmp_path: Path) -> None:
    environment = environment_of(emulator, redis_url)
    rq = [sys.executable, "-c", "from rq.cli import main; main()"]
    output_of(*rq, "enqueue", "-u", redis_url, "rq_jobs.erase_threads", "ada", environment=environment, cwd=tmp_path)
    output_of(*rq, "worker", "-u", redis_url, "--burst", environment=environment, cwd=tmp_path)

    assert [thread["user"] for thread in emulator.threads()] == ["brook"]


def test_the_line_of_cron_erases_old_threads(emulator: Emulator, tmp_path: Path) -> None:
    emulator.seed(threads=[{"thread": {"id": "cthr_old", "user": "cleo", "created_at": 1_600_000_000}}])
    command = "-m chatkit_async threads retain --older-than 90d --yes"
    output_of(sys.executable, *command.split(), environment=environment_of(emulator), cwd=tmp_path)

    assert len(emulator.threads()) == 251
    assert "cthr_old" not in {thread["id"] for thread in emulator.threads()}


@pytest.mark.soak
def test_the_dlt_program_fills_duckdb(emulator: Emulator, tmp_path: Path) -> None:
    """Installs dlt and DuckDB, twenty packages, into an environment of their own: only on demand."""
    uv = shutil.which("uv")
    assert uv is not None, "needs uv"
    environment = environment_of(emulator)
    archiving = [sys.executable, "-m", "chatkit_async", "archive", "threads.chatkit"]
    output_of(*archiving, environment=environment, cwd=tmp_path)
    command = [uv, "run", "--no-project", "--with", "dlt[duckdb]", "--with", str(CHECKOUT), "python"]
    for _ in range(2):  # repeating it adds nothing
        output_of(*command, str(EXAMPLES / "dlt_duckdb.py"), "threads.chatkit", environment=environment, cwd=tmp_path)
    count = "import duckdb; print(duckdb.connect('threads.duckdb').sql('select count(*) from chatkit.threads'))"
    assert "251" in output_of(*command, "-c", count, environment=environment, cwd=tmp_path)
