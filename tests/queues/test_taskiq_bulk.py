"""Bulk jobs through real Taskiq workers over a real Redis, with JSON everywhere."""

import importlib
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from subprocess import Popen
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from chatkit_async import AsyncChatKit, NotFoundError, ParamsValidationError
from chatkit_async.bulk import Archive, archive, erase
from chatkit_async.emulator import Emulator, Fault

from .conftest import running_redis
from .fleet import THREADS, USERS, kill_group, running_fleet, seed, without_effort, worker_at
from .worker import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
COMMAND = "taskiq worker tests.queues.bulk_taskiq:broker --workers 1 --max-async-tasks 2 --max-prefetch 1"
READY = "Listening started."
WAIT_S = 150.0


class Fleet(NamedTuple):
    """Three workers, the API that they work on, and what they and the sender find in their environment."""

    workers: dict[str, Popen[bytes]]
    emulator: Emulator
    environment: dict[str, str]


@pytest.fixture(scope="module")
def shared_fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """One fleet for the module: a worker takes seconds to start. The test that kills one of them comes last."""
    with running_redis() as redis_url, Emulator.in_thread() as emulator:
        environment = {"REDIS_URL": redis_url, "OPENAI_BASE_URL": emulator.base_url}
        with running_fleet(COMMAND, READY, tmp_path_factory.mktemp("fleet"), environment) as workers:
            yield Fleet(workers, emulator, environment)


@pytest.fixture
def emulator(shared_fleet: Fleet) -> Emulator:
    shared_fleet.emulator.reset()
    shared_fleet.emulator.seed(threads=seed())
    return shared_fleet.emulator


@pytest.fixture
async def module(shared_fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ModuleType]:
    """The tasks module, as the sender imports it."""
    for name, value in shared_fleet.environment.items():
        monkeypatch.setenv(name, value)
    name = "tests.queues.bulk_taskiq"
    imported = importlib.import_module(name)
    await imported.broker.startup()
    yield imported
    await imported.broker.shutdown()
    del sys.modules[name]


async def report_of(sent: Any) -> dict[str, Any]:
    """What the job returned; raises what it raised."""
    result = await sent.wait_result(check_interval=0.05, timeout=WAIT_S)
    if result.error is not None:
        raise result.error
    report: dict[str, Any] = result.return_value
    return report


async def test_an_archive_through_three_workers_gives_the_report_of_a_single_job(
    emulator: Emulator, module: ModuleType, tmp_path: Path
) -> None:
    path = tmp_path / "threads.chatkit"
    report = await report_of(await module.tasks.archive_threads.kiq(str(path)))

    async with AsyncChatKit("sk-queue", base_url=emulator.base_url) as client:
        single = (await archive(client, tmp_path / "single.chatkit")).to_dict()
    assert without_effort(report) == without_effort(single)
    with Archive(path) as held:
        assert list(held.raw_threads()) == emulator.threads()
        assert held.verify().ok


async def test_arguments_and_errors_survive_json(emulator: Emulator, module: ModuleType) -> None:
    plan = await report_of(await module.tasks.retain_threads.kiq(older_than=90 * 86400.0, dry_run=True))
    with pytest.raises(ParamsValidationError) as refused:
        await report_of(await module.tasks.erase_threads.kiq(user="u", users=["v"]))
    with pytest.raises(NotFoundError) as failed:
        await report_of(await module.cancel.kiq("cksess_unknown"))

    assert (plan["ok"], plan["counts"]["planned"]) == (True, THREADS)
    assert [problem.code for problem in refused.value.problems] == ["conflict"]
    assert (failed.value.status, failed.value.operation) == (404, "sessions.cancel")
    assert failed.value.request_id
    assert failed.value.request_id in str(failed.value)


async def test_an_erase_whose_worker_is_killed_midway_gives_the_report_of_a_single_job(
    shared_fleet: Fleet, emulator: Emulator, module: ModuleType
) -> None:
    workers = shared_fleet.workers
    emulator.add_faults(Fault(method="DELETE", path="", delay=0.3, times="always"))
    sent = await module.tasks.erase_threads.kiq(users=list(USERS), concurrency=2)
    wait_until(lambda: len(worker_at(emulator, "DELETE")) == 3, "all workers deleting")
    producers = {one.headers["x-worker"] for one in emulator.requests() if one.path.endswith("/chatkit/threads")}
    kill_group(next(workers[name] for name in workers if name not in producers))

    report = await report_of(sent)

    async with Emulator() as other, AsyncChatKit("sk-queue", base_url=other.base_url) as client:
        other.seed(threads=seed())
        assert without_effort(report) == without_effort((await erase(client, users=USERS)).to_dict())
    assert emulator.threads() == []
