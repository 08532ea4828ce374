"""The announced end of hosted workflows: headers that announce an end are one warning, and refusals name the date."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from chatkit_async import AsyncChatKit, ChatKit
from chatkit_async._async import exchange
from chatkit_async.emulator import Emulator, Fault
from chatkit_async.errors import APIStatusError

from ..conftest import KEY
from .helpers import cancel, create, made, raised

SUNSET = "Mon, 30 Nov 2026 23:59:59 GMT"


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """The warnings of a process that has not warned yet."""
    monkeypatch.setattr(exchange, "_logged_announcements", [])
    return lambda: [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def announce(emulator: Emulator, **headers: str) -> None:
    emulator.add_faults(Fault(headers=headers, times="always"))


@pytest.mark.parametrize("name", ["Sunset", "Deprecation"])
async def test_a_header_that_announces_an_end_is_one_warning_in_a_process(
    emulator: Emulator, logged: Callable[[], list[str]], name: str
) -> None:
    announce(emulator, **{name: SUNSET})
    for _ in range(2):
        async with made(emulator.base_url) as client:
            await create(client)
            await client.threads.list()
    with ChatKit(KEY, base_url=emulator.base_url, in_event_loop="allow") as blocking:
        blocking.threads.list()
    (warning,) = logged()
    assert f"{name.lower()}: {SUNSET!r}" in warning
    assert "chatkit archive FILE" in warning


async def test_both_headers_are_in_one_warning(
    client: AsyncChatKit, emulator: Emulator, logged: Callable[[], list[str]]
) -> None:
    announce(emulator, Deprecation="@1795996800", Sunset=SUNSET)
    await create(client)
    (warning,) = logged()
    assert f"(deprecation: '@1795996800', sunset: {SUNSET!r})" in warning


async def test_an_error_response_announces_an_end_too(
    client: AsyncChatKit, emulator: Emulator, logged: Callable[[], list[str]]
) -> None:
    emulator.add_faults(Fault(status=404, headers={"sunset": SUNSET}))
    await raised(APIStatusError, cancel(client))
    assert len(logged()) == 1


async def test_the_value_is_cut_and_shows_no_secret(
    client: AsyncChatKit, emulator: Emulator, logged: Callable[[], list[str]]
) -> None:
    announce(emulator, Sunset="ek_hushhush0123456789 " + "x" * 5000)
    await create(client)
    (warning,) = logged()
    assert "hushhush" not in warning
    assert len(warning) < 400


async def test_other_headers_are_no_announcement(
    client: AsyncChatKit, emulator: Emulator, logged: Callable[[], list[str]]
) -> None:
    announce(emulator, **{"x-ratelimit-limit-requests": "5", "x-sunset": SUNSET})
    assert (await create(client)).response.rate_limit.limit_requests == 5
    assert logged() == []


@pytest.mark.parametrize("status", [403, 404, 410])
async def test_a_refused_workflow_names_the_announced_end_and_the_archive(
    client: AsyncChatKit, emulator: Emulator, status: int
) -> None:
    emulator.add_faults(Fault(status=status))
    error = await raised(APIStatusError, create(client))
    assert "30 November 2026" in (error.hint or "")
    assert "`chatkit archive FILE`" in str(error)


@pytest.mark.parametrize("status", [403, 404, 410])
async def test_other_refusals_do_not_name_it(client: AsyncChatKit, emulator: Emulator, status: int) -> None:
    emulator.add_faults(Fault(status=status))
    error = await raised(APIStatusError, cancel(client))
    assert "November" not in str(error)


async def test_a_404_for_a_wrong_path_does_not_name_it(client: AsyncChatKit, emulator: Emulator) -> None:
    error = await raised(APIStatusError, create(client.with_options(base_url=f"{emulator.base_url}/chatkit")))
    assert error.status == 404
    assert (
        error.hint == f"The path is wrong: base_url is {emulator.base_url}/chatkit, and should be {emulator.base_url}."
    )


async def test_other_refusals_of_a_create_do_not_name_it(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.add_faults(Fault(status=400))
    error = await raised(APIStatusError, create(client))
    assert "November" not in str(error)
