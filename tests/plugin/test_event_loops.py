"""The async client under each way to run async tests: it works, and leaves nothing open."""

from __future__ import annotations

import pytest

from .conftest import OURS, RunSuite

pytest_plugins = ["pytester"]

WITH_ASYNCIO = (OURS, "pytest_asyncio.plugin")
FUNCTION_FIXTURES = ("-o", "asyncio_default_fixture_loop_scope=function")

ASYNC_TEST = """
    async def test_{name}(async_chatkit, chatkit_emulator):
        session = await async_chatkit.sessions.create(user="ada", workflow="wf_1")
        assert [it["id"] for it in chatkit_emulator.sessions()] == [session.id]
        assert [thread async for thread in async_chatkit.threads.list()] == []
"""


def async_tests(*, header: str = "", mark: str = "") -> str:
    """Two tests, since what the first leaves open often shows in the second."""
    tests = "\n".join(f"    {mark}{ASYNC_TEST.format(name=name)}" for name in ("first", "second"))
    return f"    import pytest\n    {header}\n{tests}"


@pytest.mark.parametrize(("mode", "scope"), [("strict", "function"), ("auto", "session")])
def test_under_pytest_asyncio(run_suite: RunSuite, mode: str, scope: str) -> None:
    mark = "" if mode == "auto" else "@pytest.mark.asyncio"
    options = (*FUNCTION_FIXTURES, "-o", f"asyncio_mode={mode}", "-o", f"asyncio_default_test_loop_scope={scope}")
    run_suite(async_tests(mark=mark), *options, plugins=WITH_ASYNCIO).assert_outcomes(passed=2)


def test_under_anyios_plugin(run_suite: RunSuite) -> None:
    backend = "anyio_backend = pytest.fixture(lambda: 'asyncio')"
    source = async_tests(header=backend, mark="@pytest.mark.anyio")
    run_suite(source, plugins=(OURS, "anyio.pytest_plugin")).assert_outcomes(passed=2)


def test_in_plain_tests_that_run_loops_of_their_own(run_suite: RunSuite) -> None:
    done = run_suite(
        """
        import asyncio

        async def create(client):
            await client.sessions.create(user="ada", workflow="wf_1")

        def test_run_twice(async_chatkit, chatkit_emulator):
            asyncio.run(create(async_chatkit))
            asyncio.run(create(async_chatkit))
            assert len(chatkit_emulator.sessions()) == 2

        def test_a_loop_that_is_closed_at_once(async_chatkit):
            loop = asyncio.new_event_loop()
            loop.run_until_complete(create(async_chatkit))
            loop.close()

        def test_a_loop_that_outlives_the_test(async_chatkit, request):
            loop = asyncio.new_event_loop()
            loop.run_until_complete(create(async_chatkit))
            global left
            left = loop

        def test_and_ends_later():
            left.run_until_complete(asyncio.sleep(0))
            left.run_until_complete(left.shutdown_asyncgens())
            left.close()

        def test_not_at_all(async_chatkit):
            pass
        """
    )
    done.assert_outcomes(passed=5)


def test_the_loop_that_a_test_has_set_is_still_set_when_the_client_is_closed(run_suite: RunSuite) -> None:
    done = run_suite(
        """
        import asyncio
        import pytest

        @pytest.fixture
        def own_loop():
            loop = asyncio.new_event_loop()
            asyncio.set_event_loop(loop)
            yield loop
            assert asyncio.get_event_loop() is loop
            loop.run_until_complete(loop.shutdown_asyncgens())
            asyncio.set_event_loop(None)
            loop.close()

        def test_it(own_loop, async_chatkit):
            own_loop.run_until_complete(async_chatkit.threads.list().first())
        """
    )
    done.assert_outcomes(passed=1)


def test_both_clients_in_one_async_test(run_suite: RunSuite) -> None:
    done = run_suite(
        """
        import asyncio

        async def test_it(chatkit, async_chatkit):
            session = await async_chatkit.sessions.create(user="ada", workflow="wf_1")
            cancelled = await asyncio.to_thread(chatkit.sessions.cancel, session.id)
            assert cancelled.status == "cancelled"
        """,
        *FUNCTION_FIXTURES,
        "-o",
        "asyncio_mode=auto",
        plugins=WITH_ASYNCIO,
    )
    done.assert_outcomes(passed=1)


def test_a_task_that_a_test_leaves_behind_does_not_call_the_next_tests_emulator(run_suite: RunSuite) -> None:
    done = run_suite(
        """
        import asyncio
        from chatkit_async import ClientClosedError

        tasks = []

        async def later(client, closed):
            await closed.wait()
            await client.sessions.create(user="ada", workflow="wf_1")

        async def test_first(async_chatkit):
            closed = asyncio.Event()
            tasks.extend([asyncio.create_task(later(async_chatkit, closed)), closed])

        async def test_second(chatkit_emulator):
            task, closed = tasks
            closed.set()
            assert isinstance((await asyncio.gather(task, return_exceptions=True))[0], ClientClosedError)
            assert chatkit_emulator.requests() == []
        """,
        *FUNCTION_FIXTURES,
        "-o",
        "asyncio_mode=auto",
        "-o",
        "asyncio_default_test_loop_scope=session",
        plugins=WITH_ASYNCIO,
    )
    done.assert_outcomes(passed=2)
