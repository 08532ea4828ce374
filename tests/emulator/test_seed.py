"""Seeds: missing fields, undocumented fields, replacing."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from chatkit_async import ChatKit, ConfigurationError, Secret
from chatkit_async.emulator import Emulator
from tests.emulator import schema_slice
from tests.emulator.seeds import KINDS, threads

NOW_S = 1_800_000_000


@pytest.fixture
def seeded() -> Emulator:
    """Not started: seeding needs no server."""
    return Emulator(read_clock=lambda: float(NOW_S))


def items_of(emulator: Emulator, *items: dict[str, Any]) -> list[dict[str, Any]]:
    emulator.seed(threads=[{"thread": {"id": "cthr_1"}, "items": items}])
    return emulator.items("cthr_1")


def test_missing_fields_of_a_thread_are_filled_in(seeded: Emulator) -> None:
    seeded.seed(threads=[{"thread": {}}])
    [thread] = seeded.threads()
    schema_slice.THREAD.validate(thread)
    assert thread.pop("id").startswith("cthr_")
    assert thread == {
        "object": "chatkit.thread",
        "created_at": NOW_S,
        "title": None,
        "status": {"type": "active"},
        "user": "user",
    }


@pytest.mark.parametrize(
    "sparse",
    [
        {"type": "chatkit.user_message"},
        {"type": "chatkit.user_message", "inference_options": {}, "attachments": []},
        {"type": "chatkit.assistant_message"},
        {"type": "chatkit.assistant_message", "content": [{"type": "output_text", "text": "Hi"}]},
        {"type": "chatkit.widget", "widget": "{}"},
        {"type": "chatkit.client_tool_call", "call_id": "c", "name": "n"},
        {"type": "chatkit.task"},
        {"type": "chatkit.task_group", "tasks": [{"type": "thought"}]},
    ],
    ids=str,
)
def test_missing_fields_of_an_item_are_filled_in(seeded: Emulator, sparse: dict[str, Any]) -> None:
    [item] = items_of(seeded, sparse)
    schema_slice.ITEM_LIST.validate(
        {"object": "list", "data": [item], "first_id": None, "last_id": None, "has_more": False}
    )
    assert item["id"].startswith("cthi_")
    assert (item["object"], item["thread_id"], item["created_at"]) == ("chatkit.thread_item", "cthr_1", NOW_S)


def test_missing_fields_of_a_session_are_filled_in(seeded: Emulator) -> None:
    seeded.seed(sessions=[{}, {"workflow": {"id": "wf_1"}, "rate_limits": {"max_requests_per_1_minute": 3}}])
    default, limited = seeded.sessions()
    schema_slice.SESSION.validate(default)
    schema_slice.SESSION.validate(limited)
    assert (default["status"], default["expires_at"], default["max_requests_per_1_minute"]) == (
        "active",
        NOW_S + 600,
        10,
    )
    assert (limited["max_requests_per_1_minute"], limited["workflow"]["tracing"]) == (3, {"enabled": True})


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind["type"])
def test_a_complete_item_is_kept_unchanged(seeded: Emulator, kind: dict[str, Any]) -> None:
    whole = {"id": "cthi_1", "object": "chatkit.thread_item", "created_at": 7, "thread_id": "cthr_1", **kind}
    assert items_of(seeded, whole) == [whole]


@pytest.mark.parametrize(
    "unknown",
    [
        {"type": "chatkit.video", "length_s": 3, "frames": [{"type": "frame"}]},
        {"type": "user_message", "content": [{"type": "input_text", "text": "as the examples spell it"}]},
        {"type": "chatkit.user_message", "content": [{"type": "input_video", "url": 5}]},
        {"type": "chatkit.assistant_message", "content": [{"type": "output_video"}]},
        {"type": "chatkit.task", "task_type": "dream", "mood": "sleepy"},
        {"type": "chatkit.task", "idx": 3, "subtitle": "Today"},
        {"type": "my.own", "idx": 3, "created": 5, "threads": [], "objects": []},
    ],
    ids=str,
)
def test_undocumented_fields_are_kept(seeded: Emulator, unknown: dict[str, Any]) -> None:
    [item] = items_of(seeded, unknown)
    assert {name: item[name] for name in unknown} == unknown
    assert (item["thread_id"], item["object"], item["created_at"]) == ("cthr_1", "chatkit.thread_item", NOW_S)


def test_an_unknown_status_of_a_thread_is_kept(seeded: Emulator) -> None:
    seeded.seed(threads=[{"thread": {"status": {"type": "asleep", "until": 5}, "subtitle": "calm"}}])
    [thread] = seeded.threads()
    assert (thread["status"], thread["subtitle"]) == ({"type": "asleep", "until": 5}, "calm")


def test_items_of_the_same_second_stay_in_the_order_given(seeded: Emulator) -> None:
    texts = [{"id": f"i{n}", "type": "x", "created_at": at} for n, at in enumerate([5, 3, 5, 4, 3])]
    assert [item["id"] for item in items_of(seeded, *texts)] == ["i1", "i4", "i3", "i0", "i2"]


def test_changing_a_seed_or_a_result_later_changes_nothing(seeded: Emulator) -> None:
    seed = copy.deepcopy(threads(1))
    before = copy.deepcopy(seed)
    seeded.seed(threads=seed)
    assert seed == before
    seed[0]["thread"]["status"]["type"] = "changed"
    seeded.threads()[0]["title"] = "changed"
    seeded.items("cthr_0")[0]["content"].clear()  # type: ignore[union-attr]
    assert (seeded.threads()[0]["status"], seeded.threads()[0]["title"]) == ({"type": "active"}, "Thread 0")
    assert seeded.items("cthr_0")[0]["content"]


def test_a_seed_replaces_threads_and_sessions_with_the_same_ids(seeded: Emulator) -> None:
    seeded.seed(threads=threads(2), sessions=[{"id": "cksess_1"}])
    seeded.seed(threads=[{"thread": {"id": "cthr_1", "user": "other"}}])
    assert [(one["id"], one["user"]) for one in seeded.threads()] == [("cthr_0", "user_0"), ("cthr_1", "other")]
    assert (len(seeded.items("cthr_0")), seeded.items("cthr_1"), len(seeded.sessions())) == (6, [], 1)


def test_a_seed_with_reset_replaces_everything(seeded: Emulator) -> None:
    seeded.seed(threads=threads(2), sessions=[{"id": "cksess_1"}])
    seeded.seed(threads=threads(1), reset=True)
    assert ([one["id"] for one in seeded.threads()], seeded.sessions()) == (["cthr_0"], [])
    seeded.reset()
    assert seeded.threads() == []


def test_a_seed_may_be_made_of_other_mappings_tuples_and_secrets(seeded: Emulator) -> None:
    seeded.seed(sessions=({"client_secret": Secret("ek_1")} for _ in range(1)), threads=({"thread": {}, "items": ()},))
    assert type(seeded.sessions()[0]["client_secret"]) is str
    assert seeded.sessions()[0]["client_secret"] == "ek_1"


def test_items_of_a_thread_that_is_not_there_are_an_error(seeded: Emulator) -> None:
    with pytest.raises(ConfigurationError, match="no thread with the id 'cthr_9'"):
        seeded.items("cthr_9")


@pytest.fixture
def client() -> Iterator[tuple[Emulator, ChatKit]]:
    with Emulator.in_thread() as emulator, ChatKit("sk-test", base_url=emulator.base_url) as client:
        yield emulator, client


def test_a_seeded_session_can_be_cancelled(client: tuple[Emulator, ChatKit]) -> None:
    emulator, chatkit = client
    emulator.seed(sessions=[{"id": "cksess_1", "user": "u"}, {"id": "cksess_2", "expires_at": 5}])
    assert chatkit.sessions.cancel("cksess_1").status == "cancelled"
    assert chatkit.sessions.cancel("cksess_2").status == "expired"


def test_filled_in_times_are_those_of_the_emulators_clock(client: tuple[Emulator, ChatKit]) -> None:
    emulator, chatkit = client
    emulator.set_clock(5_000_000)
    emulator.seed(threads=[{"thread": {"id": "cthr_1"}}])
    assert chatkit.threads.retrieve("cthr_1").created_at in (5_000_000, 5_000_001)


def test_an_undocumented_field_is_kept_beside_the_field_that_its_name_resembles(seeded: Emulator) -> None:
    seeded.seed(threads=[{"thread": {"title": "Hours", "titles": ["Hours", "Stunden"]}}])
    assert seeded.threads()[0]["titles"] == ["Hours", "Stunden"]
