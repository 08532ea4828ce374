"""Tables: fitted to a terminal, one line a row; whole and aligned where the output goes elsewhere."""

from __future__ import annotations

import pytest

from chatkit_async.cli.table import Column, Table, aligned, cells, fitted_widths, shortened
from chatkit_async.cli.views import THREAD_COLUMNS
from chatkit_async.emulator import Emulator
from tests.threads.seeding import thread

from .running import chatkit
from .terminal import on_a_terminal, seen

COLUMNS = (Column("A"), Column("B"))
LONG_ID = f"cthr_{'0123456789abcdef' * 3}"
LONG_USER = "auth0|507f1f77bcf86cd799439011"
TITLES = ("word " * 40, "日本語の長いタイトル" * 12, "e\u0301" * 90, "short")
QUIET = {"TERM": "dumb"}


@pytest.fixture
def seeded(emulator: Emulator) -> Emulator:
    """Threads with long and wide ids, users and titles."""
    threads = [
        thread(number, user=LONG_USER, id=f"{LONG_ID}{number}", title=title) for number, title in enumerate(TITLES)
    ]
    emulator.seed(threads=[{"thread": it, "items": []} for it in threads])
    return emulator


def test_columns_line_up_and_get_no_narrower_on_later_pages(capsys: pytest.CaptureFixture[str]) -> None:
    with Table(COLUMNS) as table:
        table.add([("longer", "1"), ("x", "2")])
        table.add([])
        table.add([("y", "3")])
    assert capsys.readouterr().out == "A       B\nlonger  1\nx       2\ny       3\n"
    assert table.count == 3


def test_a_table_without_rows_has_no_heading(capsys: pytest.CaptureFixture[str]) -> None:
    with Table(COLUMNS) as table:
        table.add([])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("text", "columns"), [("abc", 3), ("日本", 4), ("e\u0301", 1), ("\u0e01\u0e34", 1), ("\u200d", 0), ("", 0)]
)
def test_wide_characters_take_two_columns_and_marks_none(text: str, columns: int) -> None:
    assert cells(text) == columns
    assert aligned((text, "|"), [6]) == text + " " * (8 - columns) + "|"


@pytest.mark.parametrize(
    ("natural", "available", "widths"),
    [
        ([53, 16, 6, 9, 8], 100, [53, 16, 6, 9, 8]),
        ([53, 16, 6, 9, 20], 100, [41, 16, 6, 9, 20]),
        ([53, 16, 6, 9, 120], 100, [13, 16, 6, 9, 48]),
        ([53, 16, 6, 36, 120], 100, [13, 16, 6, 11, 46]),
        ([53, 16, 6, 36, 120], 80, [13, 16, 6, 11, 26]),
        ([53, 16, 6, 36, 20], 80, [13, 16, 6, 17, 20]),
        ([53, 16, 6, 36, 120], 60, [8, 16, 6, 8, 14]),
        ([53, 16, 6, 36, 120], 40, [8, 8, 6, 8, 8]),
    ],
)
def test_ids_give_way_first_and_then_the_last_column_down_to_its_least_width(
    natural: list[int], available: int, widths: list[int]
) -> None:
    assert fitted_widths(THREAD_COLUMNS, natural, available) == widths


@pytest.mark.parametrize(
    ("text", "width", "cut", "found"),
    [
        ("abcdef", 6, "end", "abcdef"),
        ("abcdefg", 6, "end", "abcde…"),
        ("abcdefg", 6, "middle", "abc…fg"),
        ("cthr_0123456789", 9, "middle", "cthr…6789"),
        ("日本語の", 8, "end", "日本語の"),
        ("日本語の", 7, "end", "日本語…"),
        ("日本語の", 6, "end", "日本…"),
        ("日本語の", 6, "middle", "日…の"),
        ("abcdefe\u0301", 4, "middle", "ab…e\u0301"),
        ("abcde\u0301f", 4, "middle", "ab…f"),
        ("e\u0301" * 4, 3, "end", "e\u0301e\u0301…"),
    ],
)
def test_a_cut_text_ends_in_an_ellipsis_and_is_no_wider_than_allowed(
    text: str, width: int, cut: str, found: str
) -> None:
    assert shortened(text, width, cut) == found  # type: ignore[arg-type]
    assert cells(found) <= width


def test_a_title_has_a_third_of_a_narrow_terminal(emulator: Emulator, env: dict[str, str]) -> None:
    threads = [thread(1, user=LONG_USER, id=f"{LONG_ID}1", title="x" * 90), thread(2, id=f"{LONG_ID}2", user="ada")]
    emulator.seed(threads=[{"thread": it, "items": []} for it in threads])
    shown = on_a_terminal("threads", "list", env=env | QUIET, columns=80).shown
    assert "x" * 26 in shown


def test_a_text_of_all_rows_is_below_the_table_if_that_does_not_fit(seeded: Emulator, env: dict[str, str]) -> None:
    heading, *_, same, _ = seen(on_a_terminal("threads", "list", env=env | QUIET, columns=80).shown.rstrip())
    assert heading.split() == ["ID", "CREATED", "(UTC)", "TITLE"]
    assert same == f"In all rows: status active, user {LONG_USER}"


def test_all_columns_stay_where_they_fit(emulator: Emulator, env: dict[str, str]) -> None:
    emulator.seed(threads=[{"thread": thread(number), "items": []} for number in (1, 2)])
    heading, *rows = seen(on_a_terminal("threads", "list", env=env | QUIET, columns=80).shown.rstrip())
    assert heading.split() == ["ID", "CREATED", "(UTC)", "STATUS", "USER", "TITLE"]
    assert len(rows) == 2


@pytest.mark.parametrize("columns", [60, 80, 100])
def test_every_row_is_one_line_that_fits_the_terminal(seeded: Emulator, env: dict[str, str], columns: int) -> None:
    shown = seen(on_a_terminal("threads", "list", env=env | QUIET, columns=columns).shown.rstrip())
    heading, *rows, _, hint = shown
    assert hint == "Ids are shortened to fit; --wide prints them whole."
    assert len(rows) == len(TITLES)
    assert max(map(cells, [heading, *rows])) <= columns
    assert all(LONG_ID[:6] in row and "…" in row for row in rows)


def test_no_line_breaks_on_the_narrowest_terminal_either(seeded: Emulator, env: dict[str, str]) -> None:
    table, _, _ = on_a_terminal("threads", "list", env=env | QUIET, columns=20).shown.partition("Ids are")
    assert len(seen(table.rstrip())) == 1 + len(TITLES) + 1
    assert max(map(cells, seen(table))) <= 20


def test_columns_in_the_environment_is_the_width(seeded: Emulator, env: dict[str, str]) -> None:
    shown = on_a_terminal("threads", "list", env=env | QUIET | {"COLUMNS": "90"}, columns=200).shown
    assert 80 < max(map(cells, seen(shown))) <= 90


def test_wide_shows_all_of_it_on_a_terminal_too(seeded: Emulator, env: dict[str, str]) -> None:
    shown = on_a_terminal("threads", "list", "--wide", env=env | QUIET, columns=80).shown
    assert all(f"{LONG_ID}{number}" in shown and LONG_USER in shown for number in range(len(TITLES)))
    assert "shortened" not in shown


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_ids_and_users_are_whole_where_the_output_goes_elsewhere(
    seeded: Emulator, env: dict[str, str], options: tuple[str, ...]
) -> None:
    for shown in (
        chatkit("threads", "list", *options, env=env).stdout,
        on_a_terminal("threads", "list", *options, env=env, columns=80, into="file").elsewhere,
    ):
        assert all(f"{LONG_ID}{number}" in shown and LONG_USER in shown for number in range(len(TITLES)))


def test_json_is_whole_on_a_terminal_too(seeded: Emulator, env: dict[str, str]) -> None:
    shown = on_a_terminal("threads", "list", "--json", env=env | QUIET, columns=80).shown
    assert all(f"{LONG_ID}{number}" in shown for number in range(len(TITLES)))
