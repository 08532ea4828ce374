"""Proxies and TLS: where requests go, and which certificates are trusted."""

from __future__ import annotations

import ssl
from base64 import b64decode
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from chatkit_async import AsyncChatKit
from chatkit_async.emulator import Emulator
from chatkit_async.errors import APIConnectionError, ConfigurationError

from ..conftest import KEY
from .helpers import create, made, raised
from .raw import always, raw_server, response

pytestmark = pytest.mark.transport

Contexts = tuple[ssl.SSLContext, ssl.SSLContext]
FAR = {"base_url": "http://api.example/v1", "allow_insecure_http": True}
PASSWORD = "pa55word"


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("scheme", ["http://", ""])
async def test_the_environments_proxy_is_used(monkeypatch: pytest.MonkeyPatch, name: str, scheme: str) -> None:
    async with raw_server(always(response())) as proxy:
        monkeypatch.setenv(name, f"{scheme}127.0.0.1:{proxy.port}")
        async with made(**FAR) as client:
            await create(client)
        assert proxy.requests[0].path == "http://api.example/v1/chatkit/sessions"


@pytest.mark.parametrize("named", ["api.example", ".example", "*", "other.example,api.example"])
async def test_no_proxy_exempts(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    async with raw_server(always(response())) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", named)
        async with made(**FAR, max_retries=0) as client:
            await raised(APIConnectionError, create(client))
        assert proxy.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_the_environments_proxy_is_never_used_for_loopback(
    monkeypatch: pytest.MonkeyPatch, emulator: Emulator, host: str
) -> None:
    async with raw_server(always(response())) as proxy:
        for name in ("HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        async with made(emulator.base_url.replace("127.0.0.1", host)) as client:
            await create(client)
        assert (proxy.connections, len(emulator.requests())) == (0, 1)


async def test_https_to_a_port_that_speaks_plain_http_says_so(emulator: Emulator) -> None:
    async with made(emulator.base_url.replace("http:", "https:"), max_retries=0) as client:
        error = await raised(APIConnectionError, create(client))
    assert "this port speaks plain http" in str(error)
    assert "write http:// in base_url" in (error.hint or "")
    assert error.outcome == "not_sent"


async def test_a_proxy_given_is_used_for_loopback_too(emulator: Emulator) -> None:
    async with raw_server(always(response())) as proxy:
        async with made(emulator.base_url, proxy=f"http://127.0.0.1:{proxy.port}") as client:
            await create(client)
        assert (len(proxy.requests), emulator.requests()) == (1, [])


async def test_a_proxy_given_comes_before_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    async with raw_server(always(response())) as proxy:
        async with made(**FAR, proxy=f"http://127.0.0.1:{proxy.port}") as client:
            await create(client)
        assert len(proxy.requests) == 1


async def test_an_https_base_url_is_reached_by_a_tunnel(monkeypatch: pytest.MonkeyPatch) -> None:
    async with raw_server(always(response(status="403 Forbidden"))) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        async with AsyncChatKit(KEY, max_retries=0) as client:
            await raised(APIConnectionError, create(client))
        (received,) = proxy.requests
        assert (received.method, received.path) == ("CONNECT", "api.openai.com:443")
        assert "authorization" not in received.headers


async def test_a_users_session_brings_its_own_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async with raw_server(always(response())) as proxy, aiohttp.ClientSession() as own:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        async with made(**FAR, http_session=own, max_retries=0) as client:
            await raised(APIConnectionError, create(client))
        assert proxy.connections == 0


async def test_a_netrc_file_is_never_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("default login somebody password something\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    async with raw_server(always(response())) as server, made(server.base_url) as client:
        await create(client)
        assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


async def test_a_proxys_password_reaches_it_without_a_tunnel_too() -> None:
    async with raw_server(always(response())) as proxy:
        async with made(**FAR, proxy=f"http://us%3Aer:{PASSWORD}@127.0.0.1:{proxy.port}") as client:
            await create(client)
        assert b64decode(proxy.requests[0].headers["proxy-authorization"].split()[1]) == f"us:er:{PASSWORD}".encode()
        assert proxy.requests[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("where", ["argument", "environment"])
async def test_a_proxys_password_reaches_the_proxy_and_no_message(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, where: str
) -> None:
    caplog.set_level("DEBUG")
    refusal = always(response(status="407 Proxy Authentication Required"))
    async with raw_server(refusal) as proxy:
        url = f"http://somebody:{PASSWORD}@127.0.0.1:{proxy.port}"
        monkeypatch.setenv("HTTPS_PROXY", url if where == "environment" else "")
        async with AsyncChatKit(KEY, max_retries=0, proxy=url if where == "argument" else None) as client:
            error = await raised(APIConnectionError, create(client))
            shown = f"{error} {error!r} {error.__cause__} {client!r} {vars(client)} {caplog.text}"
        assert proxy.requests[0].headers["proxy-authorization"].startswith("Basic ")
        assert proxy.requests[0].method == "CONNECT"
    assert PASSWORD not in shown


@pytest.mark.parametrize(
    "url", [f"socks5://u:{PASSWORD}@p.example", f"http://u:{PASSWORD}@", f"http://u:{PASSWORD}@p:x"]
)
@pytest.mark.parametrize("where", ["argument", "environment"])
async def test_an_invalid_proxy_is_refused_without_showing_it(
    monkeypatch: pytest.MonkeyPatch, url: str, where: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", url if where == "environment" else "")
    with pytest.raises(ConfigurationError, match="proxy") as caught:
        await create(AsyncChatKit(KEY, proxy=url if where == "argument" else None))
    assert PASSWORD not in f"{caught.value} {caught.value!r}"


async def test_a_certificate_of_ones_own_is_trusted_when_it_is_given(tls: Contexts) -> None:
    async with raw_server(always(response()), context=tls[0]) as server:
        client = made(f"https://localhost:{server.port}/v1", ssl=tls[1])
        assert (await create(client)).id == "cksess_1"
        await client.aclose()


async def test_without_checks_any_certificate_will_do(tls: Contexts) -> None:
    async with raw_server(always(response()), context=tls[0]) as server:
        client = made(f"https://localhost:{server.port}/v1", ssl=False)
        assert (await create(client)).id == "cksess_1"
        await client.aclose()


@pytest.mark.parametrize("trust", ["the system", "another fingerprint"])
async def test_a_certificate_that_is_not_trusted_ends_before_anything_is_sent(tls: Contexts, trust: str) -> None:
    settings: dict[str, Any] = {} if trust == "the system" else {"ssl": aiohttp.Fingerprint(b"\0" * 32)}
    async with raw_server(always(response()), context=tls[0]) as server:
        async with made(f"https://localhost:{server.port}/v1", max_retries=0, **settings) as client:
            error = await raised(APIConnectionError, create(client))
        assert (error.outcome, server.requests) == ("not_sent", [])
