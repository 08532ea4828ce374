"""Digests of what must not stand in a store: users, devices, state variables."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Any


def digest(kind: str, *values: Any) -> str:
    """32 hex digits for JSON values; different kinds of things never share one.

    A hash hides a user id from who reads over a shoulder, not from who can guess it: guard the store.
    """
    text = json.dumps(["chatkit-async", kind, *values], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def new_token() -> str:
    """Something nobody else has."""
    return secrets.token_hex(8)
