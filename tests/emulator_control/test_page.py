"""The inspector's page as files: their content and headers."""

from __future__ import annotations

import re

import pytest

from chatkit_async.emulator import Emulator
from chatkit_async.emulator._control import FILES, INSPECTOR, MEDIA_TYPES
from tests.emulator_control.control_requests import control_request, error_of


@pytest.mark.parametrize("path", FILES)
async def test_each_file_is_served_under_a_strict_policy(emulator: Emulator, path: str) -> None:
    response = await control_request(emulator, "GET", path)
    assert (response.status, response.body) == (200, FILES[path].read_bytes())
    assert response.headers["content-type"] == MEDIA_TYPES[FILES[path].suffix]
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-frame-options"] == "DENY"
    assert response.headers["x-content-type-options"] == "nosniff"
    policy = response.headers["content-security-policy"].split("; ")
    assert policy[:4] == ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in response.headers["content-security-policy"]


async def test_the_response_to_head_has_no_page(emulator: Emulator) -> None:
    response = await control_request(emulator, "HEAD", "/")
    assert (response.status, response.body) == (200, b"")


async def test_other_methods_at_the_root_are_the_apis_to_refuse(emulator: Emulator) -> None:
    response = await control_request(emulator, "DELETE", "/")
    assert (response.status, error_of(response)["message"]) == (404, "Invalid URL (DELETE /)")


def test_every_file_that_the_page_refers_to_is_served() -> None:
    html = (INSPECTOR / "inspector.html").read_text()
    referred = set(re.findall(r'(?:href|src)="([^"]+)"', html))
    imported = {
        f"/__emulator__/{name}"
        for file in INSPECTOR.glob("*.js")
        for name in re.findall(r'from "\./([^"]+)"', file.read_text())
    }
    assert referred | imported | {"/"} == set(FILES)


def test_every_file_is_small_and_never_reads_text_as_html() -> None:
    for path in FILES.values():
        content = path.read_text()
        assert len(content.splitlines()) <= 300
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|style=", content)
