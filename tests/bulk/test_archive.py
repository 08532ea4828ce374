"""Archiving over a real socket: exact, incremental, and refused where it cannot work."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from chatkit_async import ArchiveError, AsyncChatKit, ConfigurationError, ParamsValidationError
from chatkit_async.bulk import Archive, Progress, archive
from chatkit_async.emulator import Emulator, Fault

from ..conftest import KEY
from .conftest import QUICK
from .helpers import assert_equals_api, paths, seed, thread, user_message


async def test_an_archive_equals_the_api_field_by_field(client: AsyncChatKit, emulator: Emulator, path: Path) -> None:
    unknown = {"id": "cthi_new", "type": "chatkit.hologram", "created_at": 5, "shape": {"points": [1, 2.5, None]}}
    long = {"thread": thread(500, extra_field=[1]), "items": [user_message(9_000_000 + n) for n in range(250)]}
    emulator.seed(threads=[*seed(205), {"thread": thread(400), "items": [unknown]}, long])
    report = await archive(client, path)
    assert report.is_complete
    assert report.ok
    assert (report.threads, report.new, report.items) == (207, 207, 205 * 3 + 1 + 250)
    assert report.failures == ()
    written = json.loads(json.dumps(report.to_dict()))
    assert (written["is_complete"], written["ok"]) == (True, True)
    assert_equals_api(path, emulator)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_nothing_to_archive_is_a_complete_archive(client: AsyncChatKit, path: Path) -> None:
    report = await archive(client, path)
    assert report.is_complete
    with Archive(path) as held:
        assert list(held.threads()) == []
        assert held.verify().ok


async def test_an_unchanged_thread_costs_one_request(client: AsyncChatKit, emulator: Emulator, path: Path) -> None:
    emulator.seed(threads=seed(12, items=101))
    await archive(client, path)
    before = len(emulator.requests())
    report = await archive(client, path)
    assert (report.unchanged, report.changed, report.new, report.items) == (12, 0, 0, 0)
    sent = paths(emulator, since=before)
    assert sorted(one for one in sent if one.endswith("/items")) == sorted(
        f"/threads/cthr_{n}/items" for n in range(12)
    )
    assert len(sent) == 12 + 2  # the listing, and the one that proves it


async def test_a_changed_thread_costs_its_new_items(client: AsyncChatKit, emulator: Emulator, path: Path) -> None:
    conversations = seed(3, items=150)
    emulator.seed(threads=conversations)
    await archive(client, path)
    conversations[1]["items"] += [user_message(77_000 + n, created_at=1_800_000_000) for n in range(5)]
    conversations[2]["thread"]["title"] = "Renamed"
    emulator.seed(threads=conversations)
    before = len(emulator.requests())
    report = await archive(client, path)
    assert (report.unchanged, report.changed, report.items) == (1, 2, 5)
    assert paths(emulator, since=before).count("/threads/cthr_1/items") == 1
    assert_equals_api(path, emulator)


async def test_a_tool_call_that_was_open_is_read_again(client: AsyncChatKit, emulator: Emulator, path: Path) -> None:
    call: dict[str, Any] = {
        "id": "cthi_call",
        "type": "chatkit.client_tool_call",
        "created_at": 1_700_000_000,
        "call_id": "call_1",
        "name": "locate",
        "arguments": "{}",
        "status": "in_progress",
        "output": None,
    }
    items = [user_message(1, created_at=1), {**call, "created_at": 2}, user_message(3, created_at=3)]
    emulator.seed(threads=[{"thread": thread(1), "items": items}])
    await archive(client, path)
    items[1] = {**call, "created_at": 2, "status": "completed", "output": '{"place":"here"}'}
    emulator.seed(threads=[{"thread": thread(1), "items": items}])
    report = await archive(client, path)
    assert (report.changed, report.items) == (1, 0)
    assert_equals_api(path, emulator)


async def test_an_item_that_is_gone_is_kept_apart(client: AsyncChatKit, emulator: Emulator, path: Path) -> None:
    items = [user_message(number, created_at=number) for number in range(1, 6)]
    emulator.seed(threads=[{"thread": thread(1), "items": items}])
    await archive(client, path)
    emulator.seed(threads=[{"thread": thread(1), "items": [*items[:3], user_message(9, created_at=9)]}])
    report = await archive(client, path)
    assert (report.is_complete, report.changed, report.items) == (True, 1, 1)
    assert_equals_api(path, emulator)
    with Archive(path) as held:
        assert held.info.removed_items == 2


@pytest.mark.parametrize("is_refused", [True, False])
async def test_a_cursor_that_the_api_lost_means_reading_the_thread_anew(
    client: AsyncChatKit, emulator: Emulator, path: Path, *, is_refused: bool
) -> None:
    items = [user_message(number, created_at=number) for number in range(1, 300)]
    emulator.seed(threads=[{"thread": thread(1), "items": items}])
    await archive(client, path)
    del items[297]  # the cursor of the next run
    emulator.seed(threads=[{"thread": thread(1), "items": items}])
    if is_refused:
        emulator.add_faults(Fault(kind="gone_cursor", times="always"))
    assert (await archive(client, path)).is_complete
    assert_equals_api(path, emulator)


async def test_a_thread_that_is_gone_is_kept_and_marked(client: AsyncChatKit, emulator: Emulator, path: Path) -> None:
    emulator.seed(threads=seed(5))
    await archive(client, path)
    await client.threads.delete("cthr_3")
    report = await archive(client, path)
    assert (report.is_complete, report.gone, report.unchanged) == (True, 1, 4)
    assert (await archive(client, path)).gone == 0
    with Archive(path) as held:
        assert held.info.gone_threads == 1
        assert [one.id for one in held.threads()] == [f"cthr_{number}" for number in range(5)]
        assert len(list(held.items("cthr_3"))) == 3
        assert held.verify().ok


async def test_a_thread_deleted_before_it_was_read_is_no_failure(
    client: AsyncChatKit, emulator: Emulator, path: Path
) -> None:
    emulator.seed(threads=seed(150, items=1))

    def delete_one(progress: Progress) -> None:
        if progress.done == 1:
            conversations = seed(150, items=1)
            del conversations[50]
            emulator.seed(threads=conversations, reset=True)

    report = await archive(client, path, concurrency=1, on_progress=delete_one)
    assert (report.is_complete, report.gone, report.failures) == (True, 1, ())


async def test_only_the_chosen_users_are_archived(client: AsyncChatKit, emulator: Emulator, path: Path) -> None:
    emulator.seed(threads=[{"thread": thread(number, user=f"u{number % 3}")} for number in range(9)])
    assert (await archive(client, path, users=["u0", "u2", "u0"])).threads == 6
    with Archive(path) as held:
        assert held.info.users == ("u0", "u2")
        assert [one.id for one in held.threads()] == [f"cthr_{number}" for number in range(9) if number % 3 != 1]
        assert [one.id for one in held.threads(user="u2")] == ["cthr_2", "cthr_5", "cthr_8"]


async def test_continuing_with_other_settings_is_refused_with_both_named(
    client: AsyncChatKit, emulator: Emulator, path: Path
) -> None:
    await archive(client, path, user="u1")
    with pytest.raises(ArchiveError, match="made with users u1, this run has all users: continue"):
        await archive(client, path)
    with pytest.raises(ArchiveError, match="made with users u1, this run has users u1, u2: continue"):
        await archive(client, path, users=["u1", "u2"])
    await archive(client, path.with_name("two"), users=["u1", "u2"])
    with pytest.raises(ArchiveError, match="made with users u1, u2, this run has users u1, u2: continue"):
        await archive(client, path.with_name("two"), user="u1, u2")
    other = client.with_options(project="proj_2")
    with pytest.raises(ArchiveError, match="made with no project, this run has the project proj_2"):
        await archive(other, path, user="u1")
    elsewhere = client.with_options(base_url="http://127.0.0.1:1/v1")
    with pytest.raises(ArchiveError, match=f"made with the API {emulator.base_url}, this run has the API http://127"):
        await archive(elsewhere, path, user="u1")


@pytest.mark.parametrize(
    "wrong",
    [
        {"user": "u", "users": ["v"]},
        {"users": []},
        {"users": "u1"},
        {"user": ""},
        {"user": "x" * 513},
        {"users": ["a", 7]},
        {"concurrency": 0},
        {"concurrency": 101},
        {"concurrency": True},
        {"requests_per_second": 0},
        {"requests_per_second": float("nan")},
    ],
)
async def test_arguments_that_cannot_work_are_refused_before_anything_happens(
    client: AsyncChatKit, emulator: Emulator, path: Path, wrong: dict[str, Any]
) -> None:
    with pytest.raises(ParamsValidationError, match=r"^archive: "):
        await archive(client, path, **wrong)
    assert not path.exists()
    assert emulator.requests() == []


async def test_a_folder_that_is_missing_and_a_key_that_is_missing_raise(emulator: Emulator, path: Path) -> None:
    async with AsyncChatKit(base_url=emulator.base_url, retry_policy=QUICK) as keyless:
        with pytest.raises(ConfigurationError, match="OPENAI_API_KEY"):
            await archive(keyless, path)
    async with AsyncChatKit(KEY, base_url=emulator.base_url) as client:
        missing = path.parent / "missing"
        with pytest.raises(
            ArchiveError,
            match=rf"x\.db cannot be written: the folder {missing} does not exist; make it, or choose another path$",
        ):
            await archive(client, missing / "x.db")
        with pytest.raises(ArchiveError, match=r"^'-' is not stdout here: pass the name of a file, or \./- for a file"):
            await archive(client, "-")
        with pytest.raises(ArchiveError, match="is not a file"):
            await archive(client, path.parent)
