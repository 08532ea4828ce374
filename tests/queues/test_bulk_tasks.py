"""What `bulk_tasks` refuses, and what it adds."""

import inspect
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from taskiq import InMemoryBroker

from chatkit_async import ArchiveError, AsyncChatKit, ChatKit, ConfigurationError, ParamsValidationError
from chatkit_async.bulk import archive, erase, retain
from chatkit_async.emulator import Emulator
from chatkit_async.integrations import celery, taskiq

NAMES = {f"chatkit_async.{name}" for name in ("archive_threads", "erase_threads", "retain_threads", "part", "merge")}


def test_celery_takes_the_blocking_client() -> None:
    with pytest.raises(ConfigurationError, match="bulk_tasks takes a ChatKit, not AsyncChatKit"):
        celery.bulk_tasks(Celery(), AsyncChatKit("sk-test"))  # type: ignore[arg-type]


def test_taskiq_takes_the_async_client() -> None:
    with pytest.raises(ConfigurationError, match="takes an AsyncChatKit, not ChatKit"):
        taskiq.bulk_tasks(InMemoryBroker(), ChatKit("sk-test"))  # type: ignore[arg-type]


@pytest.mark.parametrize("page_size", [0, -1, 1.5, True, "100"])
def test_a_page_has_at_least_one_thread(page_size: int) -> None:
    with pytest.raises(ConfigurationError, match="page_size must be a whole number of threads from 1"):
        celery.bulk_tasks(Celery(), ChatKit("sk-test"), page_size=page_size)
    with pytest.raises(ConfigurationError, match="page_size must be a whole number of threads from 1"):
        taskiq.bulk_tasks(InMemoryBroker(), AsyncChatKit("sk-test"), page_size=page_size)


@pytest.mark.parametrize("seconds", [0, -1.0, float("nan")])
def test_waiting_for_a_page_takes_some_time(seconds: float) -> None:
    with pytest.raises(ConfigurationError, match="page_timeout_s must be a number of seconds above 0"):
        taskiq.bulk_tasks(InMemoryBroker(), AsyncChatKit("sk-test"), page_timeout_s=seconds)


def test_each_task_of_celery_is_acknowledged_late_and_given_back_when_its_worker_is_lost() -> None:
    app = Celery()
    celery.bulk_tasks(app, ChatKit("sk-test"))
    app.finalize()
    added = {name: task for name, task in app.tasks.items() if name.startswith("chatkit_async.")}
    assert set(added) == NAMES
    assert all(task.acks_late and task.reject_on_worker_lost for task in added.values())


def test_a_misspelt_argument_is_refused_before_anything_is_sent() -> None:
    tasks = celery.bulk_tasks(Celery(broker="memory://"), ChatKit("sk-test"))
    with pytest.raises(
        TypeError,
        match=r"^erase_threads\(\) got an unexpected keyword argument 'usres': did you mean users\? \(it takes ",
    ):
        tasks.erase_threads.delay(usres=["ada"])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^retain_threads\(\) missing 1 required keyword-only argument: 'older_than'"):
        tasks.retain_threads.delay()  # type: ignore[call-arg]


async def test_a_misspelt_argument_of_a_taskiq_task_is_its_error() -> None:
    broker = InMemoryBroker()
    tasks = taskiq.bulk_tasks(broker, AsyncChatKit("sk-test"))
    sent = await tasks.erase_threads.kiq(usres=["ada"])  # type: ignore[call-overload]
    result = await sent.wait_result(timeout=5)
    assert str(result.error).startswith(
        "erase_threads() got an unexpected keyword argument 'usres': did you mean users?"
    )


NAN, INFINITY, ALL = float("nan"), float("inf"), {"all_users": True}
JOBS: dict[str, Any] = {"erase": erase, "retain": retain, "archive": archive}
RIGHT: dict[str, dict[str, Any]] = {"erase": {}, "retain": {"older_than": 1}, "archive": {"path": "threads.chatkit"}}
WRONG: dict[str, dict[str, list[Any]]] = {
    "retain": {"older_than": [0, -5, -1e12, True, None, "90", []], "dry_run": [None], "archived_in": [5]},
    "erase": {"user": [""], "users": [[], [""], "ada"], "thread_ids": [[], [""], "cthr_1"], "all_users": [False, 1]},
    "archive": {"user": [""], "users": [[]], "concurrency": [0], "path": [5, "missing/threads.chatkit"]},
}
WRONG_FOR_ALL_USERS: dict[str, list[Any]] = {
    "user": ["ada"],
    "created_before": [-1, True, "2026", []],
    "dry_run": [None, 0, "no"],
    "archived_in": [5, True, [], "missing.chatkit"],
    "concurrency": [0, 101, "8"],
    "requests_per_second": [0, -1, "2"],
}


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        *((name, {key: value}) for name, wrong in WRONG.items() for key, values in wrong.items() for value in values),
        *(("erase", {**ALL, key: value}) for key, values in WRONG_FOR_ALL_USERS.items() for value in values),
        *((name, {"user": "ada", "users": ["brook"]}) for name in JOBS),
        *(("retain", {"users": users}) for users in ([], "ada")),
        ("retain", {"user": ""}),
    ],
    ids=str,
)
async def test_a_task_refuses_what_its_job_refuses_before_anything_is_sent(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, wrong: dict[str, Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    emulator.seed(threads=[{"thread": {"user": "ada"}}] * 3)
    broker = InMemoryBroker()
    async with AsyncChatKit("sk-test", base_url=emulator.base_url) as client:
        with pytest.raises((ParamsValidationError, ArchiveError)) as refused:
            await JOBS[name](client, **{**RIGHT[name], **wrong})
        task = getattr(taskiq.bulk_tasks(broker, client), f"{name}_threads")
        result = await (await task.kiq(**{**RIGHT[name], **wrong})).wait_result(timeout=5)
    assert (type(result.error), str(result.error)) == (refused.type, str(refused.value))
    assert (len(emulator.threads()), emulator.requests()) == (3, [])


@pytest.mark.parametrize("value", [NAN, INFINITY, -INFINITY])
@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        ("retain_threads", "older_than", {}),
        ("retain_threads", "user", {"older_than": 1}),
        ("erase_threads", "created_before", ALL),
        ("erase_threads", "archived_in", ALL),
        ("erase_threads", "requests_per_second", ALL),
    ],
)
async def test_taskiq_refuses_numbers_that_it_would_send_as_null(
    emulator: Emulator, name: str, wrong: str, right: dict[str, Any], value: float
) -> None:
    emulator.seed(threads=[{"thread": {"user": "ada"}}] * 3)
    broker = InMemoryBroker()
    async with AsyncChatKit("sk-test", base_url=emulator.base_url) as client:
        task = getattr(taskiq.bulk_tasks(broker, client), name)
        with pytest.raises(ParamsValidationError, match=f"^{name}: {wrong}: must not be {value}"):
            await task.kiq(**right, **{wrong: value})
        await broker.wait_all()
    assert (len(emulator.threads()), emulator.requests()) == (3, [])


@pytest.mark.parametrize("age", [0, -5, NAN, INFINITY, "90", None])
def test_celery_refuses_an_age_that_chooses_all_threads_before_it_is_sent(age: Any) -> None:
    tasks = celery.bulk_tasks(Celery(broker="memory://"), ChatKit("sk-test"))
    with pytest.raises(ParamsValidationError, match=r"^retain: older_than: must be a timedelta or seconds above 0"):
        tasks.retain_threads.delay(older_than=age)


def test_a_celery_task_shows_its_arguments() -> None:
    tasks = celery.bulk_tasks(Celery(broker="memory://"), ChatKit("sk-test"))
    assert [*inspect.signature(tasks.retain_threads).parameters][:3] == ["older_than", "user", "users"]
    assert [*inspect.signature(tasks.archive_threads).parameters][:2] == ["path", "user"]


def test_the_job_behind_a_task_names_itself() -> None:
    app = Celery(broker="memory://", backend="cache+memory://")
    app.conf.task_always_eager = True
    with ChatKit("sk-test") as client:
        tasks = celery.bulk_tasks(app, client)
        with pytest.raises(ParamsValidationError, match=r"^erase: exactly one of user, users"):
            tasks.erase_threads.delay(user="ada", users=["brook"]).get()
        with pytest.raises(ParamsValidationError, match=r"^retain: exactly one of user, users"):
            tasks.retain_threads.delay(older_than=1, user="ada", users=["brook"]).get()


def test_two_celery_apps_in_one_process_have_tasks_of_their_own() -> None:
    apps = [Celery(broker="memory://", set_as_current=False) for _ in range(2)]
    celery.bulk_tasks(apps[0], ChatKit("sk-first"))
    assert not [name for name in apps[1].tasks if name.startswith("chatkit_async.")]
    tasks = celery.bulk_tasks(apps[1], ChatKit("sk-second"))
    assert tasks.erase_threads.app is apps[1]


def test_a_celery_app_may_be_configured_after_its_tasks_were_added() -> None:
    app = Celery(broker="memory://", autofinalize=False)
    celery.bulk_tasks(app, ChatKit("sk-test"), soft_time_limit=5)
    app.conf.task_track_started = True
    app.finalize()
    assert all(app.tasks[name].track_started for name in NAMES)
