"""An archive as JSON Lines and Markdown."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import stat
from pathlib import Path

import pytest

from chatkit_async import ArchiveError
from chatkit_async.bulk import Archive

from .helpers import thread, user_message, write_archive


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


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal", ".lock"])
def test_a_conversion_refuses_to_replace_a_part_of_an_archive(path: Path, tmp_path: Path, suffix: str) -> None:
    write_archive(path, [(thread(1), [])])
    link = tmp_path / "link"
    link.symlink_to(f"{path}{suffix}")
    with Archive(path) as archive:
        for target in (f"{path}{suffix}", link):
            with pytest.raises(ArchiveError, match=rf"is a part of the archive {path}: choose another path$"):
                archive.write_jsonl(target)
        archive.write_jsonl(f"{path}.jsonl")
        archive.write_jsonl(tmp_path / suffix)


def test_a_conversion_does_not_take_a_dash_for_stdout(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_archive(path, [(thread(1), [])])
    monkeypatch.chdir(tmp_path)
    with Archive(path) as archive:
        for write in (archive.write_jsonl, archive.write_markdown):
            with pytest.raises(ArchiveError, match=r"^'-' is not stdout here: pass the name of a file"):
                write("-")
        archive.write_jsonl("./-")
    assert sorted(os.listdir(tmp_path)) == ["-", path.name]


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
