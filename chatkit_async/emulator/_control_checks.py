"""What the control plane accepts: from whom, and which bodies and queries."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Mapping
from typing import cast

import attrs
from multidict import CIMultiDictProxy, MultiMapping

from .._core.origin import is_cross_site, is_same_origin, parsed_origin
from ..types._json import JSON
from ._checks import Array, Boolean, Integer, IntegerText, Object, Resource, Text
from ._refusals import RequestRefused, missing_parameter, wrong_type

HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(:[0-9]{1,5})?")


@attrs.frozen
class ControlCaller:
    """The caller of the control plane: the address of its end of the connection, and the request's headers."""

    peer: str | None
    headers: CIMultiDictProxy[str] | MultiMapping[str]


def check_local(caller: ControlCaller) -> None:
    """Refuses (403) callers on other machines, and Host headers that do not name this one."""
    if caller.peer is None or not is_loopback_address(caller.peer):
        raise forbidden(f"it serves this machine only, and {caller.peer} is not a loopback address", "not_loopback")
    hosts = caller.headers.getall("Host", [])
    if len(hosts) != 1 or not is_loopback_host(hosts[0]):
        # A web page can point its own host name at this address, and would then have our origin (DNS rebinding).
        raise forbidden(f"the Host header must name a loopback address, got {', '.join(hosts)!r}", "foreign_host")


def check_same_origin(caller: ControlCaller) -> None:
    """Refuses (403) requests that a page of another origin sends; `check_local` comes before."""
    host = caller.headers["Host"]
    for origin in caller.headers.getall("Origin", []):
        if not is_same_origin(parsed_origin(origin), host, ("http",)):
            raise forbidden(f"pages of {origin!r} must not control the emulator", "foreign_origin")
    for site in caller.headers.getall("Sec-Fetch-Site", []):
        if is_cross_site(site):
            raise forbidden(
                f"pages of other sites must not control the emulator (Sec-Fetch-Site: {site})", "foreign_site"
            )


def is_loopback_host(host: str) -> bool:
    """Whether a Host header, with or without a port, names this machine and cannot name another."""
    found = HOST.fullmatch(host)
    if found is None:
        return False
    name = found[1].lower()
    return name == "localhost" or name.endswith(".localhost") or is_loopback_address(name.strip("[]"))


def is_loopback_address(address: str) -> bool:
    """Whether this is a loopback address, IPv4 written as IPv6 included."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return (mapped or parsed).is_loopback


def forbidden(reason: str, code: str) -> RequestRefused:
    """403: nothing was done."""
    return RequestRefused(403, f"The emulator's control plane refused the request: {reason}.", code=code)


@attrs.frozen
class Number:
    """A finite number with a lower bound."""

    minimum: float = -math.inf

    def __call__(self, value: JSON, path: str) -> JSON:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise wrong_type(path, "a number", value)
        # An integer can be larger than any float, and JSON's 1e999 is read as infinity.
        if not self.minimum <= value < math.inf or abs(value) > 1e300:
            bound = "" if math.isinf(self.minimum) else f", {self.minimum:g} or more"
            raise invalid(path, f"expected a finite number{bound}")
        return float(value)


def anything(value: JSON, path: str) -> JSON:
    """Any value."""
    return value


def strings(value: JSON, path: str) -> JSON:
    """One string or several, as a list: a query parameter that may be repeated."""
    return Array(Text())(value if isinstance(value, list) else [value], path)


@attrs.frozen
class OneOf:
    """An object with exactly one of these keys."""

    fields: Mapping[str, Number]

    def __call__(self, value: JSON, path: str) -> JSON:
        given = cast("dict[str, JSON]", Object(self.fields, names_allowed=True)(value, path))
        if not given:
            raise missing_parameter(" or ".join(self.fields))
        if len(given) > 1:
            raise invalid(", ".join(given), f"expected one of {' and '.join(map(repr, self.fields))}, not both")
        return given


FAULTS = Object({"faults": Array(Resource({})), "append": Boolean()}, required=("faults",), names_allowed=True)
CLOCK = OneOf({"advance": Number(), "now": Number()})
SEED = Object({"reset": Boolean(), "threads": anything, "sessions": anything}, names_allowed=True)
"""The bodies of the POSTs; `_faults` checks the fields of faults, `_seeding` threads and sessions."""

VIEW_NAMES = ("requests", "threads", "sessions")
REQUESTS_QUERY = Object({"limit": IntegerText(Integer(0))}, names_allowed=True)
STATE_QUERY = Object(
    {
        "view": Text(one_of=VIEW_NAMES),
        "search": Text(max_length=1000),
        "filter": Text(),
        "offset": IntegerText(Integer(0)),
        "limit": IntegerText(Integer(0, 1000)),
        "open": strings,
    },
    names_allowed=True,
)
"""The queries of `GET requests` and `GET state`."""

NO_FIELDS = Object({})


def invalid(path: str, expected: str) -> RequestRefused:
    """400: the value is of the right type but not allowed."""
    return RequestRefused(400, f"Invalid value for '{path}': {expected}.", code="invalid_value", param=path)
