"""Bulk jobs through real Celery workers over a real Redis, with JSON everywhere."""

import importlib
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from chatkit_async import ChatKit, NotFoundError, ParamsValidationError
from chatkit_async.bulk import Archive
from chatkit_async.bulk.blocking import archive, erase
from chatkit_async.emulator import Emulator, Fault

from .fleet import THREADS, USERS, bad_weather, kill_group, many_threads, running_fleet, seed, without_effort, worker_at
from .worker import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
COMMAND = (
    "celery -A tests.queues.bulk_celery worker -n {name} --concurrency 1 -l INFO --without-gossip --without-mingle"
)
READY = "ready."
WAIT_S = 150.0
ITEMS_PATH = "/items"


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator.in_thread() as running:
        running.seed(threads=seed())
        yield running


@pytest.fixture
def environment(redis_url: str, emulator: Emulator) -> dict[str, str]:
    return {"REDIS_URL": redis_url, "OPENAI_BASE_URL": emulator.base_url, "VISIBILITY_TIMEOUT_S": "3"}


@pytest.fixture
def module(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The tasks module, as the sender imports it."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    name = "tests.queues.bulk_celery"
    imported = importlib.import_module(name)
    yield imported
    imported.client.close()
    imported.app.close()
    del sys.modules[name]


def single_job_report(job: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """What the job reports in one process, with the same threads in an API of its own."""
    with Emulator.in_thread() as emulator, ChatKit("sk-queue", base_url=emulator.base_url) as client:
        emulator.seed(threads=seed())
        report: dict[str, Any] = job(client, *args, **kwargs).to_dict()
        return without_effort(report)


@pytest.mark.parametrize(
    ("fault", "method", "waiting", "count"),
    [
        (Fault(method="DELETE", delay=0.3, times="always"), "DELETE", 3, 3),
        (Fault(path="/chatkit/threads", skip=1, delay=30), "GET", 1, 2),
        (Fault(path="/chatkit/threads", skip=len(USERS) * 2, delay=30), "GET", 1, 2),
    ],
    ids=["deleting", "listing", "merging"],
)
def test_an_erase_whose_worker_is_killed_midway_gives_the_report_of_a_single_job(
    fault: Fault,
    method: str,
    waiting: int,
    count: int,
    emulator: Emulator,
    environment: dict[str, str],
    module: ModuleType,
    tmp_path: Path,
) -> None:
    emulator.add_faults(fault)
    with running_fleet(COMMAND, READY, tmp_path, environment, count) as workers:
        result = module.tasks.erase_threads.delay(users=list(USERS), concurrency=2)
        wait_until(lambda: has_begun(emulator, method, fault.skip, waiting), "workers under way")
        killed = worker_at(emulator, method).pop()
        kill_group(workers[killed])

        report = result.get(timeout=WAIT_S)

    assert without_effort(report) == single_job_report(erase, users=USERS)
    assert report["ok"] is True
    assert report["counts"]["deleted"] == THREADS
    assert emulator.threads() == []


def has_begun(emulator: Emulator, method: str, skipped: int, waiting: int) -> bool:
    """Whether the fault came, and so many workers wait for their responses."""
    count = sum(request.method == method for request in emulator.requests())
    return count > skipped and len(worker_at(emulator, method)) == waiting


def test_an_archive_whose_worker_is_killed_midway_gives_the_report_of_a_single_job(
    emulator: Emulator, environment: dict[str, str], module: ModuleType, tmp_path: Path
) -> None:
    emulator.add_faults(*(Fault(path=f"cthr_{number}{ITEMS_PATH}", delay=0.3) for number in range(THREADS)))
    path = tmp_path / "threads.chatkit"
    with running_fleet(COMMAND, READY, tmp_path, environment) as workers:
        result = module.tasks.archive_threads.delay(str(path), concurrency=2)
        wait_until(lambda: len(reading(emulator)) == 3, "all workers reading")
        kill_group(workers["w1"])

        report = result.get(timeout=WAIT_S)

    assert without_effort(report) == single_job_report(archive, tmp_path / "single.chatkit")
    assert report["is_complete"] is True
    with Archive(path) as held:
        assert list(held.raw_threads()) == emulator.threads()
        for one in emulator.threads():
            assert list(held.raw_items(str(one["id"]))) == emulator.items(str(one["id"]))
        assert held.verify().ok
    assert list((tmp_path / "threads.chatkit.parts").iterdir()) == []


def reading(emulator: Emulator) -> set[str]:
    return {
        request.headers["x-worker"]
        for request in emulator.requests()
        if request.path.endswith(ITEMS_PATH) and request.ended == "pending"
    }


def test_a_soft_time_limit_stops_the_requests_of_a_page_and_the_last_task_does_them(
    emulator: Emulator, environment: dict[str, str], module: ModuleType, tmp_path: Path
) -> None:
    emulator.add_faults(Fault(method="DELETE", path="/cthr_7", delay=60))
    environment = {**environment, "SOFT_TIME_LIMIT_S": "2", "VISIBILITY_TIMEOUT_S": "600"}
    with running_fleet(COMMAND, READY, tmp_path, environment, count=1):
        report = module.tasks.erase_threads.delay(users=list(USERS)).get(timeout=WAIT_S)

    ends = [one.ended for one in emulator.requests() if one.method == "DELETE" and one.path.endswith("/cthr_7")]
    assert ends == ["disconnected", "responded"]
    assert without_effort(report) == single_job_report(erase, users=USERS)


def test_arguments_and_errors_survive_json(
    emulator: Emulator, environment: dict[str, str], module: ModuleType, tmp_path: Path
) -> None:
    with running_fleet(COMMAND, READY, tmp_path, environment, count=1):
        plan = module.tasks.retain_threads.delay(older_than=90 * 86400.0, dry_run=True).get(timeout=WAIT_S)
        with pytest.raises(ParamsValidationError) as refused:
            module.tasks.erase_threads.delay(user="u", users=["v"]).get(timeout=WAIT_S)
        with pytest.raises(NotFoundError) as failed:
            module.cancel.delay("cksess_unknown").get(timeout=WAIT_S)

    assert (plan["ok"], plan["counts"]["planned"]) == (True, THREADS)
    assert [problem.code for problem in refused.value.problems] == ["conflict"]
    assert (failed.value.status, failed.value.operation) == (404, "sessions.cancel")
    assert failed.value.request_id == emulator.requests()[-1].response.headers["x-request-id"]
    assert failed.value.request_id in str(failed.value)


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("weather", range(3))
def test_fifty_thousand_items_are_archived_and_two_hundred_users_erased_in_bad_weather(
    emulator: Emulator,
    environment: dict[str, str],
    module: ModuleType,
    tmp_path: Path,
    weather: int,
) -> None:
    chance = random.Random(weather)
    threads = many_threads(chance)
    emulator.seed(threads=threads, reset=True)
    users, path = [f"user_{number}" for number in range(200)], tmp_path / "threads.chatkit"
    with Emulator.in_thread() as other, ChatKit("sk-queue", base_url=other.base_url) as client:
        other.seed(threads=threads)
        single = [without_effort(archive(client, tmp_path / "single.chatkit").to_dict())]
        single.append(without_effort(erase(client, users=users).to_dict()))

    emulator.add_faults(*bad_weather(chance, "/items", 50))
    with running_fleet(COMMAND, READY, tmp_path, {**environment, "VISIBILITY_TIMEOUT_S": "60"}) as workers:
        archiving = module.tasks.archive_threads.delay(str(path))
        wait_until(lambda: reads(emulator) > 600, "a third of the threads")
        kill_group(workers["w1"])
        archived = archiving.get(timeout=600)
        with Archive(path) as held:
            assert held.verify().ok
            assert list(held.raw_threads()) == emulator.threads()
            for one in emulator.threads():
                assert list(held.raw_items(str(one["id"]))) == emulator.items(str(one["id"]))
        emulator.add_faults(*bad_weather(chance, "", 100))
        erased = module.tasks.erase_threads.delay(users=users).get(timeout=600)

    assert [without_effort(archived), without_effort(erased)] == single
    assert emulator.threads() == []


def reads(emulator: Emulator) -> int:
    return sum(one.path.endswith("/items") for one in emulator.requests())
