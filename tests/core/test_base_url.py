"""Where requests go."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from chatkit_async import ConfigurationError
from chatkit_async._core.base_url import checked_base_url, is_loopback, server_of
from tests.examples import steady


@pytest.mark.parametrize(
    ("given_url", "url"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1//", "https://api.openai.com/v1"),
        (" https://api.openai.com/v1\n", "https://api.openai.com/v1"),
        ("HTTPS://gate.example", "https://gate.example"),
        ("https://gate.example:8443/a%20b/v1", "https://gate.example:8443/a%20b/v1"),
        ("https://[2001:db8::1]/v1", "https://[2001:db8::1]/v1"),
        ("http://localhost:8787/v1", "http://localhost:8787/v1"),
        ("http://127.0.0.1:1", "http://127.0.0.1:1"),
        ("http://127.8.8.8", "http://127.8.8.8"),
        ("http://[::1]:8787/v1", "http://[::1]:8787/v1"),
        ("http://LOCALHOST", "http://LOCALHOST"),
        ("http://api.localhost.", "http://api.localhost."),
    ],
)
def test_an_absolute_url_passes_without_its_last_slash(given_url: str, url: str) -> None:
    assert checked_base_url(given_url, "base_url", allow_insecure_http=False) == url


@pytest.mark.parametrize(
    "given_url",
    [
        *[
            "",
            " ",
            "api.openai.com/v1",
            "localhost:8787",
            "/v1",
            "//api.openai.com",
            "https://",
            "https:///v1",
            "ftp://a",
        ],
        *[
            "file:///etc/passwd",
            "https://a:port",
            "https://a:99999",
            "https://a:0",
            "https://[::1",
            "https://:80",
            "https:a",
        ],
        *[
            "https://a b",
            "https://a\tb",
            "https://a\x00",
            "https://a/\u200b",
            "https://a\\b",
            "https://exämple.com",
            "https://a/é",
        ],
        *["https://a/b c", "https://a/<b>", "https://%zz", "https://a/b\\c", "https://a\u2100b", "https://[x]"],
        *["https://user:pw@a", "https://user@a", "https://@a", "https://a?x=1", "https://a#x", "https://a/v1?x"],
        *[None, 5, b"https://a", object(), ["https://a"]],
    ],
    ids=lambda url: ascii(url) if isinstance(url, str) else type(url).__name__,
)
def test_anything_else_is_a_configuration_error(given_url: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^base_url: "):
        checked_base_url(given_url, "base_url", allow_insecure_http=True)


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "localhost.example.com",
        "127.0.0.1.example.com",
        "127.1",
        "10.0.0.1",
        "0.0.0.0",
        "[::]",
        "[2001:db8::1]",
        "localhosts",
    ],
)
def test_plain_http_to_another_machine_must_be_allowed(host: str) -> None:
    with pytest.raises(
        ConfigurationError, match=r"would send the API key unencrypted; use https://, or allow_insecure"
    ):
        checked_base_url(f"http://{host}/v1", "base_url", allow_insecure_http=False)
    assert checked_base_url(f"http://{host}/v1", "base_url", allow_insecure_http=True) == f"http://{host}/v1"


@pytest.mark.parametrize(
    "given_url",
    [
        "https://user:hush@a",
        "user:hush@a/v1",
        "https://user:hush@a:port",
        "https://user:hush@a\u2100b",
    ],
)
def test_a_password_in_a_refused_url_is_not_shown(given_url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        checked_base_url(given_url, "base_url", allow_insecure_http=False)
    assert "hush" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    "given_url", ["https://user:pw@a", "https://user@a", "https://@a", "https://a?x=1", "https://a#x"]
)
def test_a_user_query_or_fragment_in_the_url_is_refused_with_the_right_setting(given_url: str) -> None:
    with pytest.raises(ConfigurationError, match="without user, query and fragment"):
        checked_base_url(given_url, "base_url", allow_insecure_http=False)


def test_a_long_url_is_not_repeated_whole() -> None:
    with pytest.raises(ConfigurationError) as caught:
        checked_base_url("x" * 100_000, "base_url", allow_insecure_http=False)
    assert len(str(caught.value)) < 300


@steady(150)
@given(st.text(max_size=20), st.text(max_size=10), st.booleans())
def test_an_accepted_base_url_is_one_that_the_http_library_accepts(host: str, path: str, insecure: bool) -> None:
    try:
        url = checked_base_url(f"https://{host}/{path}", "base_url", allow_insecure_http=insecure)
    except ConfigurationError:
        return
    assert URL(url + "/chatkit/sessions", encoded=True).host
    assert url.isascii()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/x?y=z", "https://a.example"),
        ("http://user:hush@a.example:8080/x", "http://a.example:8080"),
        ("/v2/x", "another path of the same server"),
        ("", "another path of the same server"),
        ("https://[::1", "another place"),
        ("https://a:99999", "another place"),
    ],
)
def test_an_origin_is_scheme_host_and_port_alone(url: str, shown: str) -> None:
    assert server_of(url) == shown


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True),
        ("LocalHost.", True),
        ("a.localhost", True),
        ("127.0.0.1", True),
        ("127.255.255.254", True),
        ("::1", True),
        ("::1%lo", True),
        ("localhost.example", False),
        ("notlocalhost", False),
        ("0.0.0.0", False),
        ("128.0.0.1", False),
        ("", False),
    ],
)
def test_loopback_is_known_by_its_name(host: str, here: bool) -> None:
    assert is_loopback(host) is here
