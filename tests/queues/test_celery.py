"""The blocking client in Celery's prefork pool: made and used before the fork, then by every child."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any, NamedTuple

import pytest
from celery import Celery
from celery.exceptions import SoftTimeLimitExceeded
from celery.result import AsyncResult

from chatkit_async import NotFoundError, ParamsValidationError
from chatkit_async.emulator import Emulator, Fault

from .celery_app import deliver, make_app
from .worker import WAIT_S, assert_stops_on_term, ends, running_worker, wait_until

pytestmark = pytest.mark.slow
QUIET = "--without-gossip --without-mingle --without-heartbeat"
COMMAND = f"celery -A tests.queues.celery_tasks worker --pool prefork --concurrency 2 {QUIET}"


class Queue(NamedTuple):
    """A running worker, the server its client talks to, and the way to send it tasks."""

    emulator: Emulator
    process: Popen[bytes]
    sender: Celery
    folder: Path

    def send(self, name: str, *args: Any, **options: Any) -> AsyncResult:
        result = self.sender.send_task(name, args, **options)
        deliver(self.folder)
        return result


@contextmanager
def running_queue(folder: Path) -> Iterator[Queue]:
    with Emulator.in_thread() as emulator:
        environment = {"QUEUE_FOLDER": str(folder), "QUEUE_BASE_URL": emulator.base_url, "C_FORCE_ROOT": "true"}
        with (
            make_app(folder, "sender") as sender,
            running_worker(*COMMAND.split(), log=folder / "log", environment=environment) as process,
        ):
            yield Queue(emulator, process, sender, folder)


@pytest.fixture(scope="module")
def queue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Queue]:
    """One worker for all tests that leave it running."""
    with running_queue(tmp_path_factory.mktemp("queue")) as running:
        yield running


def test_two_hundred_tasks_give_two_hundred_right_results_and_one_session_each(queue: Queue) -> None:
    users = [f"user_{number}" for number in range(200)]
    sent = [queue.send("create", user, number % 4 == 0) for number, user in enumerate(users)]

    results = [result.get(timeout=WAIT_S) for result in sent]

    assert [user for _, user, _, _ in results] == users
    assert [status for _, _, status, _ in results] == ["active" if number % 4 else "cancelled" for number in range(200)]
    at_server = {
        session["id"]: (session["user"], session["status"])
        for session in queue.emulator.sessions()
        if session["user"] in users
    }
    assert at_server == {session_id: (user, status) for session_id, user, status, _ in results}
    assert queue.process.pid not in {process_id for _, _, _, process_id in results}


def test_a_soft_time_limit_ends_the_request_at_the_server_and_the_child_goes_on(queue: Queue) -> None:
    queue.emulator.add_faults(Fault(path="/slow/cancel", delay=30))

    with pytest.raises(SoftTimeLimitExceeded):
        queue.send("cancel", "slow", soft_time_limit=1).get(timeout=WAIT_S)

    wait_until(lambda: ends(queue.emulator, "/slow/cancel") != ["pending"], "the end of the request")
    assert ends(queue.emulator, "/slow/cancel") == ["disconnected"]
    assert queue.send("create", "after", False).get(timeout=WAIT_S)[1] == "after"


def test_a_worker_with_a_call_in_flight_stops_on_term_when_the_call_is_done(tmp_path: Path) -> None:
    with running_queue(tmp_path) as queue:
        queue.emulator.add_faults(Fault(path="/late/cancel", delay=1))
        result = queue.send("cancel", "late")
        wait_until(lambda: ends(queue.emulator, "/late/cancel") == ["pending"], "the request")

        assert_stops_on_term(queue.process)

        with pytest.raises(NotFoundError):
            result.get(timeout=WAIT_S)


def test_an_error_of_the_api_arrives_whole(queue: Queue) -> None:
    with pytest.raises(NotFoundError) as caught:
        queue.send("cancel", "cksess_unknown").get(timeout=WAIT_S)

    error = caught.value
    assert (error.operation, error.status, error.outcome, error.attempts) == ("sessions.cancel", 404, "refused", 1)
    assert error.message == "Chatkit Session with id 'cksess_unknown' not found."
    assert error.request_id
    assert error.request_id in str(error)


def test_a_refused_parameter_arrives_whole(queue: Queue) -> None:
    with pytest.raises(ParamsValidationError) as caught:
        queue.send("create", "u" * 513, False).get(timeout=WAIT_S)

    (problem,) = caught.value.problems
    assert (problem.path, problem.code, problem.limit) == ("user", "string_above_max_length", 512)
