"""How a process ends that did not close its clients."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatkit_async.emulator import Emulator, Fault

from .running import printed

pytestmark = pytest.mark.slow


def test_a_process_with_an_unclosed_client_ends_and_prints_nothing(tmp_path: Path, emulator: Emulator) -> None:
    text = """
        from chatkit_async import ChatKit
        client = ChatKit()
        client.sessions.create(user="u", workflow="wf_1")
    """
    assert printed(tmp_path, text, emulator=emulator) == ""


def test_a_process_ends_beside_calls_in_flight_and_prints_nothing(tmp_path: Path, emulator: Emulator) -> None:
    emulator.add_faults(Fault(path="/sessions", delay=3600, times=2))
    text = """
        import threading, time
        from chatkit_async import ChatKit
        client = ChatKit(timeout=3600)
        for _ in range(2):
            threading.Thread(
                target=client.sessions.create, kwargs={"user": "u", "workflow": "wf_1"}, daemon=True
            ).start()
        while len(client._channel._connection._portal.calls if client._channel._connection._portal else ()) < 2:
            time.sleep(0.01)
    """
    assert printed(tmp_path, text, emulator=emulator) == ""


def test_a_process_ends_beside_work_that_cannot_be_cancelled(tmp_path: Path) -> None:
    text = """
        import asyncio, threading
        from chatkit_async._sync.channel import Channel
        begun = threading.Event()
        async def nothing(): pass
        async def stubborn():
            begun.set()
            while True:
                try:
                    await asyncio.sleep(0.01)
                except asyncio.CancelledError:
                    continue
        channel = Channel(nothing, name="ChatKit")
        threading.Thread(target=channel.call, args=(stubborn,), daemon=True).start()
        begun.wait()
    """
    assert printed(tmp_path, text) == ""


def test_daemon_threads_that_go_on_calling_print_nothing(tmp_path: Path, emulator: Emulator) -> None:
    text = """
        import threading
        from chatkit_async import ChatKit
        client = ChatKit()
        begun = threading.Barrier(5)
        def work():
            session = client.sessions.create(user="u", workflow="wf_1")
            begun.wait()
            while True:
                client.sessions.cancel(session.id)
        for _ in range(4):
            threading.Thread(target=work, daemon=True).start()
        begun.wait()
    """
    assert printed(tmp_path, text, emulator=emulator) == ""


def test_a_key_callables_worker_thread_does_not_hold_the_process(tmp_path: Path, emulator: Emulator) -> None:
    text = """
        from chatkit_async import ChatKit
        client = ChatKit(lambda: "sk-test")
        client.sessions.create(user="u", workflow="wf_1")
    """
    assert printed(tmp_path, text, emulator=emulator) == ""


def test_threads_that_outlive_the_main_one_may_go_on_calling(tmp_path: Path, emulator: Emulator) -> None:
    text = """
        import threading
        from chatkit_async import ChatKit
        client = ChatKit()
        def work():
            threading.main_thread().join()
            print(client.sessions.create(user="u", workflow="wf_1").status)
        client.sessions.create(user="u", workflow="wf_1")
        threading.Thread(target=work).start()
    """
    assert printed(tmp_path, text, emulator=emulator) == "active\n"


def test_exit_handlers_registered_after_the_import_may_call(tmp_path: Path, emulator: Emulator) -> None:
    text = """
        import atexit
        from chatkit_async import ChatKit
        client = ChatKit()
        session = client.sessions.create(user="u", workflow="wf_1")
        atexit.register(lambda: print(client.sessions.cancel(session.id).status))
    """
    assert printed(tmp_path, text, emulator=emulator) == "cancelled\n"


@pytest.mark.parametrize("half", ["ChatKit", "AsyncChatKit"])
def test_a_daemon_threads_call_goes_on_while_exit_handlers_run(tmp_path: Path, emulator: Emulator, half: str) -> None:
    emulator.add_faults(Fault(path="/sessions", delay=3600))
    text = f"""
        import asyncio, atexit, threading
        from chatkit_async import AsyncChatKit, ChatKit
        begun = threading.Event()
        async def tell(request, handler):
            begun.set()
            return await handler(request)
        def create():
            session = client.sessions.create(user="u", workflow="wf_1")
            if {half == "AsyncChatKit"}:
                asyncio.run(session, debug=False)  # it would report how long importing aiohttp takes
        def look():
            thread.join(0.5)
            print(thread.is_alive())
        client = {half}(timeout=3600, middlewares=[tell])
        thread = threading.Thread(target=create, daemon=True)
        atexit.register(look)
        thread.start()
        begun.wait()
    """
    assert printed(tmp_path, text, emulator=emulator) == "True\n"


def test_a_call_after_the_loop_has_been_stopped_for_good_says_so(tmp_path: Path, emulator: Emulator) -> None:
    text = """
        import atexit
        def late():
            try:
                client.sessions.create(user="u", workflow="wf_1")
            except ClientClosedError as error:
                print(error)
        atexit.register(late)
        from chatkit_async import ChatKit, ClientClosedError
        client = ChatKit()
        client.sessions.create(user="u", workflow="wf_1")
    """
    assert "shutting down" in printed(tmp_path, text, emulator=emulator)


def test_a_process_that_never_called_ends_in_silence(tmp_path: Path) -> None:
    text = """
        from chatkit_async import ChatKit
        client = ChatKit()
    """
    assert printed(tmp_path, text) == ""
