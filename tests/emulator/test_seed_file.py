"""Seed files: the sample, reading a file, and refusals that name the place of the mistake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chatkit_async import ChatKit, ConfigurationError
from chatkit_async.emulator import Emulator, load_seed, sample_seed
from tests.emulator import schema_slice


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "seed.json"


def test_the_sample_is_a_seed_with_every_kind_of_item(file: Path) -> None:
    file.write_text(sample_seed())
    with Emulator.in_thread() as emulator, ChatKit("sk-test", base_url=emulator.base_url, strict=True) as client:
        emulator.seed(**load_seed(file))
        items = [item for thread in client.threads.list() for item in client.threads.list_items(thread.id)]
        assert len({item.type for item in items}) == 6
        assert {thread["user"] for thread in emulator.threads()} == {"user_123", "user_456"}
        assert [session["status"] for session in emulator.sessions()] == ["active", "cancelled"]
        for session in emulator.sessions():
            schema_slice.SESSION.validate(session)


def test_a_seed_file_may_leave_out_threads_and_sessions(file: Path) -> None:
    file.write_text("{}")
    assert load_seed(str(file)) == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the seed file is not JSON: line 1, column 1: Expecting value"),
        ('{"threads": [\n  {"thread": }]}', "the seed file is not JSON: line 2, column 14: Expecting value"),
        ("[" * 100_000, "the seed file is not JSON: "),
        ("[]", "the seed was refused: Invalid type for 'seed': expected an object, but got an array instead."),
        (
            '{"thread": []}',
            "the seed was refused: Unknown parameter: 'thread': did you mean threads? Supported values are: 'threads'",
        ),
        (
            '{"threads": {}}',
            "the seed was refused: Invalid type for 'threads': expected an array, but got an object instead.",
        ),
        (
            '{"sessions": [{"status": "gone"}]}',
            "the seed was refused: sessions[0].status: Invalid value: 'gone'. Supported values are: 'active', ",
        ),
        ('{"sessions": [{"expires_at": NaN}]}', "the seed was refused: Invalid value for 'sessions[0].expires_at'"),
    ],
    ids=["empty", "broken", "deep", "array", "unknown key", "wrong type", "wrong value", "NaN"],
)
def test_a_mistake_is_named_by_the_file_its_place_and_what_is_allowed(file: Path, content: str, message: str) -> None:
    file.write_text(content)
    with pytest.raises(ConfigurationError) as refused:
        load_seed(file)
    assert str(refused.value).startswith(f"{file}: {message}")


def test_a_file_that_is_not_there_or_not_text_is_refused(file: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"seed\.json: the seed file cannot be read: No such file"):
        load_seed(file)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match=r"seed\.json: the seed file is not JSON: "):
        load_seed(file)


def test_loading_changes_nothing_in_what_was_written(file: Path) -> None:
    seed = {"threads": [{"thread": {"id": "cthr_1", "mood": "calm"}, "items": [{"type": "chatkit.video"}]}]}
    file.write_text(json.dumps(seed))
    assert load_seed(file) == seed
