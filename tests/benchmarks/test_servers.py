"""The stub answers what the API documents, and ends with who started it."""

import json
import socket
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from benchmarks.cases import CASES, LONG_THREAD, LONG_THREAD_ITEMS, Case
from benchmarks.servers.running import RunningServer, running

pytestmark = pytest.mark.checkout


@pytest.fixture(scope="module")
def stub() -> Iterator[RunningServer]:
    with running("stub") as server:
        yield server


def asked(base_url: str, case: Case, query: str = "") -> Any:
    """What the stub answers."""
    address = urlsplit(base_url)
    connection = HTTPConnection(address.netloc, timeout=20)
    connection.request(case.method, address.path + case.path + query, body=json.dumps(case.body) if case.body else None)
    answer = connection.getresponse()
    found = json.load(answer)
    connection.close()
    assert answer.status == 200
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_operation_is_answered(stub: RunningServer, case: Case) -> None:
    assert asked(stub.base_url, case) == case.answer


def test_the_long_thread_is_walked_page_by_page_to_its_end(stub: RunningServer) -> None:
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = asked(stub.base_url, LONG_THREAD, f"?limit=100&after={cursor}" if cursor else "?limit=100")
        seen += [item["id"] for item in page["data"]]
        cursor = page["last_id"]
        if not page["has_more"]:
            break
    assert len(seen) == len(set(seen)) == LONG_THREAD_ITEMS


def test_a_late_answer_is_the_same_answer(stub: RunningServer) -> None:
    assert asked(stub.after(5), CASES[0]) == CASES[0].answer


def test_cpu_time_is_told_while_it_serves(stub: RunningServer) -> None:
    began_s = stub.cpu_s()
    for _ in range(50):
        asked(stub.base_url, CASES[0])
    assert stub.cpu_s() > began_s


def test_an_error_ends_the_server_though_connections_are_open() -> None:
    addresses: list[tuple[str, int]] = []
    connections: list[socket.socket] = []

    def fail() -> None:
        with running("stub") as server:
            addresses.append(("127.0.0.1", urlsplit(server.base_url).port or 0))
            connections.append(socket.create_connection(addresses[0], timeout=20))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with connections[0], pytest.raises(ConnectionRefusedError):
        socket.create_connection(addresses[0], timeout=20)
