"""A request and a response as complete values; their reprs leave the body out."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ..types.headers import Headers


@attrs.frozen
class Request:
    """One HTTP request, complete.

    Attributes:
        method: the HTTP method.
        url: absolute and encoded.
        headers: by lower-case name; `authorization` is a `Secret`.
        body: JSON bytes, or None for no body.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = attrs.field(repr=False)


@attrs.frozen
class Response:
    """One HTTP response, read to its end.

    Attributes:
        status: the HTTP status.
        headers: the header fields.
        body: the body, decompressed.
        is_whole: False if the body was too large or could not be read; it is empty then.
    """

    status: int
    headers: Headers = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)
    is_whole: bool = True
