"""Requests that the control plane and the page refuse, without effect."""

from __future__ import annotations

import json
import socket

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from chatkit_async.emulator import Emulator
from chatkit_async.emulator._control_checks import ControlCaller, check_local, is_loopback_address, is_loopback_host
from chatkit_async.emulator._refusals import RequestRefused
from tests.emulator.raw import exchange, request_bytes
from tests.emulator_control.control_requests import (
    CONTROL,
    THREAD,
    control_get,
    control_post,
    control_request,
    error_of,
)

SEED = {"threads": [{"thread": THREAD}]}
PAGES = ["/", CONTROL + "inspector.js", CONTROL + "inspector.css"]

HERE = ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"]
ELSEWHERE = [
    "10.0.0.5",
    "192.168.1.1",
    "0.0.0.0",
    "8.8.8.8",
    "::",
    "fe80::1%eth0",
    "::ffff:10.0.0.5",
    "fd00::1",
    "",
    "x",
]
OWN_HOSTS = [
    "localhost",
    "LOCALHOST:1",
    "localhost:65535",
    "app.localhost:80",
    "127.0.0.1",
    "127.1.2.3:8787",
    "[::1]:80",
]
FOREIGN_HOSTS = [
    "example.com",
    "example.com:8787",
    "localhost.example.com",
    "notlocalhost",
    "127.0.0.1.nip.io:8787",
    "127.0.0.1@example.com",
    "example.com/localhost",
    "0.0.0.0:8787",
    "10.0.0.5",
    "[::]:80",
    "[::1]x",
    "::1",
    "localhost:",
    "localhost:80:80",
    "localhost, example.com",
    "",
]


@pytest.mark.parametrize("address", HERE)
def test_a_loopback_address_is_of_this_machine(address: str) -> None:
    assert is_loopback_address(address)


@pytest.mark.parametrize("address", ELSEWHERE)
def test_any_other_address_is_not(address: str) -> None:
    assert not is_loopback_address(address)


@pytest.mark.parametrize("host", OWN_HOSTS)
def test_a_host_may_be_a_loopback_name_with_or_without_a_port(host: str) -> None:
    assert is_loopback_host(host)


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_any_other_host_may_not(host: str) -> None:
    assert not is_loopback_host(host)


@pytest.mark.parametrize("peer", ["10.0.0.5", "::ffff:10.0.0.5", None])
def test_a_connection_from_another_machine_is_refused_with_any_headers(peer: str | None) -> None:
    headers = CIMultiDictProxy(CIMultiDict({"Host": "localhost"}))
    with pytest.raises(RequestRefused) as refused:
        check_local(ControlCaller(peer, headers))
    assert (refused.value.status, refused.value.code) == (403, "not_loopback")
    check_local(ControlCaller("127.0.0.1", headers))


def own_address() -> str | None:
    """An address of this machine that is not loopback, if it has one; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # reserved for documentation: no machine has it
        except OSError:
            return None
        address: str = probe.getsockname()[0]
    return None if address.startswith("127.") else address


async def test_an_emulator_open_to_the_network_is_driven_from_this_machine_only() -> None:
    address = own_address()
    if address is None:
        pytest.skip("this machine has no address but its loopback ones")
    async with Emulator(host="0.0.0.0") as emulator:
        port = emulator.base_url.rsplit(":", 1)[1]
        for target in (*PAGES, CONTROL + "state"):
            response = await exchange(f"http://{address}:{port}", request_bytes("GET", target))
            assert (response.status, error_of(response)["code"]) == (403, "not_loopback")
        api = await exchange(f"http://{address}:{port}", request_bytes("GET", "/v1/chatkit/threads"))
        assert api.status == 200
        assert (await control_get(emulator, "state")).status == 200


@pytest.mark.parametrize("host", ["example.com", "127.0.0.1.nip.io", "10.0.0.5:80", None])
async def test_a_request_under_a_foreign_name_is_refused(emulator: Emulator, host: str | None) -> None:
    if host is not None:  # without one, the HTTP parser refuses
        response = await control_post(emulator, "seed", SEED, Host=host)
        assert (response.status, error_of(response)["code"]) == (403, "foreign_host")
        for target in (*PAGES, CONTROL + "state"):
            assert (await control_request(emulator, "GET", target, Host=host)).status == 403
    else:
        request = b"GET /__emulator__/state HTTP/1.0\r\n\r\n"
        assert error_of(await exchange(emulator.base_url, request))["code"] == "foreign_host"
    assert emulator.threads() == []


@pytest.mark.parametrize(
    "origin", ["https://example.com", "http://localhost:3000", "http://127.0.0.1", "https://localhost", "null", ""]
)
async def test_a_page_of_another_origin_is_refused(emulator: Emulator, origin: str) -> None:
    response = await control_post(emulator, "seed", SEED, Origin=origin)
    assert (response.status, error_of(response)["code"]) == (403, "foreign_origin")
    assert (await control_get(emulator, "state", Origin=origin)).status == 403
    assert (await control_post(emulator, "reset", b"", Origin=origin)).status == 403
    assert emulator.threads() == []
    assert not [name for name in response.headers if name.startswith("access-control")]


async def test_the_emulators_own_page_may_drive_it(emulator: Emulator) -> None:
    own = emulator.base_url.removesuffix("/v1")
    host = own.removeprefix("http://")
    response = await control_post(emulator, "seed", SEED, Host=host, Origin=own, Sec_Fetch_Site="same-origin")
    assert response.status == 200
    assert len(emulator.threads()) == 1


@pytest.mark.parametrize("site", ["cross-site", "same-site", "Cross-Site"])
async def test_requests_that_a_browser_sends_for_another_site_are_refused(emulator: Emulator, site: str) -> None:
    response = await control_post(emulator, "seed", SEED, Sec_Fetch_Site=site)
    assert (response.status, error_of(response)["code"]) == (403, "foreign_site")
    assert (await control_get(emulator, "requests", Sec_Fetch_Site=site)).status == 403
    assert emulator.threads() == []


async def test_a_link_from_another_site_may_lead_to_the_page(emulator: Emulator) -> None:
    assert (await control_request(emulator, "GET", "/", Sec_Fetch_Site="cross-site")).status == 200


async def test_a_preflight_is_refused(emulator: Emulator) -> None:
    response = await control_request(
        emulator, "OPTIONS", CONTROL + "seed", Origin="https://example.com", Access_Control_Request_Method="POST"
    )
    assert response.status == 403
    assert not [name for name in response.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx", ""],
)
async def test_content_types_of_forms_are_refused(emulator: Emulator, content_type: str) -> None:
    response = await control_post(emulator, "seed", SEED, Content_Type=content_type)
    assert (response.status, error_of(response)["code"]) == (415, "unsupported_content_type")
    assert emulator.threads() == []


async def test_a_body_without_a_type_is_refused(emulator: Emulator) -> None:
    assert (await control_post(emulator, "seed", SEED, Content_Type=None)).status == 415
    assert emulator.threads() == []


async def test_an_empty_form_is_refused(emulator: Emulator) -> None:
    emulator.seed(**SEED)
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    assert (await control_post(emulator, "reset", b"", **form)).status == 415
    assert len(emulator.threads()) == 1


async def test_parameters_of_the_type_do_not_matter(emulator: Emulator) -> None:
    response = await control_post(emulator, "seed", SEED, Content_Type="Application/JSON; charset=utf-8")
    assert response.status == 200


@pytest.mark.parametrize(
    ("method", "name", "allowed"),
    [
        *((method, name, "POST") for method in ("GET", "PUT", "HEAD") for name in ("seed", "faults", "clock", "reset")),
        *((method, name, "GET") for method in ("POST", "DELETE") for name in ("requests", "state")),
        ("POST", "inspector.js", "GET, HEAD"),
    ],
)
async def test_a_wrong_method_gets_the_right_one_in_the_allow_header(
    emulator: Emulator, method: str, name: str, allowed: str
) -> None:
    response = await control_request(emulator, method, CONTROL + name)
    assert (response.status, response.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize("name", ["", "seeds", "seed/", "state/x", "../state", "inspector.html", "files.py"])
async def test_an_unknown_path_is_named(emulator: Emulator, name: str) -> None:
    response = await control_get(emulator, name)
    assert response.status == 404
    assert "Invalid URL (GET /" in error_of(response)["message"]


async def test_responses_are_not_cached_and_not_for_other_origins(emulator: Emulator) -> None:
    response = await control_get(emulator, "state")
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["cross-origin-resource-policy"] == "same-origin"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert json.loads(response.body)["counts"]["sessions"] == 0
