"""State in a SQLite file: it survives every end of the emulator, is private, and a damaged one is named."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from chatkit_async import APIConnectionError, ChatKit, ConfigurationError, InternalServerError
from chatkit_async.emulator import Emulator
from tests.emulator.seeds import thread, threads


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite"


@contextmanager
def running(path: Path) -> Iterator[tuple[Emulator, ChatKit]]:
    with Emulator.in_thread(state=path) as emulator, ChatKit("sk-test", base_url=emulator.base_url) as client:
        yield emulator, client


def test_sessions_and_threads_survive_a_restart(path: Path) -> None:
    with running(path) as (emulator, client):
        emulator.seed(threads=threads(4), sessions=[{"id": "cksess_seeded"}])
        session = client.sessions.create(user="ü", workflow={"id": "wf_1", "state_variables": {"a": 1.5, "b": "🐈"}})
        client.sessions.cancel("cksess_seeded")
        client.threads.delete("cthr_1")
        before = emulator.sessions(), emulator.threads(), emulator.items("cthr_2")
    with running(path) as (emulator, client):
        assert (emulator.sessions(), emulator.threads(), emulator.items("cthr_2")) == before
        assert [one["id"] for one in emulator.threads()] == ["cthr_0", "cthr_2", "cthr_3"]
        assert client.sessions.cancel(session.id).client_secret == session.client_secret


def test_threads_of_the_same_second_keep_their_order(path: Path) -> None:
    with running(path) as (emulator, _):
        emulator.seed(threads=[thread(f"t{number}", created_at=5) for number in (3, 1, 2)])
        emulator.seed(threads=[thread("t1", created_at=5, title="replaced"), thread("t0", created_at=5)])
        before = emulator.threads()
    with running(path) as (emulator, _):
        assert emulator.threads() == before
        assert [one["id"] for one in before] == ["t3", "t1", "t2", "t0"]


def test_a_reset_and_a_seed_with_reset_empty_the_file_too(path: Path) -> None:
    with running(path) as (emulator, client):
        emulator.seed(threads=threads(3))
        client.sessions.create(user="u", workflow="wf_1")
        emulator.seed(threads=[thread("t")], reset=True)
    with running(path) as (emulator, _):
        assert ([one["id"] for one in emulator.threads()], emulator.sessions()) == (["t"], [])
        emulator.reset()
    assert Emulator(state=path).threads() == []


def test_an_emulator_that_does_not_run_reads_and_writes_its_file(path: Path) -> None:
    with Emulator.in_thread(state=path) as emulator:
        pass
    emulator.seed(threads=threads(2))
    other = Emulator(state=str(path))
    assert len(other.threads()) == 2
    emulator.seed(threads=threads(3))
    with running(path) as (emulator, client):
        assert len(client.threads.list().collect()) == 3


SERVER = """
import sys, time
from chatkit_async.emulator import Emulator
with Emulator.in_thread(state=sys.argv[1]) as emulator:
    print(emulator.base_url, flush=True)
    time.sleep(60)
"""


@contextmanager
def process(path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """An emulator in its own process, which is killed at the end."""
    command = [sys.executable, "-c", SERVER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as child:
        assert child.stdout is not None
        try:
            yield child, child.stdout.readline().strip()
        finally:
            child.kill()


def test_work_that_had_its_response_survives_kill_9(path: Path) -> None:
    with Emulator.in_thread(state=path) as emulator:
        emulator.seed(threads=threads(30), sessions=[{"id": f"cksess_{number}"} for number in range(30)])
    created: list[str] = []
    for cut in (1, 20):
        with process(path) as (child, base_url), ChatKit("sk-test", base_url=base_url, max_retries=0) as client:
            for number in range(cut):
                created.append(client.sessions.create(user="u", workflow="wf_1").id)
                client.sessions.cancel(f"cksess_{number}")
                client.threads.delete(f"cthr_{number}", missing_ok=True)
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
            with pytest.raises(APIConnectionError):
                client.threads.list()
        survived = Emulator(state=path)
        statuses = {session["id"]: session["status"] for session in survived.sessions()}
        assert [one for one in statuses if one in created] == created
        assert [statuses[f"cksess_{number}"] for number in range(cut)] == ["cancelled"] * cut
        assert [one["id"] for one in survived.threads()] == [f"cthr_{number}" for number in range(cut, 30)]
        assert len(survived.items("cthr_29")) == 6


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_the_file_and_its_companions_are_the_owners_alone(path: Path) -> None:
    before = os.umask(0)
    try:
        with running(path) as (emulator, client):
            emulator.seed(threads=threads(50))
            client.sessions.create(user="u", workflow="wf_1")
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert len(modes) > 1  # with the write-ahead log
    assert set(modes.values()) == {0o600}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_file_that_others_could_read_is_made_private(path: Path) -> None:
    copies = path.parent / "copies"
    copies.mkdir()
    with running(path) as (_, client):
        client.sessions.create(user="u", workflow="wf_1")
        for file in path.parent.glob("state.sqlite*"):
            shutil.copyfile(file, copies / file.name)
            (copies / file.name).chmod(0o644)
    assert len(list(copies.iterdir())) > 1  # with the write-ahead log, as a killed emulator leaves them
    with running(copies / path.name) as (emulator, _):
        assert {stat.S_IMODE(file.stat().st_mode) for file in copies.iterdir()} == {0o600}
        assert len(emulator.sessions()) == 1


def test_two_emulators_do_not_share_a_file(path: Path) -> None:
    with running(path) as (emulator, _):
        with pytest.raises(ConfigurationError, match="in use by another emulator: stop that one"):
            Emulator(state=path)
        emulator.seed(threads=threads(1))
    assert len(Emulator(state=path).threads()) == 1


def test_an_emulator_that_cannot_listen_unlocks_its_file(path: Path) -> None:
    with Emulator.in_thread() as other:
        port = int(other.base_url.split(":")[2].split("/")[0])
        with pytest.raises(ConfigurationError, match="cannot listen"), Emulator.in_thread(state=path, port=port):
            pass
    with running(path):
        pass


def foreign_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE customers (name TEXT)")


FOREIGN = {
    "text": lambda path: path.write_text("dear diary, " * 50),
    "short text": lambda path: path.write_text("x"),
    "another program's database": foreign_database,
    "a header and nothing more": lambda path: path.write_bytes(b"SQLite format 3\0" + bytes(84)),
}


@pytest.mark.parametrize("make", FOREIGN.values(), ids=FOREIGN)
def test_a_file_of_another_program_is_refused_and_unchanged(path: Path, make: object) -> None:
    make(path)  # type: ignore[operator]
    path.chmod(0o644)
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="choose another file, or move this one away") as refused:
        Emulator(state=path)
    assert str(path) in str(refused.value)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (before, 0o644)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def scrambled(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:4096] + bytes(reversed(content[4096:])))


def changed(statement: str) -> object:
    def change(path: Path) -> None:
        with closing(sqlite3.connect(path)) as database, database:
            database.execute(statement)

    return change


def index_zeroed(path: Path) -> None:
    """Damage that only shows when something is written."""
    with closing(sqlite3.connect(path)) as database:
        [[page]] = database.execute("SELECT rootpage FROM sqlite_schema WHERE type = 'index'").fetchall()
        [[size]] = database.execute("PRAGMA page_size").fetchall()
    content = bytearray(path.read_bytes())
    content[(page - 1) * size : page * size] = bytes(size)
    path.write_bytes(content)


DAMAGED = {
    "index zeroed": index_zeroed,
    "cut short": cut_short,
    "scrambled": scrambled,
    "no JSON": changed("UPDATE documents SET document = substr(document, 5)"),
    "other JSON": changed("UPDATE documents SET document = '[]'"),
    "other fields": changed("UPDATE documents SET document = replace(document, 'chatkit.thread', 'chatkit.tree')"),
    "another table": changed("ALTER TABLE documents RENAME COLUMN document TO text"),
}


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_refused_with_what_to_do(path: Path, damage: object) -> None:
    with Emulator.in_thread(state=path) as emulator:
        emulator.seed(threads=threads(40))
    damage(path)  # type: ignore[operator]
    with pytest.raises(ConfigurationError, match="move it away or delete it, and the emulator begins a new one"):
        Emulator(state=path)
    path.unlink()
    assert Emulator(state=path).threads() == []


async def test_an_emulator_that_finds_its_file_damaged_at_the_start_unlocks_it(path: Path) -> None:
    emulator = Emulator(state=path)
    emulator.seed(threads=threads(1))
    changed("UPDATE documents SET document = '{}'")(path)  # type: ignore[operator]
    with pytest.raises(ConfigurationError, match="damaged"):
        await emulator.__aenter__()
    changed("DELETE FROM documents")(path)  # type: ignore[operator]
    assert Emulator(state=path).threads() == []


def test_a_file_of_another_version_is_refused(path: Path) -> None:
    with Emulator.in_thread(state=path):
        pass
    changed("PRAGMA user_version = 2")(path)  # type: ignore[operator]
    with pytest.raises(ConfigurationError, match="another version of chatkit-async"):
        Emulator(state=path)


@pytest.mark.parametrize("bad", ["", "missing/folder/state.sqlite", "."])
def test_a_path_where_no_file_can_be_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError):
        Emulator(state=bad)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [":memory:", "file:state?mode=memory", "with space é.sqlite"])
def test_a_name_that_means_something_to_sqlite_is_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with Emulator.in_thread(state=name) as emulator:
        emulator.seed(threads=threads(1))
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_work_that_cannot_be_kept_is_not_done(path: Path) -> None:
    with running(path) as (emulator, client):
        emulator.seed(threads=threads(1))
        # As a full disk would, this makes every write fail.
        emulator._state.data.store._database.execute("DROP TABLE documents")  # type: ignore[attr-defined]
        with pytest.raises(InternalServerError):
            client.with_options(max_retries=0).sessions.create(user="u", workflow="wf_1")
        with pytest.raises(ConfigurationError):
            emulator.seed(threads=threads(3))
        assert (emulator.sessions(), len(emulator.threads())) == ([], 1)
