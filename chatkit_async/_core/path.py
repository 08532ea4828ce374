"""Paths: each id is one segment, whatever it holds."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from ..types._json import JSON


def fill_path(template: str, values: Mapping[str, JSON]) -> str:
    """`/a/{id}/b` with every value percent-encoded as one segment; params have refused "", "." and ".." before."""
    return template.format_map({name: quote(str(value), safe="") for name, value in values.items()})
