"""Faults: what the emulator is told to do wrong, and which request it befalls."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Literal, get_args

import attrs

from ..errors import ConfigurationError
from ..types._json import JSON

FaultKind = Literal["truncated", "broken_json", "html", "trickle", "empty_page", "stuck_cursor"]
KINDS: tuple[FaultKind, ...] = get_args(FaultKind)
DROPS: tuple[bool | str, ...] = (False, True, "after")


def in_capitals(method: str) -> str:
    """The method as requests spell it."""
    return method.upper()


@attrs.frozen(kw_only=True)
class Fault:
    """Something that goes wrong with the next requests that fit.

    A fault without `status`, `body` and `drop` lets the real answer pass: late with `delay`, disfigured with `kind`,
    with `headers` added.

    Args:
        method: the request's method; default POST.
        path: how the request's path ends, as sent; default "", which fits every path.
        times: how many requests it befalls, 1 or more; default 1.
        status: the HTTP status to answer with, 200..599; no work is done. Without `body` an error status is explained
            in the API's words.
        headers: headers to add to the answer, or to set in it.
        body: the body to answer with, text and bytes as they are, anything else as JSON; no work is done. Without
            `status` the status is 200.
        delay: seconds before the answer, the work being done at once; with "trickle" before each piece. Default 0.
        drop: True closes the connection without work or answer, "after" does the work first. Default False.
        kind: "truncated" ends the connection in the middle of the body, "broken_json" sends half the body as if it were
            all, "html" sends a web page instead, "trickle" sends the body in pieces of 16 bytes. On lists (method GET):
            "empty_page" sends a page without data that promises more, "stuck_cursor" the real page, which promises more
            from where it began.

    Raises:
        ConfigurationError: a value is out of its range.
    """

    method: str = attrs.field(default="POST", converter=in_capitals)
    path: str = ""
    times: int = 1
    status: int | None = None
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    body: JSON | bytes = None
    delay: float = 0.0
    drop: bool | Literal["after"] = False
    kind: FaultKind | None = None

    def __attrs_post_init__(self) -> None:
        for name, allowed, fits in (
            ("times", "1 or more", self.times >= 1),
            ("status", "None or 200..599", self.status is None or 200 <= self.status <= 599),
            ("headers", "texts without line breaks", all(map(is_header_text, [*self.headers, *self.headers.values()]))),
            ("body", "JSON, text or bytes", can_be_sent(self.body)),
            ("delay", "finite seconds, 0 or more", math.isfinite(self.delay) and self.delay >= 0),
            ("drop", 'True, False or "after"', self.drop in DROPS),
            ("kind", f"None or one of {', '.join(KINDS)}", self.kind is None or self.kind in KINDS),
        ):
            if not fits:
                raise ConfigurationError(f"Fault({name}={getattr(self, name)!r}): {name} must be {allowed}")

    def fits(self, method: str, path: str) -> bool:
        """Whether a request with this method and path is one it befalls."""
        return self.method == method and path.endswith(self.path)


def is_header_text(text: object) -> bool:
    """Whether a header's name or value can be sent."""
    return isinstance(text, str) and text.isprintable()


def can_be_sent(body: object) -> bool:
    """Whether a body can be made bytes."""
    try:
        return isinstance(body, bytes) or bool(json.dumps(body, ensure_ascii=False).encode())
    except (TypeError, ValueError, RecursionError):
        return False


class FaultQueue:
    """The faults still to come, in the order they were added."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Fault, int]] = []

    def add(self, *faults: Fault) -> None:
        """Appends faults."""
        self._waiting += [(fault, fault.times) for fault in faults]

    def clear(self) -> None:
        """Forgets all faults."""
        self._waiting.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that befalls this request, once less from now on."""
        for index, (fault, times) in enumerate(self._waiting):
            if fault.fits(method, path):
                self._waiting[index : index + 1] = [(fault, times - 1)] if times > 1 else []
                return fault
        return None
