"""The example page in headless Chromium: a client secret that stays alive, and what browsers let other pages do."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from chatkit_async.emulator import Emulator
from tests.emulator_control.browsing import browsing, expect, tab

from .fetching import users
from .serving import Kind, serving

pytestmark = pytest.mark.slow

APP = Kind(["tests.integrations.page.app"])
MAY_CHAT = "You may chat"
FOREIGN_FORM = """
<form method="post" action="{action}" enctype="{enctype}"><input name="a" value="b"><button>Go</button></form>
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browsing() as running:
        yield running


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, _emulator_thread: Emulator) -> Iterator[str]:
    """The app's address, by a name for which browsers send Secure cookies over plain HTTP."""
    with serving(APP, tmp_path_factory.mktemp("page") / "log", _emulator_thread.base_url) as served:
        yield served.url.replace("127.0.0.1", "localhost")


@pytest.fixture
def page(browser: Any, app: str, emulator: Emulator) -> Iterator[Any]:
    """The page, in a browser whose clock the test moves."""
    heard: list[str] = []
    with tab(browser, heard) as opened:
        opened.clock.install(time=time.time())
        opened.goto(app)
        expect(opened.locator("#status")).to_have_text(MAY_CHAT)
        yield opened
    assert heard == []


def seconds_left(page: Any) -> int:
    found = re.fullmatch(r"(\d+) s", page.locator("#left").inner_text())
    assert found
    return int(found[1])


def pass_time(page: Any, emulator: Emulator, seconds: int) -> None:
    """For the API and for the browser."""
    emulator.advance_clock(seconds)
    page.clock.run_for(seconds * 1000)


def test_the_page_gets_a_secret_when_it_opens_and_shows_the_remaining_time(page: Any, emulator: Emulator) -> None:
    assert len(users(emulator)) == 1
    before = seconds_left(page)
    assert 590 <= before <= 600
    pass_time(page, emulator, 60)
    expect(page.locator("#left")).not_to_have_text(f"{before} s")
    assert before - 62 <= seconds_left(page) <= before - 58


def test_the_page_gets_another_secret_before_the_old_one_expires(page: Any, emulator: Emulator) -> None:
    pass_time(page, emulator, 525)
    assert len(users(emulator)) == 1
    pass_time(page, emulator, 10)
    expect(page.locator("#left")).to_have_text(re.compile(r"(59\d|600) s"))
    first, second = emulator.sessions()
    assert first["user"] == second["user"]
    assert first["client_secret"] != second["client_secret"]
    assert first["status"] == "active"  # nothing was cut off


def test_after_a_reload_the_visitor_is_the_same(page: Any, emulator: Emulator) -> None:
    page.reload()
    expect(page.locator("#status")).to_have_text(MAY_CHAT)
    pass_time(page, emulator, 535)
    expect(page.locator("#left")).to_have_text(re.compile(r"(59\d|600) s"))
    assert len(users(emulator)) == 2
    assert len(set(users(emulator))) == 1


def test_after_sign_in_the_session_has_the_users_name(page: Any, emulator: Emulator) -> None:
    sign_in(page, "ada")
    assert users(emulator)[1:] == ["ada"]


def sign_in(page: Any, user: str) -> None:
    page.get_by_label("Name").fill(user)
    with page.expect_response("**/api/chatkit/session"):
        page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#status")).to_have_text(MAY_CHAT)


def test_after_logout_all_sessions_are_cancelled_and_the_cookie_is_gone(page: Any, emulator: Emulator) -> None:
    sign_in(page, "brook")
    page.get_by_role("button", name="Log out").click()
    expect(page.locator("#status")).to_have_text("You are logged out")
    expect(page.locator("#left")).to_have_text("none")
    assert [session["status"] for session in emulator.sessions()] == ["cancelled", "cancelled"]
    assert [cookie for cookie in page.context.cookies() if "chatkit" in cookie["name"]] == []
    page.reload()
    expect(page.locator("#status")).to_have_text(MAY_CHAT)
    first_visitor, user, next_visitor = users(emulator)
    assert user == "brook"
    assert first_visitor != next_visitor


def test_scripts_cannot_see_the_cookie_that_the_browser_holds(page: Any) -> None:
    [cookie] = page.context.cookies()
    assert cookie["name"] == "__Host-chatkit_visitor"
    assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"], cookie["path"]) == (True, True, "Lax", "/")
    assert page.evaluate("document.cookie") == ""
    assert page.evaluate("(async () => (await cookieStore.getAll()).length)()") == 0


def elsewhere(app: str) -> str:
    """A page of another site, as the same server is to a browser by another name; one that may do anything."""
    return app.replace("localhost", "127.0.0.1") + "/nowhere"


@pytest.mark.parametrize("enctype", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_form_on_another_site_creates_no_session(browser: Any, app: str, emulator: Emulator, enctype: str) -> None:
    with tab(browser, []) as foreign:
        foreign.goto(elsewhere(app))
        foreign.set_content(FOREIGN_FORM.format(action=f"{app}/api/chatkit/session", enctype=enctype))
        with foreign.expect_response("**/api/chatkit/session") as refused:
            foreign.get_by_role("button").click()
        assert refused.value.status == 403
    assert users(emulator) == []


@pytest.mark.parametrize(
    "options",
    [
        "{method: 'POST'}",
        "{method: 'POST', mode: 'no-cors', credentials: 'include'}",
        "{method: 'POST', credentials: 'include', headers: {'Content-Type': 'application/json'}, body: '{}'}",
    ],
)
def test_a_script_on_another_site_creates_no_session_and_reads_nothing(
    browser: Any, app: str, emulator: Emulator, options: str
) -> None:
    with tab(browser, []) as foreign:
        foreign.goto(elsewhere(app))
        read = foreign.evaluate(
            f"fetch('{app}/api/chatkit/session', {options}).then((response) => response.text(), () => 'failed')"
        )
    assert read in ("failed", "")
    assert users(emulator) == []
