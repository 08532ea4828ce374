"""Who may drive the emulator: programs of this machine, and its own page. No page of the web, by whatever trick."""

from __future__ import annotations

import ipaddress
import re

import attrs
from multidict import CIMultiDictProxy, MultiMapping

from ..._core.origin import is_cross_site, is_same_origin, parsed_origin
from ..refusal import Refusal

HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(:[0-9]{1,5})?")


@attrs.frozen
class Caller:
    """Whoever asks: the address at the other end of the connection, and the request's headers."""

    peer: str | None
    headers: CIMultiDictProxy[str] | MultiMapping[str]


def check_local(caller: Caller) -> None:
    """Refuses (403) who is not on this machine, or asks for it by a name that could be anybody's."""
    if caller.peer is None or not is_loopback_address(caller.peer):
        raise forbidden(f"it answers this machine only, and {caller.peer} is not a loopback address", "not_loopback")
    hosts = caller.headers.getall("Host", [])
    if len(hosts) != 1 or not is_loopback_host(hosts[0]):
        # A page of the web can give its own name this machine's address, and would then be of the same origin.
        raise forbidden(f"the Host header must name a loopback address, and is {', '.join(hosts)!r}", "foreign_host")


def check_no_page(caller: Caller) -> None:
    """Refuses (403) a request that a page of another origin makes a browser send; `check_local` comes before."""
    host = caller.headers["Host"]
    for origin in caller.headers.getall("Origin", []):
        if not is_same_origin(parsed_origin(origin), host, ("http",)):
            raise forbidden(f"pages of {origin!r} may not drive the emulator", "foreign_origin")
    for site in caller.headers.getall("Sec-Fetch-Site", []):
        if is_cross_site(site):
            raise forbidden(f"pages of other sites may not drive the emulator (Sec-Fetch-Site: {site})", "foreign_site")


def is_loopback_host(host: str) -> bool:
    """Whether a Host header, with or without its port, names this machine and cannot name another."""
    found = HOST.fullmatch(host)
    if found is None:
        return False
    name = found[1].lower()
    return name == "localhost" or name.endswith(".localhost") or is_loopback_address(name.strip("[]"))


def is_loopback_address(address: str) -> bool:
    """Whether the address is this machine's own and reaches no further; also in its IPv6 spelling."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return (mapped or parsed).is_loopback


def forbidden(why: str, code: str) -> Refusal:
    """403: nothing was done."""
    return Refusal(403, f"The emulator's control plane refused the request: {why}.", code=code)
