"""What `bulk_tasks` refuses, and what it adds."""

import pytest
from celery import Celery
from taskiq import InMemoryBroker

from chatkit_async import AsyncChatKit, ChatKit, ConfigurationError, ParamsValidationError
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
