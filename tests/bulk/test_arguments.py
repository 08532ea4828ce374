"""What the async jobs refuse before anything is sent, and the words they use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Any

import pytest

from chatkit_async import AsyncChatKit, ChatKit, ConfigurationError, ParamsValidationError
from chatkit_async.broker import AsyncSessionBroker, SessionBroker
from chatkit_async.bulk import archive, blocking, check_store, erase, erase_user, migrate, retain
from chatkit_async.bulk._erase_parts import EraseJob
from chatkit_async.emulator import Emulator

from ..conftest import KEY
from .helpers import of_users

Job = Callable[..., Awaitable[Any]]


@pytest.mark.parametrize("value", [None, "yes", 0, 1])
@pytest.mark.parametrize(
    ("name", "job"), [("erase", partial(erase, all_users=True)), ("retain", partial(retain, older_than=1))]
)
async def test_only_true_and_false_decide_whether_a_job_deletes(
    client: AsyncChatKit, emulator: Emulator, name: str, job: Job, value: Any
) -> None:
    emulator.seed(threads=of_users(3, 1))
    with pytest.raises(ParamsValidationError, match=f"^{name}: dry_run: must be True or False, not {value!r}$"):
        await job(client, dry_run=value)
    with pytest.raises(ParamsValidationError, match=f"^{name}: dry_run: must be True or False, not {value!r}$"):
        await EraseJob(all_users=True, dry_run=value, name=name).plan(client, 100)
    assert emulator.requests() == []


@pytest.mark.parametrize(
    ("name", "job"),
    [
        ("archive", partial(archive, path="threads.chatkit")),
        ("erase", partial(erase, all_users=True)),
        ("retain", partial(retain, older_than=1)),
    ],
)
async def test_a_blocking_client_is_refused_by_name(name: str, job: Job) -> None:
    with (
        ChatKit(KEY) as blocking,
        pytest.raises(ConfigurationError, match=f"^{name} takes an AsyncChatKit, not ChatKit"),
    ):
        await job(blocking)


async def test_erase_user_refuses_a_blocking_client_and_a_blocking_broker(client: AsyncChatKit) -> None:
    with ChatKit(KEY) as blocking, SessionBroker(blocking, workflow="wf_1") as blocking_broker:
        with pytest.raises(ConfigurationError, match=r"^erase_user takes an AsyncSessionBroker, not SessionBroker"):
            await erase_user(blocking_broker, client, "u1")  # type: ignore[arg-type]
        async with AsyncSessionBroker(client, workflow="wf_1") as broker:
            with pytest.raises(ConfigurationError, match=r"^erase_user takes an AsyncChatKit, not ChatKit"):
                await erase_user(broker, blocking, "u1")  # type: ignore[arg-type]


MOMENT = (
    "created_before: must be Unix seconds of at least 0, or a datetime with a time zone,"
    " as in datetime(2026, 1, 31, tzinfo=timezone.utc); not"
)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"concurrency": 0}, "concurrency: must be from 1 to 100, not 0"),
        ({"concurrency": "8"}, "concurrency: must be from 1 to 100, not '8'"),
        ({"requests_per_second": -2}, "requests_per_second: must be a finite number above 0, or None; not -2"),
        ({"created_before": "2026"}, f"{MOMENT} '2026'"),
        ({"created_before": datetime(2026, 1, 1)}, f"{MOMENT} datetime.datetime(2026, 1, 1, 0, 0)"),
        ({"all_users": "yes"}, "all_users: must be True or False, not 'yes'"),
        (
            {"all_users": False, "users": "user_1"},
            "users: must be a list of strings, not 'user_1': write users=[...] or user=...",
        ),
        ({"all_users": False, "users": []}, "users: must not be empty: write users=[...] or user=..."),
        (
            {"all_users": False, "thread_ids": "cthr_1"},
            "thread_ids: must be a list of strings, not 'cthr_1': write thread_ids=[...]",
        ),
    ],
)
async def test_a_message_names_the_value_and_what_to_write(
    client: AsyncChatKit, wrong: dict[str, Any], message: str
) -> None:
    with pytest.raises(ParamsValidationError) as caught:
        await erase(client, **{"all_users": True, **wrong})
    assert str(caught.value) == f"erase: {message}"


async def test_an_age_and_two_choices_of_users_are_named(client: AsyncChatKit) -> None:
    with pytest.raises(ParamsValidationError, match=r"must be a timedelta or seconds above 0, .* not '90d'$"):
        await retain(client, older_than="90d")  # type: ignore[arg-type]
    with pytest.raises(ParamsValidationError, match=r"users: write users=\[\.\.\.\] or user=\.\.\., not both$"):
        await archive(client, "threads.chatkit", user="u1", users=["u2"])


@pytest.mark.parametrize(
    ("function", "wrong", "right"),
    [
        (partial(archive, path="x"), "usr", "user"),
        (erase, "archive_in", "archived_in"),
        (partial(retain, older_than=1), "dryrun", "dry_run"),
        (partial(erase_user, client=None, user="u1"), "concurency", "concurrency"),
        (partial(migrate, store=None, context_for=str), "time", "times"),
        (check_store, "timeout", "timeout_s"),
        (partial(blocking.archive, path="x"), "usr", "user"),
        (blocking.erase, "archive_in", "archived_in"),
        (partial(blocking.retain, older_than=1), "dryrun", "dry_run"),
        (partial(blocking.erase_user, client=None, user="u1"), "concurency", "concurrency"),
        (partial(blocking.migrate, store=None, context_for=str), "time", "times"),
        (blocking.check_store, "timeout", "timeout_s"),
    ],
)
async def test_a_misspelt_keyword_is_answered_with_the_right_one(
    client: AsyncChatKit, function: Any, wrong: str, right: str
) -> None:
    name = getattr(function, "func", function).__name__
    with pytest.raises(
        TypeError,
        match=rf"^{name}\(\) got an unexpected keyword argument '{wrong}': did you mean {right}\? \(it takes ",
    ):
        await function(client, **{wrong: 1})
