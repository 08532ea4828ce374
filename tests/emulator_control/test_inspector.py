"""The inspector's page in a browser: what it shows."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit_async import APIConnectionError, ChatKit, ChatKitError
from chatkit_async.emulator import Emulator, Fault
from tests.emulator_control.browsing import address, expect, open_row, rows, tab, view
from tests.emulator_control.control_requests import BEGINNING
from tests.threads.seeding import one_of_each_kind, thread

pytestmark = pytest.mark.slow

HOSTILE = "<script>window.executed = 1</script><img src=x onerror='window.executed = 1'>\u202e"


def test_an_empty_view_says_what_to_do(page: Any, emulator: Emulator) -> None:
    for name, words in (("requests", emulator.base_url), ("threads", "emulator.seed"), ("sessions", emulator.base_url)):
        view(page, name)
        expect(page.locator("#empty")).to_contain_text(words)
    expect(page.locator("#base-url")).to_have_text(emulator.base_url)


def test_requests_appear_with_method_path_status_duration_and_request_id(page: Any, client: ChatKit) -> None:
    expect(rows(page)).to_have_count(0)
    client.threads.list(user="user_1")
    session = client.sessions.create(user="user_1", workflow="wf_1")
    expect(rows(page)).to_have_count(2)
    created = rows(page).first
    expect(created.locator(".method")).to_have_text("POST")
    expect(created.locator(".path")).to_have_text("/v1/chatkit/sessions")
    expect(created.locator(".badge")).to_have_text("200")
    expect(created.locator(".took")).to_contain_text("ms")
    assert session.response is not None
    expect(created.locator(".id")).to_have_text(str(session.response.request_id))
    expect(rows(page).last.locator(".path")).to_have_text("/v1/chatkit/threads?user=user_1")
    expect(page.locator("#tab-requests .count")).to_have_text("2")
    headings = page.locator("#columns").inner_text().split("\n")
    assert headings == ["Status", "Method", "Path", "Duration", "Time", "Request id"]


def test_an_open_request_shows_what_was_sent_and_what_came_back(page: Any, client: ChatKit) -> None:
    client.sessions.create(user="user_1", workflow="wf_1")
    details = open_row(page)
    request, response = details.locator("section").all()
    expect(request).to_contain_text('"user": "user_1"')
    expect(response).to_contain_text('"object": "chatkit.session"')
    request.locator("summary").click()
    expect(request.locator("dl")).to_contain_text("Bearer ***")
    expect(details.locator(".callout")).to_have_count(0)


def test_an_open_request_says_why_it_failed_and_which_fault_did_it(
    page: Any, emulator: Emulator, client: ChatKit
) -> None:
    emulator.add_faults(Fault(status=429, headers={"retry-after": "9"}), Fault(drop="after"))
    for _ in range(2):
        with pytest.raises(ChatKitError):
            client.sessions.create(user="user_1", workflow="wf_1")
    with pytest.raises(ChatKitError):
        client.sessions.cancel("cksess_unknown")
    details = open_row(page, "fault: 429")
    expect(details.locator(".callout.bad")).to_contain_text("Rate limit reached")
    expect(details.locator(".callout.fault")).to_contain_text("Responds 429 without doing the work. Sets headers.")
    expect(details.locator(".callout.fault pre")).to_contain_text('"status":429')
    details = open_row(page, "fault: drop after")
    expect(details.locator(".callout.bad")).to_contain_text("after the work was done")
    expect(details).to_contain_text("The emulator sent no response.")
    details = open_row(page, "404")
    expect(details.locator(".callout.bad")).to_contain_text("'cksess_unknown' not found")
    expect(details.locator(".callout.fault")).to_have_count(0)


def test_an_open_request_says_that_the_api_may_not_know_its_workflow(page: Any, client: ChatKit) -> None:
    for workflow, notes in (("my-flow", 1), ("wf_1", 0)):
        session = client.sessions.create(user="user_1", workflow=workflow)
        assert session.response is not None
        details = open_row(page, str(session.response.request_id))
        expect(details.locator(".callout.note")).to_have_count(notes)


def test_a_session_expires_by_the_emulators_clock(page: Any, emulator: Emulator, client: ChatKit) -> None:
    view(page, "sessions")
    session = client.sessions.create(user="user_1", workflow="wf_1", expires_after=600)
    row = rows(page)
    expect(row).to_contain_text(session.id)
    expect(row.locator(".badge")).to_have_text("active")
    emulator.advance_clock(590)
    expect(row.locator(".remaining")).to_contain_text("0:0")
    emulator.advance_clock(30)
    expect(row.locator(".badge")).to_have_text("expired")
    expect(row.locator(".remaining")).to_contain_text("ago")


def test_remaining_time_is_counted_between_polls(browser: Any, emulator: Emulator) -> None:
    emulator.seed(sessions=[{"user": "user_1"}])
    with tab(browser, []) as page:
        page.clock.install()
        page.goto(f"{address(emulator)}#sessions")
        remaining = rows(page).locator(".remaining")
        expect(remaining).to_contain_text("left")
        page.route("**/state*", lambda route: None)  # the emulator does not respond any more
        page.clock.run_for(1_000_000)
        expect(rows(page).locator(".badge")).to_have_text("expired")
        expect(remaining).to_contain_text("ago")


def test_no_client_secret_is_on_the_page(page: Any, client: ChatKit) -> None:
    session = client.sessions.create(user="user_1", workflow="wf_1")
    details = open_row(page)
    expect(details).to_contain_text('"client_secret": "***"')
    assert str(session.client_secret) not in page.content()
    view(page, "sessions")
    expect(open_row(page).locator("pre")).to_contain_text('"client_secret": "***"')
    assert str(session.client_secret) not in page.content()
    assert "sk-test" not in page.content()


def test_threads_show_their_items_and_new_ones_as_they_come(page: Any, emulator: Emulator) -> None:
    items = one_of_each_kind("cthr_1")
    emulator.seed(threads=[{"thread": thread(1), "items": items[:2]}, {"thread": thread(2, title=None)}])
    view(page, "threads")
    expect(rows(page).first).to_contain_text("Untitled")
    details = open_row(page, "cthr_1")
    expect(details.locator(".item")).to_have_count(2)
    emulator.seed(threads=[{"thread": thread(1), "items": items}])
    expect(details.locator(".item")).to_have_count(len(items))
    for text in ("opening hours", "plan.pdf", "https://example.com/gates", "Card", "open_map", "Thinking", "hologram"):
        expect(details.locator(".items")).to_contain_text(text)


def test_a_view_is_paged_beyond_a_hundred(page: Any, emulator: Emulator) -> None:
    emulator.seed(threads=[{"thread": thread(number)} for number in range(230)])
    view(page, "threads")
    expect(page.locator("#range")).to_have_text("1\u2013100 of 230")
    expect(page.locator("#newer")).to_be_disabled()
    page.locator("#older").click()
    expect(page.locator("#range")).to_have_text("101\u2013200 of 230")
    page.locator("#older").click()
    expect(page.locator("#range")).to_have_text("201\u2013230 of 230")
    expect(rows(page)).to_have_count(30)
    expect(page.locator("#older")).to_be_disabled()
    page.locator("#newer").click()
    expect(page.locator("#range")).to_have_text("101\u2013200 of 230")


def test_search_and_filter_narrow_a_view(page: Any, client: ChatKit) -> None:
    client.threads.list(user="ada")
    client.sessions.create(user="grace", workflow="wf_1")
    with pytest.raises(ChatKitError):
        client.sessions.cancel("cksess_unknown")
    expect(rows(page)).to_have_count(3)
    page.locator("#filter").select_option("Failed")
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("cksess_unknown")
    page.locator("#filter").select_option("All requests")
    page.locator("#search").fill("grace")
    expect(rows(page)).to_have_count(1)
    page.locator("#search").fill("no such text")
    expect(page.locator("#empty")).to_contain_text("No requests match")
    page.get_by_role("button", name="Show all").click()
    expect(rows(page)).to_have_count(3)
    view(page, "sessions")
    expect(rows(page)).to_have_count(1)
    expect(page.locator("#search")).to_have_value("")


def test_hostile_content_is_text(page: Any, emulator: Emulator, client: ChatKit) -> None:
    items = [_hostile(item) for item in one_of_each_kind("cthr_1")]
    emulator.seed(
        threads=[{"thread": thread(1, title=HOSTILE, user=HOSTILE, status={"type": HOSTILE}), "items": items}],
        sessions=[{"id": HOSTILE, "user": HOSTILE, "workflow": {"id": HOSTILE}}],
    )
    emulator.add_faults(Fault(status=400, body={"error": {"message": HOSTILE}}))
    with pytest.raises(ChatKitError):
        client.request("GET", "/chatkit/threads", query={"user": HOSTILE})
    emulator.add_faults(Fault(status=400, query={"a": HOSTILE}))
    expect(open_row(page).locator(".callout")).to_have_count(2)
    assert_no_script_ran(page)
    view(page, "threads")
    details = open_row(page)
    expect(details.locator("h2")).to_contain_text("<script>window.executed")
    expect(details.locator(".item")).to_have_count(len(items))
    assert details.locator(".items").inner_text().count("onerror") >= len(items)
    assert_no_script_ran(page)
    view(page, "sessions")
    expect(open_row(page).locator("h2")).to_contain_text("onerror")
    page.locator("[data-dialog=faults]").click()
    expect(page.locator("#waiting")).to_contain_text("onerror")
    assert_no_script_ran(page)


def assert_no_script_ran(page: Any) -> None:
    assert page.locator("main script, main img, main iframe, main a, [onerror], dialog img").count() == 0
    assert page.evaluate("window.executed") is None


def _hostile(value: Any) -> Any:
    """The item with hostile text wherever its kind allows any text."""
    if isinstance(value, dict):
        kept = {"id", "object", "created_at", "thread_id", "type"}
        return {name: one if name in kept else _hostile(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_hostile(one) for one in value]
    return HOSTILE if isinstance(value, str) else value


def test_scripts_in_the_page_itself_could_not_run(page: Any, complaints: list[str]) -> None:
    complaints += ["violation: script-src-elem", "Content Security Policy"]
    with page.expect_console_message(lambda message: "violation" in message.text):
        page.evaluate(
            """() => {
                const script = document.createElement("script");
                script.textContent = "window.executed = 1";
                document.body.append(script);
            }"""
        )
    assert page.evaluate("window.executed") is None


def test_a_request_that_was_cut_off_is_disconnected(page: Any, emulator: Emulator, client: ChatKit) -> None:
    emulator.add_faults(Fault(drop=True))
    with pytest.raises(APIConnectionError):
        client.sessions.create(user="user_dropped", workflow="wf_1")
    expect(rows(page).locator(".status")).to_have_text("disconnected")
    expect(open_row(page).locator("section").first).to_contain_text("user_dropped")


def test_the_clock_is_the_emulators(page: Any, emulator: Emulator) -> None:
    expect(page.locator("#drift")).to_have_text("")
    emulator.set_clock(BEGINNING)
    expect(page.locator("#time")).to_contain_text("2027-01-15 08:0")
    expect(page.locator("#drift")).to_contain_text("ahead")


SEND_A_REQUEST = "fetch('/__emulator__/inspector.svg').then((response) => response.text())"
LOOK = """(hidden) => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_it_polls_only_while_it_is_visible(browser: Any, emulator: Emulator) -> None:
    with tab(browser, []) as page:
        polls: list[str] = []
        page.on("request", lambda request: polls.append(request.url) if "/state" in request.url else None)
        page.clock.install()
        page.goto(f"{address(emulator)}#threads")
        expect(page.locator("#time")).to_contain_text(":")
        page.evaluate(LOOK, True)
        before = len(polls)
        page.clock.run_for(60_000)
        page.evaluate(SEND_A_REQUEST)  # earlier requests have been noticed by then
        assert len(polls) == before
        emulator.seed(threads=[{"thread": thread(1)}])
        page.evaluate(LOOK, False)
        expect(rows(page)).to_have_count(1)
        assert len(polls) > before


def test_it_says_that_the_emulator_does_not_respond_and_continues_when_it_does(browser: Any) -> None:
    with tab(browser, []) as page:
        with Emulator.in_thread() as first:
            port = int(first.base_url.rsplit(":", 1)[1].removesuffix("/v1"))
            page.goto(f"{address(first)}#threads")
            expect(page.locator("#time")).to_contain_text(":")
            expect(page.locator("#trouble")).to_be_hidden()
        expect(page.locator("#trouble")).to_contain_text("does not respond")
        expect(page.locator("main")).not_to_have_css("opacity", "1")
        with Emulator.in_thread(port=port) as second:
            second.seed(threads=[{"thread": thread(1)}])
            expect(rows(page)).to_have_count(1)
            expect(page.locator("#trouble")).to_be_hidden()
            expect(page.locator("main")).to_have_css("opacity", "1")


def test_a_refusal_of_the_emulator_is_shown(browser: Any, emulator: Emulator) -> None:
    with tab(browser, []) as page:
        body = {"error": {"message": "The emulator's control plane refused the request."}}
        page.route("**/state*", lambda route: route.fulfill(status=403, json=body))
        page.goto(address(emulator))
        expect(page.locator("#trouble")).to_have_text("The emulator's control plane refused the request.")
