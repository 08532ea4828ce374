"""What the emulated API remembers."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from ..types._json import JSONObject


def random_token() -> str:
    """48 random hex digits: the changing part of an id or a secret."""
    return secrets.token_hex(24)


class State:
    """Sessions by id, each as the REST API shows it; and where new ids come from."""

    def __init__(self, new_token: Callable[[], str] = random_token) -> None:
        self.new_token = new_token
        self.sessions: dict[str, JSONObject] = {}

    def reset(self) -> None:
        """Forgets everything."""
        self.sessions.clear()
