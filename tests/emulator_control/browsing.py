"""A page in headless Chromium, and the errors in its console."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from chatkit_async.emulator import Emulator

FLAGS = [
    "--no-sandbox",
    "--headless",
    "--disable-background-networking",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 20_000
REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) => console.error(`violation: ${event.violatedDirective}`));
"""


def chromium() -> str:
    """The path of Debian's Chromium; skips the test without it."""
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("chromium is not installed (Debian: apt-get install chromium)")
    return found


@contextmanager
def browsing() -> Iterator[Any]:
    """A browser for blocking tests."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS, timeout=50_000)
        yield browser
        browser.close()


@contextmanager
def tab(browser: Any, complaints: list[str], **settings: Any) -> Iterator[Any]:
    """A new tab; errors and warnings in it are added to `complaints`."""
    context = browser.new_context(**settings)
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(REPORT_VIOLATIONS)
    page = context.new_page()
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    yield page
    context.close()


def address(emulator: Emulator) -> str:
    """The address of the page."""
    return emulator.base_url.removesuffix("v1")


def expect(thing: Any) -> Any:
    """Assertions about the page that wait until they hold."""
    from playwright.sync_api import expect as playwright_expect

    return playwright_expect(thing)


def rows(page: Any) -> Any:
    """The rows of the view that the page shows."""
    return page.locator("#rows .row")


def view(page: Any, name: str) -> None:
    """Switches to a view by its tab."""
    page.locator(f"#tab-{name}").click()


def open_row(page: Any, text: str = "") -> Any:
    """Opens the first row with this text, and returns the details."""
    rows(page).filter(has_text=text).first.click()
    details = page.locator("#details")
    expect(details).to_be_visible()
    return details
