"""Reading an archive file without the API."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chatkit_async import ArchiveError, ChatKitThreadUserMessageItem, UnknownThreadItem, transcript
from chatkit_async._core.codec import structure
from chatkit_async.bulk import Archive
from chatkit_async.types.thread import ChatKitThread

from .helpers import thread, user_message, write_archive


def test_threads_and_items_come_back_as_the_clients_own_objects_in_order(path: Path) -> None:
    write_archive(path, [(thread(1), [user_message(1), user_message(2)]), (thread(2, user="user_2"), [])])
    with Archive(path) as archive:
        assert list(archive.threads()) == [
            structure(thread(1), ChatKitThread),
            structure(thread(2, user="user_2"), ChatKitThread),
        ]
        assert [one.id for one in archive.threads(user="user_2")] == ["cthr_2"]
        items = list(archive.items("cthr_1"))
        assert [type(item) for item in items] == [ChatKitThreadUserMessageItem] * 2
        assert transcript(items) == "User: message 1\n\nUser: message 2"
        assert list(archive.items("cthr_2")) == []


def test_a_damaged_item_comes_as_unknown_and_verify_names_it(path: Path) -> None:
    damaged = [
        user_message(2, content="no list"),
        user_message(3, type=7),
        "no object",
        {"type": "chatkit.new", "x": 1},
    ]
    write_archive(path, [(thread(1), [user_message(1), *damaged])])
    with Archive(path) as archive:
        items: list[Any] = list(archive.items("cthr_1"))
        assert [type(item) for item in items] == [ChatKitThreadUserMessageItem] + [UnknownThreadItem] * 4
        assert items[1].to_dict() == damaged[0]
        assert list(archive.raw_items("cthr_1")) == [
            user_message(1),
            *damaged[:2],
            {"damaged": "no object"},
            damaged[3],
        ]
        report = archive.verify()
        assert report.ok
        assert [(one.thread_id, one.position, one.item_id) for one in report.damaged] == [
            ("cthr_1", 1, "cthi_2"),
            ("cthr_1", 2, "cthi_3"),
            ("cthr_1", 3, None),
        ]
        assert report.unknown == 1


def test_the_damaged_fields_of_a_thread_are_in_its_extra(path: Path) -> None:
    raw = thread(1, title=7, status={"type": "active", "reason": 1}, created_at="yesterday", more=[1])
    write_archive(path, [(raw, [])])
    with Archive(path) as archive:
        (found,) = archive.threads()
        assert found.to_dict() == raw
        assert found.id == "cthr_1"
        assert set(found.missing_fields) == {"title", "created_at"}
        assert found.extra["title"] == 7


def test_a_thread_with_nothing_but_an_id_is_read(path: Path) -> None:
    write_archive(path, [({"id": "cthr_1"}, [{}])])
    with Archive(path) as archive:
        (found,) = archive.threads()
        assert found.to_dict() == {"id": "cthr_1"}
        assert [item.to_dict() for item in archive.items("cthr_1")] == [{}]
        assert archive.verify().ok


def test_info_tells_what_the_archive_is_and_holds(path: Path) -> None:
    write_archive(path, [(thread(1), [user_message(1)]), (thread(2), [])])
    with Archive(path) as archive:
        info = archive.info
        assert (info.base_url, info.project, info.users) == ("https://api.openai.com/v1", None, None)
        assert (info.threads, info.items, info.gone_threads, info.runs) == (2, 1, 0, 1)
        assert info.incomplete_threads == ()
        assert info.is_complete
        assert json.loads(json.dumps(info.to_dict()))["schema_version"] == 1


def test_the_file_is_its_owners_alone_and_reading_leaves_nothing_beside_it(path: Path) -> None:
    write_archive(path, [(thread(1), [user_message(1)])])
    with Archive(path) as archive:
        list(archive.threads())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == [path.name]
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        tables = "SELECT sum(strict), count(*) FROM pragma_table_list WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        assert len(set(database.execute(tables).fetchone())) == 1
        assert database.execute("SELECT thread_id, position, raw FROM items").fetchall() == [
            ("cthr_1", 0, json.dumps(user_message(1), separators=(",", ":")))
        ]
    database.close()


def test_an_archive_on_a_read_only_medium_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_archive(path, [(thread(1), [])])
    monkeypatch.setattr(os, "access", lambda *_: False)  # tests may run as root, whom no mode stops
    with Archive(path) as archive:
        assert [one.id for one in archive.threads()] == ["cthr_1"]


def test_a_missing_file_says_how_to_make_one(path: Path) -> None:
    with pytest.raises(ArchiveError, match=r"there is no archive .*: make it with archive\(client, path\)$"):
        Archive(path)


@pytest.mark.parametrize("content", [b"not a database at all", b"SQLite format 3\0 but then nothing more"])
def test_another_kind_of_file_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match=r"not an archive|not a database"):
        Archive(path)
    assert path.read_bytes() == content


def test_a_foreign_database_is_refused_and_not_touched(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE mine (x)")
    database.close()
    before = path.read_bytes()
    for use in (Archive, lambda one: write_archive(one, [])):
        with pytest.raises(ArchiveError, match="is not an archive of chatkit-async: choose another path"):
            use(path)
    assert path.read_bytes() == before


def test_a_newer_schema_version_says_to_upgrade(path: Path) -> None:
    write_archive(path, [])
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 2")
    database.close()
    with pytest.raises(ArchiveError, match=r"has schema version 2; .* install the newest chatkit-async"):
        Archive(path)


def test_an_unknown_thread_and_a_closed_archive_are_our_errors(path: Path) -> None:
    write_archive(path, [(thread(1), [])])
    archive = Archive(path)
    with pytest.raises(ArchiveError, match="holds no thread with the id 'cthr_9'"):
        archive.items("cthr_9")
    archive.close()
    with pytest.raises(ArchiveError, match="is closed: open it again"):
        list(archive.threads())


def test_verify_finds_lost_items_text_that_is_no_json_and_a_run_that_did_not_end(path: Path) -> None:
    write_archive(path, [(thread(1), [user_message(1), user_message(2)]), (thread(2), [])], state="interrupted")
    with sqlite3.connect(path) as database:
        database.execute("UPDATE item_pages SET body = '{', position = 1")
        database.execute("UPDATE threads SET is_complete = 0 WHERE id = 'cthr_2'")
    database.close()
    with Archive(path) as archive:
        report = archive.verify()
        assert not report.ok
        messages = [(one.thread_id, one.message) for one in report.problems]
        assert messages[:2] == [
            (None, "the last run is interrupted, not complete: run archive(client, path) again"),
            ("cthr_1", "the item at 1 should be at 0"),
        ]
        assert messages[2][1].startswith("2 items from 1 on are not JSON: ")
        assert messages[3:] == [("cthr_2", "its items were not read to the end: run archive(client, path) again")]
        assert archive.info.incomplete_threads == ("cthr_2",)
        assert json.dumps(report.to_dict())
        with pytest.raises(ArchiveError, match="is damaged in thread 'cthr_1'"):
            list(archive.items("cthr_1"))


def test_a_page_of_the_file_that_was_overwritten_is_found(path: Path) -> None:
    write_archive(path, [(thread(1), [user_message(number) for number in range(500)])])
    content = bytearray(path.read_bytes())
    middle = len(content) // 8192 * 4096
    content[middle : middle + 4096] = b"\xa5" * 4096
    path.write_bytes(content)
    with Archive(path) as archive:
        report = archive.verify()
    assert (report.ok, report.is_sound) == (False, False)
    assert not [one.message for one in report.problems if "\n" in one.message]


def test_the_threads_behind_a_damaged_one_are_still_verified(path: Path) -> None:
    write_archive(path, [(thread(n), [user_message(n * 1000 + at) for at in range(300)]) for n in range(20)])
    content = bytearray(path.read_bytes())
    first = content.index(b"message 2000") // 16384 * 16384
    content[first : first + 16384] = b"\xa5" * 16384
    path.write_bytes(content)
    with Archive(path) as archive:
        report = archive.verify()
    damaged = {one.thread_id for one in report.problems}
    assert damaged > {None, "cthr_2"}
    assert "cthr_19" not in damaged
    assert (report.threads, report.items) == (20, 300 * (20 - len(damaged - {None})))


def test_a_thread_whose_own_fields_are_damaged_is_one_problem(path: Path) -> None:
    write_archive(path, [(thread(1), [user_message(1)]), (thread(2), [])])
    with sqlite3.connect(path) as database:
        database.execute("UPDATE threads SET raw = '{' WHERE id = 'cthr_1'")
    database.close()
    with Archive(path) as archive:
        report = archive.verify()
    assert [one.thread_id for one in report.problems] == ["cthr_1"]
    assert report.problems[0].message.startswith("its own fields are not JSON: ")
    assert (report.threads, report.items, report.damaged) == (2, 1, ())


@pytest.mark.parametrize("kept", [0.95, 0.5, 0.2])
def test_what_is_left_of_an_archive_that_was_cut_short_can_be_read(path: Path, kept: float) -> None:
    write_archive(path, [(thread(n), [user_message(n * 1000 + at) for at in range(300)]) for n in range(20)])
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    with Archive(path) as archive:
        report = archive.verify()
        damaged = {one.thread_id for one in report.problems}
        left = [one.id for one in archive.threads() if one.id not in damaged]
        assert (report.is_sound, None in damaged, len(left)) == (False, True, 21 - len(damaged))
        assert len(left) >= 20 * kept - 4
        for thread_id in left:
            number = int(thread_id.removeprefix("cthr_"))
            assert [one.id for one in archive.items(thread_id)] == [f"cthi_{number * 1000 + at}" for at in range(300)]
        with pytest.raises(ArchiveError, match=r"malformed|is damaged in thread"):
            [list(archive.items(f"cthr_{n}")) for n in range(20)]
    assert path.read_bytes() == whole[: int(len(whole) * kept)]


@pytest.mark.parametrize("kept", [3_000, 20_000])
def test_an_archive_of_which_too_little_is_left_says_what_to_do(path: Path, kept: int) -> None:
    write_archive(path, [(thread(1), [user_message(number) for number in range(500)])])
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ArchiveError, match=r"malformed.*; restore it from a copy, or archive anew into another"):
        Archive(path)


def test_a_table_whose_definition_is_damaged_is_our_error(path: Path) -> None:
    write_archive(path, [])
    content = path.read_bytes().replace(b"tablerunsruns", b"tabler\xb0\xb0sruns")
    path.write_bytes(content.replace(b"CREATE TABLE runs", b"CREATE TABLE ru(("))
    with pytest.raises(ArchiveError, match=r"cannot be used: .*'utf-8' codec can't decode"):
        Archive(path)


@pytest.mark.parametrize("name", ["a\0b", "a\ud800b"])
def test_a_path_that_no_file_can_have_is_refused(path: Path, name: str) -> None:
    write_archive(path, [])
    with pytest.raises(ArchiveError, match="no file can have the path"):
        Archive(name)
    with Archive(path) as archive, pytest.raises(ArchiveError, match="no file can have the path"):
        archive.write_jsonl(name)


@pytest.mark.parametrize(
    ("call", "advice"),
    [
        (
            lambda made: made.threads(usr="u"),
            "Archive.threads() got an unexpected keyword argument 'usr': did you mean",
        ),
        (lambda made: made.items(thread="t"), "'thread': did you mean thread_id? (it takes thread_id)"),
        (lambda made: made.write_jsonl("out.jsonl", users="u"), "did you mean user? (it takes path, user)"),
        (lambda made: made.write_jsonl("out.jsonl", "u"), "pass them by name, as in user=... (it takes path, user)"),
        (lambda made: made.verify("all"), "Archive.verify() got too many positional arguments: it takes no arguments"),
        (lambda made: type(made)("a", mode="r"), "Archive() got an unexpected keyword argument 'mode': it takes path"),
    ],
)
def test_wrong_arguments_are_answered_with_the_right_names(path: Path, call: Callable[[Any], Any], advice: str) -> None:
    write_archive(path, [])
    with Archive(path) as archive, pytest.raises(TypeError, match=re.escape(advice)):
        call(archive)
