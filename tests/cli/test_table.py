"""Tables that go into a pipe: aligned, whatever the characters, and steady from page to page."""

from __future__ import annotations

import pytest

from chatkit_async.cli.table import Table, aligned, cells
from chatkit_async.cli.thread_view import shortened, thread_lines, thread_row


def test_columns_line_up_and_get_no_narrower_on_later_pages(capsys: pytest.CaptureFixture[str]) -> None:
    with Table(("A", "B")) as table:
        table.add([("longer", "1"), ("x", "2")])
        table.add([])
        table.add([("y", "3")])
    assert capsys.readouterr().out == "A       B\nlonger  1\nx       2\ny       3\n"
    assert table.count == 3


def test_a_table_without_rows_has_no_heading(capsys: pytest.CaptureFixture[str]) -> None:
    with Table(("A", "B")) as table:
        table.add([])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("text", "columns"), [("abc", 3), ("日本", 4), ("e\u0301", 1), ("", 0)])
def test_wide_characters_take_two_columns_and_accents_none(text: str, columns: int) -> None:
    assert cells(text) == columns
    assert aligned((text, "|"), [6]) == text + " " * (8 - columns) + "|"


def test_a_thread_of_which_nothing_is_known_has_a_row_all_the_same() -> None:
    assert thread_row({}) == ("-",) * 5
    odd = thread_row({"id": "cthr_1", "created_at": 10**18, "status": {"type": "frozen"}, "user": "u" * 512})
    assert odd == ("cthr_1", f"Unix time {10**18}", "frozen", "u" * 37 + "...", "-")


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ({"type": "active"}, "active"),
        ({"type": "closed", "reason": None}, "closed"),
        ({"type": "frozen", "reason": {"by": "ada"}}, 'frozen: {"by": "ada"}'),
        ({}, "{}"),
    ],
)
def test_a_status_reads_whatever_it_is(status: dict[str, object], text: str) -> None:
    assert thread_lines({"status": status}) == [("status", text)]  # type: ignore[dict-item]


def test_what_is_cut_says_so_and_is_as_long_as_allowed() -> None:
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("abcdefg", 6) == "abc..."
