"""Request headers: checked, lower-case, secrets wrapped."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..errors import ConfigurationError
from ..types.redacted import kind_of, quoted
from ..types.secret import Secret, as_secret, is_secret_field, without_value

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+")
_VALUE = re.compile(r"[\x20-\x7e\t]*")
_FRAMING = {
    "connection": "connections are kept and closed by the client",
    "content-encoding": "the body is sent as it is",
    "content-length": "it follows from the body",
    "host": "it follows from base_url",
    "transfer-encoding": "it follows from the body",
}


def checked_text(value: object, subject: str) -> str:
    """A stripped string that a header can hold.

    Raises:
        ConfigurationError: another type, or control or non-ASCII characters; the message shows no value.
    """
    if not isinstance(value, str):
        raise ConfigurationError(f"{subject}: a string, not {kind_of(value)}")
    stripped = Secret(value.strip()) if isinstance(value, Secret) else str.__str__(value).strip()
    if not _VALUE.fullmatch(stripped):
        wrong = next(position for position, character in enumerate(stripped) if not _VALUE.fullmatch(character))
        raise ConfigurationError(
            f"{subject}: character {wrong + 1} is a control or non-ASCII character, which no HTTP header can hold;"
            " was it copied with something else?"
        )
    return stripped


def hidden_headers(headers: Mapping[str, str | None] | None) -> Mapping[str, str | None] | None:
    """Headers with their values kept out of tracebacks; another type as `Hidden`."""
    if not isinstance(headers, Mapping):
        return without_value(headers)
    return {name: as_secret(value) for name, value in headers.items()}


def checked_headers(headers: Mapping[str, str | None] | None, subject: str) -> Mapping[str, str | None]:
    """Headers by lower-case name; None stays, to remove one.

    Raises:
        ConfigurationError: a name or value that HTTP cannot carry, or a header that frames the message.
    """
    given: Any
    headers = given = hidden_headers(headers)
    if given is not None and not isinstance(given, Mapping):
        raise ConfigurationError(f"{subject}: a mapping, not {kind_of(given)}")
    checked: dict[str, str | None] = {}
    for name, value in (given or {}).items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ConfigurationError(f"{subject}: {quoted(name)} is not a header name")
        if name.lower() in _FRAMING:
            raise ConfigurationError(f"{subject}: {name} cannot be set or removed: {_FRAMING[name.lower()]}")
        checked[name.lower()] = None if value is None else _value(name, value, subject)
    return checked


def merge_headers(*layers: Mapping[str, str | None]) -> dict[str, str]:
    """Layers of headers as one, the nearest last; None removes a header."""
    merged: dict[str, str | None] = {}
    for layer in layers:
        merged.update(layer)
    return {name: value for name, value in merged.items() if value is not None}


def _value(name: str, value: object, subject: str) -> str:
    text = checked_text(value, f"{subject}: {name}")
    return text if is_secret_field(name) else str(text)
