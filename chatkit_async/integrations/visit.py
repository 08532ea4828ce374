"""A request, whatever the framework it came through."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

import attrs

from .identity import MaybeIdentified


@attrs.frozen
class Visit:
    """A request as an adapter hands it to the endpoint.

    Args:
        method: the HTTP method.
        is_https: whether the server knows that it came over TLS; behind a proxy that ends TLS it usually does not.
        values: gives the values of a header, one for each time it was sent.
        cookies: the cookies that came with it.
        read_body: reads all of the body, now or awaited; called only once no header says that it is large.
        identify: asks the app who this is, now or awaited.
    """

    method: str
    is_https: bool
    values: Callable[[str], Sequence[str]] = attrs.field(repr=False)
    cookies: Mapping[str, str] = attrs.field(repr=False)
    read_body: Callable[[], bytes | Awaitable[bytes]] = attrs.field(repr=False)
    identify: Callable[[], MaybeIdentified] = attrs.field(repr=False)

    def header(self, name: str) -> str | None:
        """A header's value, several joined as HTTP joins them; None if it is absent or empty."""
        return ", ".join(value for value in self.values(name) if value) or None
