"""What every framework's endpoint refuses; no session is created."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatkit_async.emulator import Emulator

from .apps.shared import SESSION
from .fetching import Response, as_new_user, as_user, fetch, users
from .serving import each_value

NEW_USER = as_new_user()
SMALLEST_TOO_LARGE = 16 * 1024 + 1


def refused(response: Response, status: int, code: str, emulator: Emulator) -> None:
    assert (response.status, response.error["code"]) == (status, code)
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Content-Type"] == "application/json"
    assert response.cookies == {}
    assert users(emulator) == []


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_than_post_are_a_405(url: str, emulator: Emulator, method: str) -> None:
    response = fetch(url, method=method, headers=NEW_USER)
    refused(response, 405, "method_not_allowed", emulator)
    assert response.headers["Allow"] == "POST"


def test_head_is_a_405_without_a_body(url: str, emulator: Emulator) -> None:
    response = fetch(url, method="HEAD", headers=NEW_USER)
    assert (response.status, response.body, response.headers["Allow"]) == (405, b"", "POST")
    assert users(emulator) == []


@each_value(
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
def test_a_foreign_origin_is_a_403(url: str, emulator: Emulator, origin: str) -> None:
    host = url.removeprefix("http://")
    response = fetch(url, headers=NEW_USER | {"Origin": origin.format(host=host)})
    if origin:
        refused(response, 403, "foreign_origin", emulator)
    else:
        assert response.status == 200  # no browser sends it empty: the header is as good as absent


def test_two_origins_are_a_403(url: str, emulator: Emulator) -> None:
    refused(fetch(url, headers=NEW_USER | {"Origin": [url, "https://evil.example"]}), 403, "foreign_origin", emulator)
    refused(fetch(url, headers=NEW_USER | {"Origin": ["https://evil.example", url]}), 403, "foreign_origin", emulator)


@each_value("site", ["cross-site", "same-site", "same-site, none", "garbage"])
def test_a_cross_site_request_by_sec_fetch_site_is_a_403(url: str, emulator: Emulator, site: str) -> None:
    refused(fetch(url, headers=NEW_USER | {"Sec-Fetch-Site": site}), 403, "foreign_origin", emulator)
    refused(fetch(url, headers=NEW_USER | {"Sec-Fetch-Site": site, "Origin": url}), 403, "foreign_origin", emulator)


@each_value("name", ["X-Forwarded-Host", "Forwarded", "X-Original-Host", "X-Host"])
def test_a_forwarded_host_is_ignored(url: str, emulator: Emulator, name: str) -> None:
    forwarded = "host=evil.example;proto=http" if name == "Forwarded" else "evil.example"
    headers = NEW_USER | {"Origin": "http://evil.example", name: forwarded, "X-Forwarded-Proto": "http"}
    refused(fetch(url, headers=headers), 403, "foreign_origin", emulator)


@each_value(
    "content_type",
    ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain; charset=utf-8", "json",
     "text/plain;application/json", "application/jsonp", "application/json, text/plain",
     "application/json; charset=utf-8, text/plain", "application/vnd.api+json"],
)  # fmt: skip
def test_a_wrong_content_type_is_a_415(url: str, emulator: Emulator, content_type: str) -> None:
    headers = NEW_USER | {"Content-Type": content_type}
    refused(fetch(url, body={}, headers=headers), 415, "unsupported_content_type", emulator)
    refused(fetch(url, headers=headers), 415, "unsupported_content_type", emulator)


@each_value("content_type", [(), "text/plain"])
def test_a_body_without_a_content_type_or_as_text_is_a_415(url: str, emulator: Emulator, content_type: Any) -> None:
    refused(
        fetch(url, body={}, headers=NEW_USER | {"Content-Type": content_type}),
        415,
        "unsupported_content_type",
        emulator,
    )


def test_a_form_of_another_site_is_a_403(url: str, emulator: Emulator) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "https://evil.example"}
    refused(fetch(url, body=b"currentClientSecret=x", headers=NEW_USER | form), 403, "foreign_origin", emulator)


def test_a_compressed_body_is_a_415(url: str, emulator: Emulator) -> None:
    response = fetch(url, body={}, headers=NEW_USER | {"Content-Encoding": "gzip"})
    refused(response, 415, "unsupported_content_encoding", emulator)


@pytest.mark.parametrize("size", [SMALLEST_TOO_LARGE, 2**20])
def test_a_body_that_is_too_large_is_a_413(url: str, emulator: Emulator, size: int) -> None:
    body = json.dumps({"currentClientSecret": "x"}).encode().ljust(size)
    refused(fetch(url, body=body, headers=NEW_USER), 413, "body_too_large", emulator)


def test_a_body_announced_as_too_large_is_refused_before_it_arrives(url: str, emulator: Emulator, kind: str) -> None:
    if kind == "django-asgi":
        pytest.skip("Django reads bodies to their end before it calls an async view")
    headers = NEW_USER | {"Content-Type": "application/json", "Content-Length": "9" * 15}
    refused(fetch(url, headers=headers), 413, "body_too_large", emulator)


def test_a_chunked_body_is_a_411(url: str, emulator: Emulator) -> None:
    headers = NEW_USER | {"Content-Type": "application/json", "Transfer-Encoding": "chunked", "Content-Length": ()}
    refused(fetch(url, body=b"2\r\n{}\r\n0\r\n\r\n", headers=headers), 411, "length_required", emulator)


@each_value(
    "body",
    [b"{", b"[]", b'"ek_1"', b"1", b"null", b"\xff\xfe{\x00}\x00", b'{"currentClientSecret": 7}',
     b'{"currentClientSecret": ["ek_1"]}', b'{"currentClientSecret": "\\ud800"}', b"[" * 16_000, b"{}{}",
     b'{"n": ' + b"9" * 5000 + b"}"],
    ids=lambda body: body[:24].decode("latin-1"),
)  # fmt: skip
def test_a_malformed_body_is_a_400(url: str, emulator: Emulator, body: bytes) -> None:
    refused(fetch(url, body=body, headers=NEW_USER), 400, "bad_request", emulator)


@each_value(
    "identity",
    ["", "   ", "u" * 513, 7, True, 1.5, {"user": "ada"}, ["ada", ""], ["ada", "d" * 513], ["", "desk"], [None, "desk"],
     ["ada", 7], "anonymous_" + "A" * 32],
    ids=repr,
)  # fmt: skip
def test_a_bad_result_of_identify_is_a_500(url: str, emulator: Emulator, identity: Any) -> None:
    refused(fetch(url, headers=as_user(identity)), 500, "identity_invalid", emulator)


def test_an_error_repeats_nothing_of_the_request(url: str) -> None:
    marked = "<script>marked</script>"
    for headers in ({"Origin": marked}, {"Content-Type": marked}, {"Sec-Fetch-Site": marked}):
        assert b"marked" not in fetch(url, body={"marked": marked}, headers=NEW_USER | headers).body
    assert b"marked" not in fetch(url, body=b'{"marked"', headers=NEW_USER).body
    assert b"marked" not in fetch(url, headers=as_user(["marked", 7])).body


@pytest.mark.parametrize(
    "host", ["[::1", "a b", "<script>", "x" * 300, "chat.example:99999", "[zz]", ":80", "a@b", "é"]
)
def test_under_a_malformed_host_no_origin_is_our_own(url: str, emulator: Emulator, host: str) -> None:
    response = fetch(url, headers=NEW_USER | {"Host": host.encode().decode("latin-1"), "Origin": "http://chat.example"})
    assert response.status in (400, 403)  # the framework's own check may come first
    assert users(emulator) == []


@pytest.mark.parametrize("host", ["[::1", "<script>", "x" * 300])
def test_a_malformed_host_is_harmless_without_an_origin(url: str, host: str) -> None:
    assert fetch(url, headers=as_new_user(Host=host)).status in (200, 400)


# --- and what is not refused ----------------------------------------------------------------------------------------


@each_value(
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
def test_requests_of_the_apps_own_pages_and_of_programs_get_a_secret(url: str, headers: dict[str, str]) -> None:
    filled = {name: value.format(url=url) for name, value in headers.items()}
    assert fetch(url, SESSION, headers=NEW_USER | filled, body={}).status == 200
