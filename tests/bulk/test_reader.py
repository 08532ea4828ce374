"""Reading an archive file without the API."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import stat
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
    with pytest.raises(ArchiveError, match=r"there is no archive .*: make it with archive\(client, path\)"):
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
        assert messages[0] == (None, "the last run is interrupted, not complete: run archive again")
        assert ("cthr_1", "the item at 1 should be at 0") in messages
        assert any("not JSON" in message for _, message in messages)
        assert ("cthr_1", "0 items are held, 2 were saved") in messages
        assert messages[-1] == ("cthr_2", "its items were not read to the end: run archive again")
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
        assert not archive.verify().ok


@pytest.mark.parametrize("name", ["threads.jsonl", "threads.jsonl.gz"])
def test_json_lines_hold_each_thread_with_its_items_as_they_came(path: Path, tmp_path: Path, name: str) -> None:
    conversations = [(thread(1), [user_message(1), {"odd": 2**70}]), (thread(2, title="ü\n"), [])]
    write_archive(path, conversations)
    with Archive(path) as archive:
        report = archive.write_jsonl(tmp_path / name)
    raw = (tmp_path / name).read_bytes()
    lines = (gzip.decompress(raw) if name.endswith(".gz") else raw).decode().splitlines()
    assert [json.loads(line) for line in lines] == [{"thread": head, "items": items} for head, items in conversations]
    assert (report.threads, report.items, report.ok) == (2, 2, True)
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert sorted(os.listdir(tmp_path)) == [path.name, name]


def test_markdown_is_for_reading_and_nothing_in_it_becomes_markup(path: Path, tmp_path: Path) -> None:
    write_archive(path, [(thread(1, title="# <b>\n*x*"), [user_message(1)])])
    with Archive(path) as archive:
        archive.write_markdown(tmp_path / "out.md")
    text = (tmp_path / "out.md").read_text()
    assert text.startswith("## \\# \\<b\\> \\*x\\*\n\n- Thread: cthr\\_1\n- User: user\\_1\n")
    assert "**User**\n\n```text\nmessage 1\n```" in text


def test_a_conversion_that_fails_leaves_the_earlier_file_and_no_other(path: Path, tmp_path: Path) -> None:
    write_archive(path, [(thread(1), [])])
    (tmp_path / "folder").mkdir()
    with Archive(path) as archive:
        with pytest.raises(ArchiveError, match="cannot be written"):
            archive.write_jsonl(tmp_path / "missing" / "out.jsonl")
        with pytest.raises(ArchiveError, match="is not a file"):
            archive.write_jsonl(tmp_path / "folder")
    assert sorted(os.listdir(tmp_path)) == ["folder", path.name]


def test_a_conversion_names_threads_that_are_not_whole(path: Path, tmp_path: Path) -> None:
    write_archive(path, [(thread(1), []), (thread(2), [])])
    with sqlite3.connect(path) as database:
        database.execute("UPDATE threads SET is_complete = 0 WHERE id = 'cthr_2'")
    database.close()
    with Archive(path) as archive:
        report = archive.write_jsonl(tmp_path / "out.jsonl")
    assert not report.ok
    assert report.to_dict()["incomplete_threads"] == ["cthr_2"]


@pytest.mark.parametrize("way", ["itself", "symlink", "hard link", "another archive"])
def test_a_conversion_refuses_to_replace_an_archive(path: Path, tmp_path: Path, way: str) -> None:
    write_archive(path, [(thread(1), [])])
    target = path if way == "itself" else tmp_path / "other"
    if way == "symlink":
        target.symlink_to(path)
    elif way == "hard link":
        target.hardlink_to(path)
    elif way == "another archive":
        write_archive(target, [(thread(2), [])])
    before, names = target.read_bytes(), sorted(os.listdir(tmp_path))
    with Archive(path) as archive:
        for write in (archive.write_jsonl, archive.write_markdown):
            with pytest.raises(ArchiveError, match="is an archive, which would be lost: choose another path"):
                write(target)
        assert archive.verify().ok
    assert (target.read_bytes(), sorted(os.listdir(tmp_path))) == (before, names)


@pytest.mark.parametrize("way", ["folder", "FIFO"])
def test_a_conversion_refuses_what_is_not_a_file(path: Path, tmp_path: Path, way: str) -> None:
    write_archive(path, [(thread(1), [])])
    target = tmp_path / "other"
    target.mkdir() if way == "folder" else os.mkfifo(target)
    with Archive(path) as archive, pytest.raises(ArchiveError, match="other is not a file: choose another path"):
        archive.write_jsonl(target)
    assert not target.is_file()


@pytest.mark.parametrize("is_dangling", [True, False])
def test_a_conversion_writes_the_file_that_a_symlink_names(path: Path, tmp_path: Path, *, is_dangling: bool) -> None:
    write_archive(path, [(thread(1), [])])
    (tmp_path / "folder").mkdir()
    link, named = tmp_path / "link", tmp_path / "folder" / "out.jsonl"
    link.symlink_to(named)
    if not is_dangling:
        named.write_text("earlier")
    with Archive(path) as archive:
        archive.write_jsonl(link)
    assert link.is_symlink()
    assert json.loads(named.read_text()) == {"thread": thread(1), "items": []}


def test_a_conversion_names_the_folder_that_does_not_exist(path: Path, tmp_path: Path) -> None:
    write_archive(path, [(thread(1), [])])
    with Archive(path) as archive, pytest.raises(ArchiveError, match=r"the folder .*missing does not exist"):
        archive.write_jsonl(tmp_path / "missing" / "out.jsonl")
