"""A prefetched page in blocking code: closing, forking, threads, interruption."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chatkit_async import ChatKit, ClientClosedError, NotFoundError
from chatkit_async.emulator import Emulator, Fault

from ..conftest import KEY
from ..sync.running import FORK_WARNING, eventually, printed
from .seeding import item, thread

IDS = [f"cthi_{number}" for number in range(25)]


@pytest.fixture(autouse=True)
def _seeded(emulator: Emulator) -> None:
    emulator.seed(threads=[{"thread": thread(1), "items": [item(number) for number in range(25)]}])


@pytest.fixture
def blocking(emulator: Emulator) -> Iterator[ChatKit]:
    with ChatKit(KEY, base_url=emulator.base_url) as made:
        yield made


def is_pending(emulator: Emulator) -> bool:
    """Whether the third request has come and waits for its response."""
    return [request.ended for request in emulator.requests()][2:] == ["pending"]


def late_third_page(emulator: Emulator) -> None:
    emulator.add_faults(Fault(method="GET"), Fault(method="GET"), Fault(method="GET", delay=300))


def test_many_threads_walk_one_listing_with_pages_ahead(blocking: ChatKit) -> None:
    listing = blocking.threads.list_items("cthr_1", order="asc", limit=4, prefetch=True)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: [step.id for step in listing], range(8)))
    assert found == [IDS] * 8


def test_the_second_page_is_requested_as_soon_as_the_first_arrived(blocking: ChatKit, emulator: Emulator) -> None:
    listing = blocking.threads.list_items("cthr_1", order="asc", limit=4, prefetch=True)
    eventually(lambda: len(emulator.requests()) == 2, "the page ahead")
    assert [step.id for step in listing] == IDS
    assert len(emulator.requests()) == 7


def test_a_walk_without_prefetch_leaves_the_prefetched_page_to_the_next_walk(
    blocking: ChatKit, emulator: Emulator
) -> None:
    listing = blocking.threads.list_items("cthr_1", order="asc", limit=20, prefetch=True)
    eventually(lambda: len(emulator.requests()) == 2, "the page ahead")
    first = listing.first()
    assert (first and first.id, listing.first() == first) == (IDS[0], True)
    assert [step.id for step in listing] == IDS
    assert len(emulator.requests()) == 2
    assert [step.id for step in listing] == IDS  # and again, from the first page, which stays
    assert len(emulator.requests()) == 3


def test_the_error_of_a_prefetched_page_that_is_never_used_is_dropped(blocking: ChatKit, emulator: Emulator) -> None:
    emulator.add_faults(Fault(method="GET"), Fault(method="GET", status=404))
    listing = blocking.threads.list_items("cthr_1", order="asc", limit=4, prefetch=True)
    eventually(lambda: len(emulator.requests()) == 2, "the page ahead")
    assert len(listing.data) == 4
    with pytest.raises(NotFoundError):
        listing.collect()
    assert len(listing.collect()) == 25


def test_leaving_a_walk_gives_up_the_page_ahead(blocking: ChatKit, emulator: Emulator) -> None:
    late_third_page(emulator)
    pages = blocking.threads.list_items("cthr_1", order="asc", limit=4, prefetch=True).pages()
    assert [len(next(pages)), len(next(pages))] == [4, 4]
    eventually(lambda: is_pending(emulator), "the page ahead")
    pages.close()
    eventually(lambda: not is_pending(emulator), "the page ahead to be given up")


def test_closing_the_client_gives_up_the_page_ahead_and_the_walk_ends_in_our_error(emulator: Emulator) -> None:
    late_third_page(emulator)
    with ChatKit(KEY, base_url=emulator.base_url) as client:
        pages = client.threads.list_items("cthr_1", order="asc", limit=4, prefetch=True).pages()
        next(pages), next(pages)
        eventually(lambda: is_pending(emulator), "the page ahead")
    eventually(lambda: not is_pending(emulator), "the page ahead to be given up")
    with pytest.raises(ClientClosedError):
        next(pages)


PROGRAM = """
import os, sys
from chatkit_async import ChatKit
client = ChatKit(timeout=20)
pages = client.threads.list_items("cthr_1", order="asc", limit=4, prefetch=True).pages()
found = [*next(pages), *next(pages)]
"""


def test_a_program_that_ends_with_a_page_ahead_ends_quietly_and_soon(tmp_path: Path, emulator: Emulator) -> None:
    late_third_page(emulator)
    # The page ahead would come after five minutes.
    assert printed(tmp_path, f"{PROGRAM}\nprint(len(found))", emulator=emulator, deadline_s=25) == "8\n"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
@pytest.mark.parametrize("late", [False, True])
def test_a_walk_with_a_page_ahead_goes_on_on_both_sides_of_a_fork(
    tmp_path: Path, emulator: Emulator, late: bool
) -> None:
    if late:
        emulator.add_faults(Fault(method="GET"), Fault(method="GET"), Fault(method="GET", delay=1))
    text = f"""{PROGRAM}
child = os.fork()
if not child:
    print("child", len(found) + sum(map(len, pages)), flush=True)
    sys.exit(0)
_, status = os.waitpid(child, 0)
print("ended", os.waitstatus_to_exitcode(status))
print("parent", len(found) + sum(map(len, pages)))
client.close()
"""
    expected = "child 25\nended 0\nparent 25\n"
    assert printed(tmp_path, text, emulator=emulator, warnings=FORK_WARNING) == expected
