"""Forks: nothing crosses them, on either side."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from chatkit_async._sync.blocking_call import BlockingCall
from chatkit_async._sync.portal import Portal
from chatkit_async.emulator import Emulator, Fault

from .running import FORK_WARNING, printed

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")]

# The child calls and exits as any program does, then the parent calls again. Each line is flushed: a child forked
# later would print what is left in the buffer once more.
FORK = """
import os, sys
def fork_and_call():
    child = os.fork()
    if not child:
        print("child", create(), flush=True)
        sys.exit(0)
    _, status = os.waitpid(child, 0)
    print("ended", os.waitstatus_to_exitcode(status), flush=True)
    print("parent", create(), flush=True)
"""
CLIENT = """
from chatkit_async import ChatKit
client = ChatKit(timeout=20)
def create():
    return client.sessions.create(user="u", workflow="wf_1").status
"""
BOTH_CALLED = "child active\nended 0\nparent active\n"


def test_a_client_that_never_called_works_on_both_sides_of_a_fork(tmp_path: Path, emulator: Emulator) -> None:
    assert printed(tmp_path, f"{CLIENT}{FORK}\nfork_and_call()", emulator=emulator) == BOTH_CALLED


def test_a_warm_client_works_on_both_sides_of_a_fork(tmp_path: Path, emulator: Emulator) -> None:
    text = f"{CLIENT}{FORK}\ncreate()\nfork_and_call()\nfork_and_call()"
    assert printed(tmp_path, text, emulator=emulator) == BOTH_CALLED * 2


def test_an_idle_loop_does_not_cross_a_fork(tmp_path: Path, emulator: Emulator) -> None:
    text = f"""{CLIENT}
import os, threading
create()
child = os.fork()
if child:
    os.waitpid(child, 0)
    print([thread.name for thread in threading.enumerate()])
client.close()
"""
    assert printed(tmp_path, text, emulator=emulator) == "['MainThread']\n"


def test_a_call_has_left_the_loop_before_its_caller_goes_on() -> None:
    class Calls(set[BlockingCall[None]]):
        def discard(self, call: BlockingCall[None]) -> None:
            seen.append(call.done)

    async def work() -> None: ...

    seen: list[bool] = []
    call = BlockingCall[None](None, work, (), {})
    call.portal = cast("Portal", SimpleNamespace(calls=Calls(), muted=False))
    asyncio.run(call._run(work, (), {}))
    assert (seen, call.done) == ([False], True)


def test_other_threads_of_a_child_may_call(tmp_path: Path, emulator: Emulator) -> None:
    text = f"""{CLIENT}
import os, sys, threading
create()
child = os.fork()
if not child:
    thread = threading.Thread(target=lambda: print(create(), flush=True))
    thread.start()
    thread.join()
    sys.exit(0)
print(os.waitpid(child, 0)[1])
client.close()
"""
    assert printed(tmp_path, text, emulator=emulator) == "active\n0\n"


def test_a_child_keeps_the_loop_of_calls_in_flight_for_ever(tmp_path: Path) -> None:
    text = """
import asyncio, os, threading
from chatkit_async import _fork
from chatkit_async._sync.channel import Channel
from chatkit_async._sync.portal import portals
begun, release = threading.Event(), threading.Event()
async def nothing():
    pass
async def work():
    begun.set()
    while not release.is_set():
        await asyncio.sleep(0.01)
channel = Channel(nothing, name="ChatKit")
thread = threading.Thread(target=channel.call, args=(work,))
thread.start()
begun.wait()
child = os.fork()
if not child:
    os._exit(0 if portals.current in _fork._leaked else 1)
print(os.waitpid(child, 0)[1])
release.set()
thread.join()
channel.close()
"""
    assert printed(tmp_path, text, warnings=FORK_WARNING) == "0\n"


def test_a_fork_finds_no_worker_threads_of_ours_either(tmp_path: Path, emulator: Emulator) -> None:
    # A callable key and a host name to look up are run in threads by anyio and by asyncio.
    text = f"""
import os
from chatkit_async import ChatKit
address = os.environ["OPENAI_BASE_URL"].replace("127.0.0.1", "localhost")
client = ChatKit(lambda: "sk-test", base_url=address)
def create():
    return client.sessions.create(user="u", workflow="wf_1").status
{FORK}
create()
fork_and_call()
"""
    assert printed(tmp_path, text, emulator=emulator) == BOTH_CALLED


def test_a_fork_beside_calls_in_flight_disturbs_neither_side(tmp_path: Path, emulator: Emulator) -> None:
    emulator.add_faults(Fault(path="/cancel", delay=3))
    text = f"""{CLIENT}{FORK}
import threading, time
from chatkit_async._sync.portal import portals
session = client.sessions.create(user="u", workflow="wf_1")
results = []
waiting = threading.Thread(target=lambda: results.append(client.sessions.cancel(session.id).status))
waiting.start()
while not portals.current.calls:
    time.sleep(0.01)
time.sleep(0.2)
fork_and_call()
waiting.join()
print(*results, flush=True)
fork_and_call()
client.close()
"""
    out = printed(tmp_path, text, emulator=emulator, warnings=FORK_WARNING)
    assert out == f"{BOTH_CALLED}cancelled\n{BOTH_CALLED}"


def test_an_open_session_is_the_parents_to_cancel(tmp_path: Path, emulator: Emulator) -> None:
    text = f"""{CLIENT}
import os, sys
with client.sessions.open(user="u", workflow="wf_1") as session:
    child = os.fork()
    if not child:
        sys.exit(0)
    os.waitpid(child, 0)
    print(create())
client.close()
"""
    assert printed(tmp_path, text, emulator=emulator, warnings=FORK_WARNING) == "active\n"
    assert [request.path.rpartition("/")[2] for request in emulator.requests()] == ["sessions", "sessions", "cancel"]


def test_a_child_that_never_calls_exits_in_silence(tmp_path: Path, emulator: Emulator) -> None:
    text = f"""{CLIENT}
import gc, os, sys
create()
child = os.fork()
if not child:
    del client
    gc.collect()
    sys.exit(0)
os.waitpid(child, 0)
print(create())
client.close()
"""
    assert printed(tmp_path, text, emulator=emulator) == "active\n"


def test_a_child_may_close_what_it_inherited(tmp_path: Path, emulator: Emulator) -> None:
    text = f"""{CLIENT}
import os, sys
create()
child = os.fork()
if not child:
    client.close()
    sys.exit(0)
print(os.waitpid(child, 0)[1], create())
client.close()
"""
    assert printed(tmp_path, text, emulator=emulator) == "0 active\n"


def test_children_may_fork_again(tmp_path: Path, emulator: Emulator) -> None:
    text = f"""{CLIENT}{FORK}
create()
child = os.fork()
if not child:
    create()
    fork_and_call()
    sys.exit(0)
print(os.waitpid(child, 0)[1], create())
"""
    assert printed(tmp_path, text, emulator=emulator) == f"{BOTH_CALLED}0 active\n"


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_multiprocessing_works(tmp_path: Path, emulator: Emulator, method: str) -> None:
    text = f"""{CLIENT}
import multiprocessing
def work(number):
    return create()
if __name__ == "__main__":
    create()
    context = multiprocessing.get_context("{method}")
    with context.Pool(2) as pool:
        print(pool.map(work, range(6), chunksize=1))
        pool.close()
        pool.join()
    print(create())
    client.close()
"""
    # The pool forks from its own threads, too: from 3.12 on Python warns of those.
    out = printed(tmp_path, text, emulator=emulator, warnings=FORK_WARNING)
    assert out == f"{['active'] * 6}\nactive\n"


def test_a_failing_hook_is_not_printed(tmp_path: Path) -> None:
    text = """
        import os
        from chatkit_async._fork import at_fork
        def fail():
            raise KeyError
        ran = []
        at_fork(before=fail, after_in_parent=fail, after_in_child=fail)
        at_fork(after_in_parent=lambda: ran.append("parent"), after_in_child=lambda: ran.append("child"))
        child = os.fork()
        if not child:
            os._exit(0 if ran == ["child"] else 1)
        print(os.waitpid(child, 0)[1], ran)
    """
    assert printed(tmp_path, text) == "0 ['parent']\n"


def test_what_was_leaked_is_never_finalised(tmp_path: Path) -> None:
    text = """
        from chatkit_async import _fork
        class Loud:
            def __del__(self):
                print("finalised")
        _fork.leak(Loud())
        _fork._leaked.clear()
    """
    assert printed(tmp_path, text) == ""
