"""The inspector's page in a browser."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit_async import APIConnectionError, ChatKit
from chatkit_async.emulator import Emulator, Fault
from tests.emulator_control.asking import BEGINNING
from tests.emulator_control.browsing import address, expect, rows, tab
from tests.threads.seeding import one_of_each_kind, thread

pytestmark = pytest.mark.slow

HOSTILE = "<script>window.struck = 1</script><img src=x onerror='window.struck = 1'>\u202e"


def test_what_is_empty_says_what_to_do(page: Any, emulator: Emulator) -> None:
    for name, words in (
        ("sessions", emulator.base_url),
        ("threads", "/__emulator__/seed"),
        ("requests", "appear here"),
    ):
        expect(page.locator(f"section:has(#{name}) .empty")).to_contain_text(words)
    expect(page.locator("#base-url")).to_have_text(emulator.base_url)


def test_a_created_session_appears_by_itself_and_expires_by_the_emulators_clock(
    page: Any, emulator: Emulator, client: ChatKit
) -> None:
    expect(rows(page, "sessions")).to_have_count(0)
    session = client.sessions.create(user="user_1", workflow="wf_1", expires_after=600)
    row = rows(page, "sessions")
    expect(row).to_contain_text(session.id)
    expect(row.locator(".badge")).to_have_text("active")
    emulator.advance_clock(590)
    expect(row.locator(".aside")).to_contain_text("0:0")
    emulator.advance_clock(30)
    expect(row.locator(".badge")).to_have_text("expired")
    expect(row.locator(".aside")).to_contain_text("ago")
    expect(page.locator("section:has(#sessions) .empty")).to_be_hidden()


def test_remaining_time_is_counted_between_answers(browser: Any, emulator: Emulator) -> None:
    emulator.seed(sessions=[{"user": "user_1"}])
    with tab(browser, []) as page:
        page.clock.install()
        page.goto(address(emulator))
        remaining = rows(page, "sessions").locator(".aside")
        expect(remaining).to_contain_text("left")
        page.route("**/state*", lambda route: None)  # the emulator is not heard of any more
        page.clock.run_for(1_000_000)
        expect(rows(page, "sessions").locator(".badge")).to_have_text("expired")
        expect(remaining).to_contain_text("ago")


def test_a_cancelled_session_says_so(page: Any, client: ChatKit) -> None:
    client.sessions.cancel(client.sessions.create(user="user_1", workflow="wf_1").id)
    expect(rows(page, "sessions").locator(".badge")).to_have_text("cancelled")


def test_no_client_secret_is_on_the_page(page: Any, client: ChatKit) -> None:
    session = client.sessions.create(user="user_1", workflow="wf_1")
    rows(page, "sessions").locator("summary").click()
    expect(rows(page, "sessions").locator("pre")).to_contain_text('"client_secret": "***"')
    rows(page, "requests").locator("summary").click()
    expect(rows(page, "requests").locator("dl").last).to_contain_text("Bearer ***")
    assert str(session.client_secret) not in page.content()
    assert "sk-test" not in page.content()


def test_threads_show_their_items_and_new_ones_as_they_come(page: Any, emulator: Emulator) -> None:
    items = one_of_each_kind("cthr_1")
    emulator.seed(threads=[{"thread": thread(1), "items": items[:2]}, {"thread": thread(2, title=None)}])
    expect(rows(page, "threads").first).to_contain_text("Untitled")
    opened = rows(page, "threads").last
    opened.locator("summary").click()
    expect(opened.locator(".item")).to_have_count(2)
    emulator.seed(threads=[{"thread": thread(1), "items": items}])
    expect(opened.locator(".item")).to_have_count(len(items))
    shown = opened.locator(".items")
    for text in ("opening hours", "plan.pdf", "https://example.com/gates", "Card", "open_map", "Thinking", "hologram"):
        expect(shown).to_contain_text(text)


def test_hostile_content_is_text(page: Any, emulator: Emulator, client: ChatKit) -> None:
    items = [_hostile(item) for item in one_of_each_kind("cthr_1")]
    emulator.seed(
        threads=[{"thread": thread(1, title=HOSTILE, user=HOSTILE, status={"type": HOSTILE}), "items": items}],
        sessions=[{"id": HOSTILE, "user": HOSTILE, "workflow": {"id": HOSTILE}}],
    )
    client.request("GET", "/chatkit/threads", query={"user": HOSTILE})
    for name in ("sessions", "threads", "requests"):
        rows(page, name).locator("summary").click()
    expect(page.locator("#threads .title")).to_contain_text("<script>window.struck")
    expect(page.locator("#threads .item")).to_have_count(len(items))
    assert page.locator("#threads .items").inner_text().count("onerror") >= len(items)
    assert page.locator("main script, main img, main iframe, main a, main [onerror]").count() == 0
    assert page.evaluate("window.struck") is None


def _hostile(value: Any) -> Any:
    """The item with hostile text wherever the kind does not need another."""
    if isinstance(value, dict):
        kept = {"id", "object", "created_at", "thread_id", "type"}
        return {name: held if name in kept else _hostile(held) for name, held in value.items()}
    if isinstance(value, list):
        return [_hostile(held) for held in value]
    return HOSTILE if isinstance(value, str) else value


def test_scripts_in_the_page_itself_could_not_run(page: Any, complaints: list[str]) -> None:
    complaints += ["violation: script-src-elem", "Content Security Policy"]
    with page.expect_console_message(lambda message: "violation" in message.text):
        page.evaluate(
            """() => {
                const script = document.createElement("script");
                script.textContent = "window.struck = 1";
                document.body.append(script);
            }"""
        )
    assert page.evaluate("window.struck") is None


def test_requests_are_logged_with_how_they_ended(page: Any, emulator: Emulator, client: ChatKit) -> None:
    emulator.add_faults(Fault(drop=True))
    with pytest.raises(APIConnectionError):
        client.sessions.create(user="user_dropped", workflow="wf_1")
    client.threads.list(user="user_1")
    expect(rows(page, "requests")).to_have_count(2)
    expect(rows(page, "requests").first).to_contain_text("GET")
    expect(rows(page, "requests").first.locator(".status")).to_have_text("200")
    dropped = rows(page, "requests").last
    expect(dropped.locator(".badge")).to_have_text("disconnected")
    dropped.locator("summary").click()
    expect(dropped.locator("pre")).to_contain_text("user_dropped")


def test_the_clock_is_the_emulators(page: Any, emulator: Emulator) -> None:
    expect(page.locator("#drift")).to_have_text("")
    emulator.set_clock(BEGINNING)
    expect(page.locator("#time")).to_contain_text("2027-01-15 08:0")
    expect(page.locator("#drift")).to_contain_text("this machine")


def test_it_asks_only_while_somebody_looks(browser: Any, emulator: Emulator) -> None:
    with tab(browser, []) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url) if "/state" in request.url else None)
        page.clock.install()
        page.goto(address(emulator))
        expect(page.locator("#time")).to_contain_text(":")
        page.evaluate(LOOK, True)
        before = len(asked)
        page.clock.run_for(60_000)
        page.evaluate(ASK_FOR_SOMETHING_ELSE)  # what was asked before this has been noticed then
        assert len(asked) == before
        emulator.seed(threads=[{"thread": thread(1)}])
        page.evaluate(LOOK, False)
        expect(rows(page, "threads")).to_have_count(1)
        assert len(asked) > before


def test_it_asks_no_more_when_nobody_looks_since_it_asked_last(browser: Any, emulator: Emulator) -> None:
    with tab(browser, []) as page:
        page.clock.install()
        asked = hide_while_it_asks(page, emulator)
        page.clock.run_for(60_000)
        page.evaluate(ASK_FOR_SOMETHING_ELSE)
        assert len(asked) == 1


def test_what_a_row_holds_is_asked_for_when_it_is_opened(browser: Any, emulator: Emulator) -> None:
    emulator.seed(threads=[{"thread": thread(1), "items": one_of_each_kind()}])
    with tab(browser, []) as page:
        asked = hide_while_it_asks(page, emulator)  # so that it does not ask by itself
        page.unroute("**/state*")
        rows(page, "threads").locator("summary").click()
        expect(page.locator("#threads .item").first).to_be_visible()
        assert len(asked) == 1


def hide_while_it_asks(page: Any, emulator: Emulator) -> list[Any]:
    """Opens the page and hides it before it has its first answer; what it asks for."""
    asked: list[Any] = []
    page.route("**/state*", lambda route: asked.append(route))  # a plain function, as Playwright marks it
    with page.expect_request("**/state*"):
        page.goto(address(emulator))
    while not asked:
        page.wait_for_timeout(10)
    page.evaluate(LOOK, True)
    asked[0].continue_()
    expect(page.locator("#time")).to_contain_text(":")
    return asked


ASK_FOR_SOMETHING_ELSE = "fetch('/__emulator__/inspector.svg').then((answer) => answer.text())"
LOOK = """(hidden) => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_it_says_that_the_emulator_is_gone_and_goes_on_when_it_is_back(browser: Any) -> None:
    with tab(browser, []) as page:
        with Emulator.in_thread() as first:
            port = int(first.base_url.rsplit(":", 1)[1].removesuffix("/v1"))
            page.goto(address(first))
            expect(page.locator("#time")).to_contain_text(":")
            expect(page.locator("#trouble")).to_be_hidden()
        expect(page.locator("#trouble")).to_contain_text("does not answer")
        expect(page.locator("main")).not_to_have_css("opacity", "1")
        with Emulator.in_thread(port=port) as second:
            second.seed(threads=[{"thread": thread(1)}])
            expect(rows(page, "threads")).to_have_count(1)
            expect(page.locator("#trouble")).to_be_hidden()
            expect(page.locator("main")).to_have_css("opacity", "1")


def test_what_the_emulator_refuses_is_said(browser: Any, emulator: Emulator) -> None:
    with tab(browser, []) as page:
        body = {"error": {"message": "The emulator's control plane refused the request."}}
        page.route("**/state*", lambda route: route.fulfill(status=403, json=body))
        page.goto(address(emulator))
        expect(page.locator("#trouble")).to_have_text("The emulator's control plane refused the request.")
