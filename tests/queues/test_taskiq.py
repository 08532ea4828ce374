"""The async client in Taskiq's worker processes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any, NamedTuple

import pytest
from taskiq import AsyncTaskiqTask
from taskiq.kicker import AsyncKicker

from chatkit_async import NotFoundError, ParamsValidationError
from chatkit_async.emulator import Emulator, Fault

from .taskiq_files import FileBroker
from .worker import WAIT_S, assert_stops_on_term, ends, running_worker, wait_until

pytestmark = pytest.mark.slow
COMMAND = "taskiq worker tests.queues.taskiq_tasks:broker --workers 2"


class Queue(NamedTuple):
    """A running worker, the server its client talks to, and the way to send it tasks."""

    emulator: Emulator
    process: Popen[bytes]
    sender: FileBroker

    async def send(self, name: str, *args: Any, **labels: Any) -> AsyncTaskiqTask[Any]:
        return await AsyncKicker[Any, Any](name, self.sender, labels).kiq(*args)


async def value_of(task: AsyncTaskiqTask[Any]) -> Any:
    """What the task returned; raises what it raised."""
    result = await task.wait_result(check_interval=0.02, timeout=WAIT_S)
    if result.error is not None:
        raise result.error
    return result.return_value


@contextmanager
def running_queue(folder: Path) -> Iterator[Queue]:
    with Emulator.in_thread() as emulator:
        environment = {"QUEUE_FOLDER": str(folder), "QUEUE_BASE_URL": emulator.base_url}
        with running_worker(*COMMAND.split(), log=folder / "log", environment=environment) as process:
            yield Queue(emulator, process, FileBroker(folder))


@pytest.fixture(scope="module")
def queue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Queue]:
    """One worker for all tests that leave it running."""
    with running_queue(tmp_path_factory.mktemp("queue")) as running:
        yield running


async def test_two_hundred_tasks_give_two_hundred_right_results_and_one_session_each(tmp_path: Path) -> None:
    users = [f"user_{number}" for number in range(200)]
    with running_queue(tmp_path) as queue:
        sent = [await queue.send("create", user, number % 4 == 0) for number, user in enumerate(users)]
        results = [await value_of(task) for task in sent]
        assert_stops_on_term(queue.process)

    assert [user for _, user, _, _ in results] == users
    assert [status for _, _, status, _ in results] == ["active" if number % 4 else "cancelled" for number in range(200)]
    at_server = {session["id"]: (session["user"], session["status"]) for session in queue.emulator.sessions()}
    assert at_server == {session_id: (user, status) for session_id, user, status, _ in results}
    assert queue.process.pid not in {process_id for _, _, _, process_id in results}


async def test_a_time_limit_ends_the_request_at_the_server_and_the_worker_goes_on(queue: Queue) -> None:
    queue.emulator.add_faults(Fault(path="/slow/cancel", delay=30))

    with pytest.raises(TimeoutError):
        await value_of(await queue.send("cancel", "slow", timeout=1))

    wait_until(lambda: ends(queue.emulator, "/slow/cancel") != ["pending"], "the end of the request")
    assert ends(queue.emulator, "/slow/cancel") == ["disconnected"]
    assert (await value_of(await queue.send("create", "after", False)))[1] == "after"


async def test_an_error_of_the_api_arrives_whole(queue: Queue) -> None:
    with pytest.raises(NotFoundError) as caught:
        await value_of(await queue.send("cancel", "cksess_unknown"))

    error = caught.value
    assert (error.operation, error.status, error.outcome, error.attempts) == ("sessions.cancel", 404, "refused", 1)
    assert error.message == "Chatkit Session with id 'cksess_unknown' not found."
    assert error.request_id
    assert error.request_id in str(error)


async def test_a_refused_parameter_arrives_whole(queue: Queue) -> None:
    with pytest.raises(ParamsValidationError) as caught:
        await value_of(await queue.send("create", "u" * 513, False))

    (problem,) = caught.value.problems
    assert (problem.path, problem.code, problem.limit) == ("user", "string_above_max_length", 512)
