"""The files of the inspector's page, by the paths they are served at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import attrs

from ..wire import Answer

FOLDER = Path(__file__).parent
# Nothing but these files may load or run, whatever text a thread holds, and no page may frame this one.
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

    def answer(self) -> Answer:
        """The file as an answer."""
        content = (FOLDER / self.name).read_bytes()
        return Answer(200, {**HEADERS, "Content-Type": self.media_type}, content)


FILES: Mapping[str, PageFile] = {
    "/": PageFile("inspector.html", "text/html; charset=utf-8"),
    "/__emulator__/inspector.css": PageFile("inspector.css", "text/css; charset=utf-8"),
    "/__emulator__/inspector.js": PageFile("inspector.js", "text/javascript; charset=utf-8"),
    "/__emulator__/rows.js": PageFile("rows.js", "text/javascript; charset=utf-8"),
    "/__emulator__/views.js": PageFile("views.js", "text/javascript; charset=utf-8"),
    "/__emulator__/inspector.svg": PageFile("inspector.svg", "image/svg+xml"),
}
