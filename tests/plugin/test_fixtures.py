"""The fixtures in plain tests: the emulator, the blocking client, the environment."""

from __future__ import annotations

import pytest

from .conftest import RunSuite

pytest_plugins = ["pytester"]


def test_the_blocking_client_reaches_an_emulator_that_is_as_if_new_for_each_test(run_suite: RunSuite) -> None:
    done = run_suite(
        """
        import pytest
        from chatkit_async.emulator import Fault

        @pytest.mark.parametrize("number", range(3))
        def test_one(number, chatkit, chatkit_emulator):
            assert chatkit_emulator.sessions() == chatkit_emulator.requests() == []
            session = chatkit.sessions.create(user="ada", workflow="wf_1")
            assert [it["id"] for it in chatkit_emulator.sessions()] == [session.id]
            chatkit_emulator.add_faults(Fault(path="/chatkit/sessions", status=400, times=99))
            chatkit_emulator.advance_clock(1_000_000)
        """
    )
    done.assert_outcomes(passed=3)


def test_the_emulator_is_one_for_the_session_and_gone_after_it(
    run_process: RunSuite, pytester: pytest.Pytester
) -> None:
    pytester.makeconftest(
        """
        import threading

        def pytest_unconfigure():
            print("threads:", sorted(thread.name for thread in threading.enumerate()))
        """
    )
    done = run_process(
        """
        seen = set()

        def test_first(chatkit_emulator):
            seen.add(chatkit_emulator.base_url)

        def test_second(chatkit_emulator):
            seen.add(chatkit_emulator.base_url)
            assert len(seen) == 1
        """
    )
    done.assert_outcomes(passed=2)
    done.stdout.fnmatch_lines(["threads: ['MainThread']"])


def test_clients_are_closed_after_their_test(run_suite: RunSuite) -> None:
    done = run_suite(
        """
        import asyncio
        import pytest
        from chatkit_async import ClientClosedError

        kept = []

        def test_first(chatkit, async_chatkit):
            chatkit.threads.list()
            kept.extend([chatkit, async_chatkit])

        def test_second():
            with pytest.raises(ClientClosedError):
                kept[0].threads.list()
            with pytest.raises(ClientClosedError):
                asyncio.run(kept[1].threads.list().first())
        """
    )
    done.assert_outcomes(passed=2)


def test_the_environment_leads_to_the_emulator_for_one_test(
    run_suite: RunSuite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    done = run_suite(
        """
        import os
        from chatkit_async import ChatKit

        def test_inside(chatkit_env):
            assert os.environ["OPENAI_BASE_URL"] == chatkit_env.base_url
            with ChatKit() as client:
                client.sessions.create(user="ada", workflow="wf_1")
            assert len(chatkit_env.sessions()) == 1

        def test_after():
            assert os.environ["OPENAI_BASE_URL"] == "http://127.0.0.1:1/v1"
            assert "OPENAI_API_KEY" not in os.environ
        """
    )
    done.assert_outcomes(passed=2)


def test_all_fixtures_of_a_test_share_the_emulator(run_suite: RunSuite) -> None:
    done = run_suite(
        """
        def test_it(chatkit, async_chatkit, chatkit_env, chatkit_emulator):
            assert chatkit_env is chatkit_emulator
            for client in (chatkit, async_chatkit):
                assert chatkit_emulator.base_url in repr(client)
        """
    )
    done.assert_outcomes(passed=1)


def test_a_suites_own_fixture_of_the_same_name_goes_first(run_suite: RunSuite, pytester: pytest.Pytester) -> None:
    pytester.makeconftest("import pytest\n\n@pytest.fixture\ndef chatkit():\n    return 'their own'\n")
    done = run_suite("def test_it(chatkit):\n    assert chatkit == 'their own'\n")
    done.assert_outcomes(passed=1)
