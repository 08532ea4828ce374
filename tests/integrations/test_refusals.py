"""What every framework's endpoint turns away, clearly, and with nothing minted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatkit_async.emulator import Emulator

from .apps.shared import SESSION
from .asking import Answer, as_somebody, as_user, ask, users

SOMEBODY = as_somebody()
SMALLEST_TOO_LARGE = 16 * 1024 + 1


def refused(answer: Answer, status: int, code: str, emulator: Emulator) -> None:
    assert (answer.status, answer.error["code"]) == (status, code)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.cookies == {}
    assert users(emulator) == []


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_than_post(url: str, emulator: Emulator, method: str) -> None:
    answer = ask(url, method=method, headers=SOMEBODY)
    refused(answer, 405, "method_not_allowed", emulator)
    assert answer.headers["Allow"] == "POST"


def test_head_is_refused_without_a_body(url: str, emulator: Emulator) -> None:
    answer = ask(url, method="HEAD", headers=SOMEBODY)
    assert (answer.status, answer.body, answer.headers["Allow"]) == (405, b"", "POST")
    assert users(emulator) == []


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://evil.example",
        "null",
        "",
        "https://shop.example.evil.example",
        "https://shop.example/",
        "https://shop.example:8443",
        "http://shop.example",
        "//{host}",
        "http://{host}@evil.example",
        "http://{host}/",
        "http://{host}, https://evil.example",
        "ftp://{host}",
        "garbage",
    ],
)
def test_a_foreign_origin(url: str, emulator: Emulator, origin: str) -> None:
    host = url.removeprefix("http://")
    answer = ask(url, headers=SOMEBODY | {"Origin": origin.format(host=host)})
    if origin:
        refused(answer, 403, "foreign_origin", emulator)
    else:
        assert answer.status == 200  # no browser sends it empty: the header is as good as absent


def test_two_origins(url: str, emulator: Emulator) -> None:
    refused(ask(url, headers=SOMEBODY | {"Origin": [url, "https://evil.example"]}), 403, "foreign_origin", emulator)
    refused(ask(url, headers=SOMEBODY | {"Origin": ["https://evil.example", url]}), 403, "foreign_origin", emulator)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "same-site, none", "garbage"])
def test_a_page_of_another_site_by_the_browsers_own_word(url: str, emulator: Emulator, site: str) -> None:
    refused(ask(url, headers=SOMEBODY | {"Sec-Fetch-Site": site}), 403, "foreign_origin", emulator)
    refused(ask(url, headers=SOMEBODY | {"Sec-Fetch-Site": site, "Origin": url}), 403, "foreign_origin", emulator)


@pytest.mark.parametrize("name", ["X-Forwarded-Host", "Forwarded", "X-Original-Host", "X-Host"])
def test_a_host_that_a_proxy_or_anybody_else_speaks_of(url: str, emulator: Emulator, name: str) -> None:
    said = "host=evil.example;proto=http" if name == "Forwarded" else "evil.example"
    headers = SOMEBODY | {"Origin": "http://evil.example", name: said, "X-Forwarded-Proto": "http"}
    refused(ask(url, headers=headers), 403, "foreign_origin", emulator)


@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "json",
     "text/plain;application/json", "application/jsonp", "application/json, text/plain",
     "application/json; charset=utf-8, text/plain", "application/vnd.api+json"],
)  # fmt: skip
def test_a_wrong_content_type(url: str, emulator: Emulator, content_type: str) -> None:
    headers = SOMEBODY | {"Content-Type": content_type}
    refused(ask(url, body={}, headers=headers), 415, "unsupported_content_type", emulator)
    refused(ask(url, headers=headers), 415, "unsupported_content_type", emulator)


def test_a_body_without_a_content_type(url: str, emulator: Emulator) -> None:
    refused(ask(url, body={}, headers=SOMEBODY | {"Content-Type": ()}), 415, "unsupported_content_type", emulator)


def test_a_form_of_another_site(url: str, emulator: Emulator) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "https://evil.example"}
    refused(ask(url, body=b"currentClientSecret=x", headers=SOMEBODY | form), 403, "foreign_origin", emulator)


def test_a_compressed_body(url: str, emulator: Emulator) -> None:
    answer = ask(url, body={}, headers=SOMEBODY | {"Content-Encoding": "gzip"})
    refused(answer, 415, "unsupported_content_encoding", emulator)


@pytest.mark.parametrize("size", [SMALLEST_TOO_LARGE, 2**20])
def test_a_body_that_is_too_large(url: str, emulator: Emulator, size: int) -> None:
    body = json.dumps({"currentClientSecret": "x"}).encode().ljust(size)
    refused(ask(url, body=body, headers=SOMEBODY), 413, "body_too_large", emulator)


def test_a_body_that_is_said_to_be_too_large_is_not_waited_for(url: str, emulator: Emulator, kind: str) -> None:
    if kind == "django-asgi":
        pytest.skip("Django reads bodies to their end before it calls an async view")
    headers = SOMEBODY | {"Content-Type": "application/json", "Content-Length": "9" * 15}
    refused(ask(url, headers=headers), 413, "body_too_large", emulator)


def test_a_body_of_unknown_length(url: str, emulator: Emulator) -> None:
    headers = SOMEBODY | {"Content-Type": "application/json", "Transfer-Encoding": "chunked", "Content-Length": ()}
    refused(ask(url, body=b"2\r\n{}\r\n0\r\n\r\n", headers=headers), 411, "length_required", emulator)


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b'"ek_1"', b"1", b"null", b"\xff\xfe{\x00}\x00", b'{"currentClientSecret": 7}',
     b'{"currentClientSecret": ["ek_1"]}', b'{"currentClientSecret": "\\ud800"}', b"[" * 16_000, b"{}{}",
     b'{"n": ' + b"9" * 5000 + b"}"],
    ids=lambda body: body[:24].decode("latin-1"),
)  # fmt: skip
def test_a_body_that_is_not_what_it_should_be(url: str, emulator: Emulator, body: bytes) -> None:
    refused(ask(url, body=body, headers=SOMEBODY), 400, "bad_request", emulator)


@pytest.mark.parametrize(
    "identity",
    ["", "   ", "u" * 513, 7, True, 1.5, {"user": "ada"}, ["ada", ""], ["ada", "d" * 513], ["", "desk"], [None, "desk"],
     ["ada", 7], "anonymous_" + "A" * 32],
    ids=repr,
)  # fmt: skip
def test_a_user_who_cannot_be_one_is_the_servers_fault(url: str, emulator: Emulator, identity: Any) -> None:
    refused(ask(url, headers=as_user(identity)), 500, "identity_invalid", emulator)


def test_nothing_of_a_request_is_repeated_in_the_refusal(url: str) -> None:
    marked = "<script>marked</script>"
    for headers in ({"Origin": marked}, {"Content-Type": marked}, {"Sec-Fetch-Site": marked}):
        assert b"marked" not in ask(url, body={"marked": marked}, headers=SOMEBODY | headers).body
    assert b"marked" not in ask(url, body=b'{"marked"', headers=SOMEBODY).body
    assert b"marked" not in ask(url, headers=as_user(["marked", 7])).body


@pytest.mark.parametrize(
    "host", ["[::1", "a b", "<script>", "x" * 300, "chat.example:99999", "[zz]", ":80", "a@b", "é"]
)
def test_a_host_that_cannot_be_one_is_no_page_of_the_apps_own(url: str, emulator: Emulator, host: str) -> None:
    answer = ask(url, headers=SOMEBODY | {"Host": host.encode().decode("latin-1"), "Origin": "http://chat.example"})
    assert answer.status in (400, 403)  # the framework's own check may come first
    assert users(emulator) == []


@pytest.mark.parametrize("host", ["[::1", "<script>", "x" * 300])
def test_a_host_that_cannot_be_one_breaks_nothing(url: str, host: str) -> None:
    assert ask(url, headers=as_somebody(Host=host)).status in (200, 400)


# --- and what is not refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "{url}"},
        {"Origin": "{url}", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "https://shop.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "HTTPS://SHOP.example:443"},
        {"Origin": "https://chat.example", "Host": "chat.example"},
        {"Origin": "https://chat.example", "Host": "CHAT.Example:443"},
        {"Origin": "http://chat.example", "Host": "chat.example:80"},
        {"Origin": "https://[2001:DB8::1]:8443", "Host": "[2001:db8::1]:8443"},
        {"Sec-Fetch-Site": "none"},
        {"Content-Type": "APPLICATION/JSON; charset=UTF-8"},
        {},
    ],
    ids=str,
)
def test_what_comes_from_pages_of_the_apps_own_and_from_programs_is_answered(url: str, headers: dict[str, str]) -> None:
    filled = {name: value.format(url=url) for name, value in headers.items()}
    assert ask(url, SESSION, headers=SOMEBODY | filled, body={}).status == 200
