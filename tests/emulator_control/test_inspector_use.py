"""The inspector's page for whoever has it before them: keyboard, colours, windows of any width."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit_async import APIConnectionError, ChatKit
from chatkit_async.emulator import Emulator, Fault
from tests.emulator_control.browsing import expect, rows
from tests.threads.seeding import one_of_each_kind, thread

pytestmark = pytest.mark.slow

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


def test_it_works_by_keyboard(page: Any, emulator: Emulator) -> None:
    emulator.seed(threads=[{"thread": thread(number)} for number in range(3)])
    expect(rows(page, "threads")).to_have_count(3)
    page.evaluate("addEventListener('keydown', (event) => { window.scrolls = !event.defaultPrevented; })")
    page.keyboard.press("Tab")
    focused = page.locator("#threads summary:focus-visible")
    expect(focused).to_contain_text("Thread 2")
    assert focused.evaluate("(row) => getComputedStyle(row).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.locator("#threads details[open]")).to_contain_text("No items")
    page.keyboard.press("ArrowDown")
    expect(focused).to_contain_text("Thread 1")
    assert page.evaluate("window.scrolls") is False
    page.keyboard.press("End")
    expect(focused).to_contain_text("Thread 0")
    page.keyboard.press("ArrowDown")
    expect(focused).to_contain_text("Thread 0")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Home")
    expect(focused).to_contain_text("Thread 2")
    page.keyboard.press("Enter")
    expect(page.locator("#threads details[open]")).to_have_count(0)


def test_what_is_open_and_focused_stays_so_as_rows_come_and_go(page: Any, emulator: Emulator) -> None:
    emulator.seed(threads=[{"thread": thread(number)} for number in (1, 2, 3)])
    middle = page.locator("#threads summary", has_text="Thread 2")
    middle.focus()
    page.keyboard.press("Enter")
    emulator.seed(threads=[{"thread": thread(number)} for number in (2, 4)], reset=True)
    expect(page.locator("#threads summary .title")).to_have_text(["Thread 4", "Thread 2"])
    expect(middle).to_be_focused()
    expect(page.locator("#threads details[open]")).to_contain_text("Thread 2")


def test_dark_and_light_differ_and_both_can_be_read(page: Any, emulator: Emulator, client: ChatKit) -> None:
    client.sessions.create(user="user_1", workflow="wf_1")
    emulator.add_faults(Fault(drop=True))
    with pytest.raises(APIConnectionError):
        client.sessions.create(user="user_1", workflow="wf_1")
    expect(rows(page, "requests")).to_have_count(2)
    grounds = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        for name in (".title", ".id", ".aside", ".method", ".badge", "h2", "footer", "#sessions-title .count"):
            assert page.evaluate(LUMINANCE, page.locator(name).first.evaluate(COLORS)) >= 4.5, f"{name} in the {scheme}"
    assert grounds[0] != grounds[1]


@pytest.mark.parametrize("width", [320, 700, 1600])
def test_nothing_is_wider_than_the_window(page: Any, emulator: Emulator, width: int) -> None:
    long = "x" * 500
    said = {"type": "chatkit.user_message", "content": [{"type": "input_text", "text": long}]}
    emulator.seed(
        threads=[{"thread": thread(1, title=long, user=long), "items": [*one_of_each_kind(), said]}],
        sessions=[{"user": long, "workflow": {"id": long}}],
    )
    page.set_viewport_size({"width": width, "height": 800})
    for name in ("sessions", "threads"):
        rows(page, name).locator("summary").click()
    expect(page.locator("#threads .item").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for shown in page.locator("#threads .content, #threads .item").all():
        assert shown.evaluate("(shown) => shown.scrollWidth <= shown.clientWidth")
