"""The inspector's page in use: dialogs, keyboard, addresses, colours, windows of any width."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest

from chatkit_async import APIConnectionError, ChatKit
from chatkit_async.emulator import Emulator, Fault
from tests.emulator_control.browsing import address, expect, open_row, rows, view
from tests.threads.seeding import one_of_each_kind, thread

pytestmark = pytest.mark.slow

REFUSED = "400 (Bad Request)"  # Chromium logs every error response
COLORS = """(shown) => {
    let ground = shown;
    while (getComputedStyle(ground).backgroundColor === "rgba(0, 0, 0, 0)") ground = ground.parentElement;
    return [getComputedStyle(shown).color, getComputedStyle(ground).backgroundColor];
}"""
# The contrast of two colours as WCAG 2 defines it.
LUMINANCE = """([text, ground]) => {
    const light = (color) => color.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255)
        .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
        .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
    const [a, b] = [light(text), light(ground)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
}"""

TYPE_PLACEHOLDER = "() => { const search = document.getElementById('search'); search.value = search.placeholder; }"


def dialog(page: Any, name: str) -> Any:
    """Opens a dialog by its button."""
    page.locator(f"[data-dialog={name}]").click()
    opened = page.locator(f"dialog#{name}")
    expect(opened).to_be_visible()
    return opened


def test_the_clock_is_advanced_and_set_back(
    page: Any, emulator: Emulator, client: ChatKit, complaints: list[str]
) -> None:
    complaints.append(REFUSED)
    client.sessions.create(user="user_1", workflow="wf_1")
    view(page, "sessions")
    opened = dialog(page, "clock")
    opened.get_by_role("button", name="+ 10 minutes").click()
    expect(rows(page).locator(".badge")).to_have_text("expired")
    opened.locator("#seconds").fill("-600")
    opened.get_by_role("button", name="Advance", exact=True).click()
    expect(rows(page).locator(".badge")).to_have_text("active")
    opened.locator("#seconds").fill("-1e12")
    opened.get_by_role("button", name="Advance", exact=True).click()
    expect(opened.locator(".error")).to_contain_text("between the years 1970 and 9999")
    emulator.advance_clock(9999)
    opened.get_by_role("button", name="Set to this machine").click()
    expect(opened).to_be_hidden()
    expect(page.locator("#drift")).to_have_text("")


def test_faults_are_added_listed_and_removed(page: Any, client: ChatKit, complaints: list[str]) -> None:
    complaints.append(REFUSED)
    opened = dialog(page, "faults")
    expect(opened.locator("#waiting")).to_have_text("No faults are waiting.")
    opened.locator("#preset").select_option("Third page of a listing fails")
    opened.get_by_role("button", name="Add fault").click()
    expect(opened.locator("#waiting")).to_contain_text('"skip":2')
    expect(opened.locator("#waiting")).to_contain_text("Applies to the next matching request, after skipping 2.")
    expect(page.locator("#fault-count")).to_have_text("1")
    client.threads.list()
    expect(opened.locator("#waiting")).to_contain_text("after skipping 1.")
    opened.locator("#fault").fill('{"method": "PATCH"}')
    opened.get_by_role("button", name="Add fault").click()
    expect(opened.locator(".error")).to_contain_text("method must be None or")
    opened.locator("#fault").fill('{"method": ')
    opened.get_by_role("button", name="Add fault").click()
    expect(opened.locator(".error")).to_contain_text("This is not JSON")
    opened.get_by_role("button", name="Remove all").click()
    expect(opened.locator("#waiting")).to_have_text("No faults are waiting.")
    opened.get_by_role("button", name="Close").click()
    expect(opened).to_be_hidden()


def test_every_preset_is_a_fault_that_the_emulator_takes(page: Any) -> None:
    opened = dialog(page, "faults")
    names = opened.locator("#preset option").all_inner_texts()
    for number, name in enumerate(names, start=1):
        opened.locator("#preset").select_option(name)
        opened.get_by_role("button", name="Add fault").click()
        expect(page.locator("#fault-count")).to_have_text(str(number))
        expect(opened.locator(".error")).to_be_hidden()
    assert len(names) > 10


def test_a_seed_starts_from_the_sample_and_may_come_from_a_file(
    page: Any, emulator: Emulator, tmp_path: Path, complaints: list[str]
) -> None:
    complaints.append(REFUSED)
    opened = dialog(page, "seed")
    expect(opened.locator("#seed-text")).to_have_value(re.compile("cthr_order"))
    opened.get_by_role("button", name="Seed", exact=True).click()
    expect(opened).to_be_hidden()
    expect(page.locator("#tab-threads .count")).to_have_text("2")
    file = tmp_path / "seed.json"
    file.write_text(json.dumps({"threads": [{"thread": {"id": "cthr_file"}, "items": [{"type": "chatkit.widget"}]}]}))
    dialog(page, "seed").locator("#seed-file").set_input_files(file)
    opened.get_by_role("button", name="Seed", exact=True).click()
    expect(opened.locator(".error")).to_contain_text("threads[0].items[0].widget")
    opened.locator("#seed-text").fill('{"threads": [{"thread": {"id": "cthr_file"}}]}')
    opened.get_by_label("Remove earlier threads").check()
    opened.get_by_role("button", name="Seed", exact=True).click()
    expect(page.locator("#tab-threads .count")).to_have_text("1")
    assert [one["id"] for one in emulator.threads()] == ["cthr_file"]


def test_a_reset_asks_first(page: Any, emulator: Emulator, client: ChatKit) -> None:
    client.sessions.create(user="user_1", workflow="wf_1")
    expect(rows(page)).to_have_count(1)
    dialog(page, "reset").get_by_role("button", name="Cancel").click()
    assert len(emulator.sessions()) == 1
    dialog(page, "reset").get_by_role("button", name="Reset").click()
    expect(page.locator("#empty")).to_contain_text("No requests yet")
    assert emulator.sessions() == []


def test_it_works_by_keyboard(page: Any, emulator: Emulator) -> None:
    emulator.seed(threads=[{"thread": thread(number)} for number in range(3)])
    page.keyboard.press("2")
    expect(rows(page)).to_have_count(3)
    page.evaluate("addEventListener('keydown', (event) => { window.scrolls = !event.defaultPrevented; })")
    rows(page).first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    focused = page.locator("#rows .row:focus-visible")
    expect(focused).to_contain_text("Thread 2")
    assert focused.evaluate("(row) => getComputedStyle(row).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    details = page.locator("#details")
    expect(details.locator("h2")).to_have_text("Thread 2")
    page.keyboard.press("ArrowDown")
    expect(details.locator("h2")).to_have_text("Thread 1")
    assert page.evaluate("window.scrolls") is False
    page.keyboard.press("End")
    expect(details.locator("h2")).to_have_text("Thread 0")
    page.keyboard.press("Escape")
    expect(details).to_be_hidden()
    expect(focused).to_contain_text("Thread 0")
    page.keyboard.press("/")
    page.keyboard.type("Thread 1")
    expect(rows(page)).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("3")
    expect(page.locator("#tab-sessions")).to_have_attribute("aria-selected", "true")
    page.locator("#tab-sessions").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tab-requests")).to_be_focused()
    expect(page.locator("#tab-requests")).to_have_attribute("aria-selected", "true")


@pytest.mark.parametrize(("key", "width"), [("Enter", 1280), ("Space", 400)])
def test_tab_reaches_one_row_and_then_its_details(page: Any, emulator: Emulator, key: str, width: int) -> None:
    emulator.seed(threads=[{"thread": thread(number)} for number in range(3)])
    page.set_viewport_size({"width": width, "height": 800})
    view(page, "threads")
    expect(rows(page)).to_have_count(3)
    page.locator("#filter").focus()
    page.keyboard.press("Tab")  # both buttons of the pager are disabled
    focused = page.locator("#rows .row:focus-visible")
    expect(focused).to_contain_text("Thread 2")
    page.keyboard.press(key)
    expect(page.locator("#details h2")).to_have_text("Thread 2")
    if width > 960:  # a narrower window shows the details alone, and focuses them
        page.keyboard.press("Tab")
    expect(page.locator("#close")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#details")).to_be_hidden()
    expect(focused).to_contain_text("Thread 2")


def test_a_narrow_window_shows_times_and_all_of_the_placeholder(page: Any, client: ChatKit) -> None:
    client.threads.list()
    for width in (1280, 400):
        page.set_viewport_size({"width": width, "height": 800})
        expect(rows(page).locator(".at")).to_be_visible()
        page.evaluate(TYPE_PLACEHOLDER)
        assert page.locator("#search").evaluate("(search) => search.scrollWidth <= search.clientWidth")


def test_the_address_keeps_the_view_and_the_open_row(page: Any, emulator: Emulator) -> None:
    emulator.seed(threads=[{"thread": thread(1, id="cthr/ä")}])
    view(page, "threads")
    open_row(page)
    page.reload()
    expect(page.locator("#details h2")).to_have_text("Thread 1")
    page.goto(f"{address(emulator)}#sessions")
    expect(page.locator("#tab-sessions")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#details")).to_be_hidden()


def test_the_open_and_focused_row_stays_so_as_rows_come_and_go(page: Any, emulator: Emulator) -> None:
    view(page, "threads")
    emulator.seed(threads=[{"thread": thread(number)} for number in (1, 2, 3)])
    middle = rows(page).filter(has_text="Thread 2")
    middle.focus()
    page.keyboard.press("Enter")
    emulator.seed(threads=[{"thread": thread(number)} for number in (2, 4)], reset=True)
    expect(page.locator("#rows .title")).to_have_text(["Thread 4", "Thread 2"])
    expect(middle).to_be_focused()
    expect(page.locator("#details h2")).to_have_text("Thread 2")


def test_dark_and_light_differ_and_both_can_be_read(page: Any, emulator: Emulator, client: ChatKit) -> None:
    emulator.add_faults(Fault(drop=True))
    with pytest.raises(APIConnectionError):
        client.sessions.create(user="user_1", workflow="wf_1")
    client.threads.list()
    open_row(page, "disconnected")
    grounds = []
    names = (
        ".path",
        ".took",
        ".method",
        ".row .badge",
        "h2",
        "footer",
        ".count",
        ".callout.bad h3",
        ".callout.fault h3",
    )
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        for name in (
            *names,
            "#details .key",
            "#details .string",
            "#columns span",
            ".badge[data-is='2xx']",
            "button.danger",
        ):
            shown = page.locator(name).first
            assert page.evaluate(LUMINANCE, shown.evaluate(COLORS)) >= 4.5, f"{name} in the {scheme}"
    assert grounds[0] != grounds[1]


def test_nothing_is_wider_than_the_window(page: Any, emulator: Emulator, client: ChatKit) -> None:
    long = "x" * 500
    message = {"type": "chatkit.user_message", "content": [{"type": "input_text", "text": long}]}
    emulator.seed(
        threads=[{"thread": thread(1, title=long, user=long), "items": [*one_of_each_kind(), message]}],
        sessions=[{"user": long, "workflow": {"id": long}}],
    )
    client.request("GET", "/chatkit/threads", query={"after": long})
    for width, name in itertools.product((320, 400, 900, 1600), ("requests", "threads", "sessions")):
        page.set_viewport_size({"width": width, "height": 800})
        view(page, name)
        expect(rows(page)).to_have_count(1)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert rows(page).evaluate("(row) => row.scrollWidth <= row.clientWidth")
        details = open_row(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for shown in [details, *details.locator(".item").all()]:
            assert shown.evaluate("(shown) => shown.scrollWidth <= shown.clientWidth")
        page.locator("#close").click()
