"""The inspector's page as files: what is served, and what browsers are told about it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import chatkit_async.emulator.inspector
from chatkit_async.emulator import Emulator
from chatkit_async.emulator.inspector import FILES
from tests.emulator_control.asking import asked, error_of

FOLDER = Path(chatkit_async.emulator.inspector.__file__).parent


@pytest.mark.parametrize("path", FILES)
async def test_each_file_is_served_under_a_strict_policy(emulator: Emulator, path: str) -> None:
    answer = await asked(emulator, "GET", path)
    assert (answer.status, answer.body) == (200, (FOLDER / FILES[path].name).read_bytes())
    assert answer.headers["content-type"] == FILES[path].media_type
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = answer.headers["content-security-policy"].split("; ")
    assert policy[:4] == ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in answer.headers["content-security-policy"]


async def test_head_is_answered_without_the_page(emulator: Emulator) -> None:
    answer = await asked(emulator, "HEAD", "/")
    assert (answer.status, answer.body) == (200, b"")


async def test_other_methods_at_the_root_are_the_apis_to_refuse(emulator: Emulator) -> None:
    answer = await asked(emulator, "DELETE", "/")
    assert (answer.status, error_of(answer)["message"]) == (404, "Invalid URL (DELETE /)")


def test_what_the_page_refers_to_is_served() -> None:
    html = (FOLDER / "inspector.html").read_text()
    referred = set(re.findall(r'(?:href|src)="([^"]+)"', html))
    imported = {
        f"/__emulator__/{name}"
        for file in FOLDER.glob("*.js")
        for name in re.findall(r'from "\./([^"]+)"', file.read_text())
    }
    assert referred | imported | {"/"} == set(FILES)


def test_every_file_is_small_and_knows_no_way_to_read_text_as_html() -> None:
    files = [path for path in FOLDER.iterdir() if path.suffix in {".html", ".css", ".js", ".svg"}]
    assert {path.name for path in files} == {file.name for file in FILES.values()}
    for path in files:
        content = path.read_text()
        assert len(content.splitlines()) <= 300
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|style=", content)
