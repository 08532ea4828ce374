"""The programs in docs/examples, exactly these files, run by the servers their users run them by."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chatkit_async.emulator import Emulator
from tests.emulator_control.browsing import browsing, expect, tab

from .apps.shared import LOGOUT
from .fetching import cookie_header, fetch, users
from .serving import CHECKOUT, DEADLINE_S, GUNICORNS_OWN, Kind, serving

pytestmark = [pytest.mark.slow, pytest.mark.checkout]

EXAMPLES = CHECKOUT / "docs" / "examples"
SIGN_IN = "/sign-in?name=ada"


def uvicorn(program: str) -> Kind:
    return Kind(["uvicorn", f"{program}:app", "--fd={socket}", "--log-level=warning"])


def gunicorn(program: str) -> Kind:
    return Kind(["gunicorn", f"{program}:app", "--bind=fd://{socket}", "--threads=4"], warnings=[GUNICORNS_OWN])


SERVERS = {
    "fastapi_app": uvicorn("fastapi_app"),
    "litestar_app": uvicorn("litestar_app"),
    "flask_app": gunicorn("flask_app"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the examples, since some write files beside them."""
    return Path(shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__")))


@pytest.fixture
def served(folder: Path, tmp_path: Path, emulator: Emulator) -> Iterator[Callable[[Kind], str]]:
    """Serves an example; its URL."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield lambda kind: stack.enter_context(serving(kind, tmp_path / "log", emulator.base_url, folder)).url


@pytest.mark.parametrize("program", SERVERS)
def test_a_signed_in_user_gets_a_secret(program: str, served: Callable[[Kind], str], emulator: Emulator) -> None:
    check_sign_in(served(SERVERS[program]), emulator)


def check_sign_in(url: str, emulator: Emulator) -> None:
    """No secret before the sign-in, one after it; where there is a logout, none of it is left."""
    refused = fetch(url)
    assert (refused.status, refused.error["code"]) == (401, "not_signed_in")
    signed_in = fetch(url, SIGN_IN)
    assert signed_in.status in (200, 201)
    given = fetch(url, headers=cookie_header(signed_in))
    [session] = emulator.sessions()
    assert (session["user"], session["workflow"]["id"]) == ("ada", "wf_abc")
    assert given.json == {"client_secret": session["client_secret"], "expires_at": session["expires_at"]}
    if fetch(url, LOGOUT, headers=cookie_header(signed_in)).status != 404:
        assert [session["status"] for session in emulator.sessions()] == ["cancelled"]
        assert b"<openai-chatkit" in fetch(url, "/", method="GET").body


def test_the_aiohttp_program_gives_a_signed_in_user_a_secret(folder: Path, emulator: Emulator) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "aiohttp_app.py"], cwd=folder, env=environment(emulator, PORT=str(port))
    )
    try:
        wait_for(port)
        check_sign_in(f"http://127.0.0.1:{port}", emulator)
    finally:
        process.terminate()
        process.wait(DEADLINE_S)


def environment(emulator: Emulator, **more: str) -> dict[str, str]:
    own = {"PYTHONPATH": str(CHECKOUT), "OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": emulator.base_url}
    return {**os.environ, **own, **more}


def wait_for(port: int) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens on port {port} after {DEADLINE_S} s")


def test_the_django_program_gives_a_signed_in_user_a_secret_under_its_primary_key(
    folder: Path, served: Callable[[Kind], str], emulator: Emulator
) -> None:
    def manage(*command: str) -> None:
        subprocess.run(
            [sys.executable, "django_app.py", *command], cwd=folder, env=environment(emulator), timeout=50, check=True
        )

    manage("migrate", "--verbosity=0")
    made = "from django.contrib.auth.models import User; User.objects.create_user('ada', password='correct horse')"
    manage("shell", "--verbosity=0", "-c", made)
    url = served(gunicorn("django_app"))
    page = fetch(url, "/", method="GET")
    assert b"<openai-chatkit" in page.body
    assert fetch(url).status == 401
    form = {"Content-Type": "application/x-www-form-urlencoded", **cookie_header(page)}
    token = page.cookies["csrftoken"].value
    body = f"name=ada&password=correct+horse&csrfmiddlewaretoken={token}".encode()
    signed_in = fetch(url, "/sign-in", body=body, headers=form)
    assert (signed_in.status, signed_in.body) == (200, b"1")
    given = fetch(url, headers=cookie_header(signed_in))
    assert given.status == 200
    assert users(emulator) == ["1"]
    csrf = {**cookie_header(signed_in), "X-CSRFToken": signed_in.cookies["csrftoken"].value}
    assert fetch(url, LOGOUT, headers=csrf).status == 204
    assert [session["status"] for session in emulator.sessions()] == ["cancelled"]


def test_the_plain_asgi_program_gives_a_visitor_a_secret(served: Callable[[Kind], str], emulator: Emulator) -> None:
    url = served(uvicorn("asgi_app"))
    assert b"<openai-chatkit" in fetch(url, "/", method="GET").body
    first = fetch(url)
    assert fetch(url, headers=cookie_header(first)).json == first.json
    [user] = users(emulator)
    assert user.startswith("anonymous_")
    assert fetch(url, LOGOUT, headers=cookie_header(first)).status == 204
    assert [session["status"] for session in emulator.sessions()] == ["cancelled"]
    assert fetch(url, "/elsewhere").status == 404


WIDGET = """
customElements.define("openai-chatkit", class extends HTMLElement {
  async setOptions({ api }) { this.textContent = await api.getClientSecret(null); }
});
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browsing() as running:
        yield running


def test_the_page_mounts_the_widget_with_a_secret_and_says_why_there_is_none(
    browser: Any, served: Callable[[Kind], str], emulator: Emulator
) -> None:
    url = served(SERVERS["fastapi_app"])
    with tab(browser, []) as page:
        script = "https://cdn.platform.openai.com/deployments/chatkit/chatkit.js"  # its own is not reachable from here
        page.route(script, lambda route: route.fulfill(content_type="text/javascript", body=WIDGET))
        page.goto(url)
        expect(page.locator("#notice")).to_have_text("Sign in first.")
        page.request.post(url + SIGN_IN)
        page.reload()
        page.wait_for_function("document.getElementById('chat').textContent.startsWith('ek_')")
        [session] = emulator.sessions()
        assert page.locator("#chat").inner_text() == session["client_secret"]
        expect(page.locator("#notice")).to_have_text("")


@pytest.mark.parametrize("path", [CHECKOUT / "README.md", EXAMPLES / "page.html"], ids=lambda path: path.name)
def test_the_page_says_that_the_widget_is_loading_and_that_it_cannot_be_loaded(browser: Any, path: Path) -> None:
    [page] = re.findall(r"<!doctype html>.*?</script>(?=\"|\s*</body>)", path.read_text(), re.DOTALL)
    requested: list[Any] = []
    with tab(browser, []) as opened:
        opened.route("http://shop.example/", lambda route: route.fulfill(content_type="text/html", body=page))
        opened.route("https://cdn.platform.openai.com/**", lambda route: requested.append(route))
        opened.goto("http://shop.example/", wait_until="domcontentloaded")
        expect(opened.locator("#notice")).to_have_text("The chat is loading ...")
        requested[0].abort()
        expect(opened.locator("#notice")).to_have_text("The chat cannot be loaded from cdn.platform.openai.com.")
        expect(opened.locator("#notice")).to_be_in_viewport()
