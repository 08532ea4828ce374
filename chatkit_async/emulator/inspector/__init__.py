"""The inspector: a page that shows and controls the emulator, in files that a browser reads as they are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import attrs

from .._api import ApiResponse

FOLDER = Path(__file__).parent
# Only these files may load or run, whatever text a thread has, and no page may frame this one.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}


@attrs.frozen
class PageFile:
    """A file beside this one, and its media type."""

    name: str
    media_type: str

    def response(self) -> ApiResponse:
        """The file as a response."""
        content = (FOLDER / self.name).read_bytes()
        return ApiResponse(200, {**HEADERS, "Content-Type": self.media_type}, content)


FILES: Mapping[str, PageFile] = {
    "/": PageFile("inspector.html", "text/html; charset=utf-8"),
    "/__emulator__/inspector.css": PageFile("inspector.css", "text/css; charset=utf-8"),
    "/__emulator__/inspector.js": PageFile("inspector.js", "text/javascript; charset=utf-8"),
    "/__emulator__/dom.js": PageFile("dom.js", "text/javascript; charset=utf-8"),
    "/__emulator__/dialogs.js": PageFile("dialogs.js", "text/javascript; charset=utf-8"),
    "/__emulator__/rows.js": PageFile("rows.js", "text/javascript; charset=utf-8"),
    "/__emulator__/views.js": PageFile("views.js", "text/javascript; charset=utf-8"),
    "/__emulator__/inspector.svg": PageFile("inspector.svg", "image/svg+xml"),
}
