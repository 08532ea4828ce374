"""Error responses become exceptions: the API's message, our hint, no secret."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest

from chatkit_async import APIStatusError, NotFoundError, RateLimitError
from chatkit_async._core import failure, json_bytes
from chatkit_async._core.config import ClientSettings, first_config
from chatkit_async._core.failure import error_for_response
from chatkit_async._core.message import Response, response_info
from chatkit_async.types import secret
from chatkit_async.types.headers import Headers

KEY = "sk-0123456789abcdef"
QUOTA = {
    "error": {
        "message": "You exceeded your quota.",
        "type": "insufficient_quota",
        "param": None,
        "code": "insufficient_quota",
    }
}
NOT_FOUND = {
    "error": {
        "message": "Workflow with id 'wf_1' not found.",
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }
}


@pytest.fixture(params=["orjson", "standard library"], autouse=True)
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways of reading JSON."""
    if request.param != "orjson":
        monkeypatch.setattr(json_bytes, "orjson", None)


def error(status: int, body: Any, headers: dict[str, str] | None = None, **settings: Any) -> APIStatusError:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = Response(status, Headers({"x-request-id": "req_1", **(headers or {})}.items()), content)
    config = first_config(ClientSettings(**{"api_key": KEY, **settings}), {})
    return error_for_response("sessions.create", response, response_info(response, attempts=1, elapsed_s=0.1), config)


def test_a_refusal_in_the_apis_shape_keeps_its_words() -> None:
    found = error(404, NOT_FOUND)
    assert type(found) is NotFoundError
    assert (found.message, found.type) == ("Workflow with id 'wf_1' not found.", "invalid_request_error")
    assert (found.code, found.param, found.outcome, found.request_id) == (None, None, "refused", "req_1")
    assert found.body == NOT_FOUND["error"]
    assert str(found).startswith(
        "sessions.create: 404 Workflow with id 'wf_1' not found (request req_1). Check the id,"
    )


@pytest.mark.parametrize(
    ("body", "message", "code"),
    [
        ({"error": {"message": "m", "code": "c"}}, "m", "c"),
        ({"error": {"message": "m", "code": 7}}, "m", "7"),
        ({"error": "m"}, "m", None),
        ({"message": "m", "code": "c"}, "m", "c"),
        ({"error": {"message": {"a": 1}}}, "{'a': 1}", None),
        ({"error": None}, "the response is not an error of the API: '{\"error\": null}'", None),
        ({"error": {"code": "insufficient_quota"}}, "insufficient_quota", "insufficient_quota"),
        ({"error": {"type": "server_error", "message": ""}}, "server_error", None),
        ({"error": {"message": {"client_secret": "hush", "a": "b"}}}, "{'client_secret': '***', 'a': 'b'}", None),
        ({"error": {"message": ["ek_123"]}}, "['***']", None),
        ({"type": "about:blank"}, 'the response is not an error of the API: \'{"type": "about:blank"}\'', None),
        ({"error": {}}, "the response is not an error of the API: '{\"error\": {}}'", None),
        ([], "the response is not an error of the API: '[]'", None),
        (b"", "the response is empty", None),
        (b"<html>Bad gateway</html>", "the response is not an error of the API: '<html>Bad gateway</html>'", None),
        (b"\xff\xfe", "the response is not an error of the API: '\ufffd\ufffd'", None),
        (b"[" * 100_000, "the response is not an error of the API: '" + "[" * 200 + "'", None),
        (
            b'{"error":' + b"[" * 300 + b"]" * 300 + b"}",
            "[" * 100 + "'… (the rest is left out)'" + "]" * 100,
            None,
        ),
    ],
    ids=lambda part: ascii(part)[:40],
)
def test_any_body_makes_an_error_with_a_message(body: Any, message: str, code: str | None) -> None:
    found = error(500, body)
    assert (found.message, found.code) == (message, code)
    assert pickle.loads(pickle.dumps(found)).message == message


def test_a_refusal_with_an_incomplete_body_says_so() -> None:
    response = Response(500, Headers(), b"", is_whole=False)
    found = error_for_response(
        "sessions.create",
        response,
        response_info(response, attempts=1, elapsed_s=0.1),
        first_config(ClientSettings(), {}),
    )
    assert found.message == "the response is larger than 64 MiB or broken, and was not read"


@pytest.mark.parametrize(
    ("status", "body", "hint"),
    [
        (401, {"error": {"code": "invalid_api_key"}}, "The key came from the argument api_key and ends in …cdef."),
        (403, b"", "the permissions of the key"),
        (404, NOT_FOUND, "same project as the key"),
        (405, b"", "it should end in /v1"),
        (429, {"error": {"code": "rate_limit_exceeded"}}, "allow more time"),
        (429, QUOTA, "waiting does not help"),
        (400, {"error": {"code": "invalid_beta"}}, "dropped the header OpenAI-Beta"),
    ],
)
def test_the_common_refusals_say_what_to_do_next(status: int, body: Any, hint: str) -> None:
    assert hint in (error(status, body).hint or "")


INVALID_URL = {"error": {"message": "Invalid URL (POST /x)", "code": None}}


@pytest.mark.parametrize(
    ("base_url", "right"),
    [
        ("https://api.openai.com", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/chatkit", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/chatkit/sessions", "https://api.openai.com/v1"),
        ("https://api.openai.com/v2", "https://api.openai.com/v1"),
        ("https://gate.example/openai/v2", "https://gate.example/openai/v1"),
        ("https://gate.example/openai", "https://gate.example/openai/v1"),
        ("http://127.0.0.1:8787/chatkit", "http://127.0.0.1:8787/v1"),
    ],
)
def test_a_404_for_the_path_itself_says_what_the_base_url_should_be(base_url: str, right: str) -> None:
    found = error(404, INVALID_URL, base_url=base_url)
    assert found.hint == f"The path is wrong: base_url is {base_url}, and should be {right}."


def test_a_404_for_the_path_below_a_good_base_url_says_to_check_the_path() -> None:
    assert "Check the path of the request" in (error(404, INVALID_URL).hint or "")


@pytest.mark.parametrize("status", [400, 402, 500, 503])
def test_other_statuses_have_no_hint(status: int) -> None:
    assert error(status, b"").hint is None


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("https://other.example/v2?key=hush", "https://other.example"),
        ("/v2/", "another path of the same server"),
        ("", "another path of the same server"),
        ("https://user:hush@other.example:8443/x", "https://other.example:8443"),
        ("https://[::1", "another place"),
    ],
)
def test_a_redirect_names_the_origin_it_points_to_and_says_to_set_base_url(location: str, target: str) -> None:
    found = error(307, b"", {"location": location})
    assert type(found) is APIStatusError
    assert found.outcome == "refused"
    assert found.message == "the response is a redirect"
    assert f"It redirects to {target}; " in (found.hint or "")
    assert "set base_url" in (found.hint or "")
    assert "hush" not in str(found)


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": f"Incorrect API key provided: {KEY}", "code": f"bad {KEY}", "param": KEY, "type": KEY}},
        {"error": f"Incorrect API key provided: {KEY}"},
        {"message": [f"Bearer {KEY}"]},
        {"error": {"client_secret": f"{KEY}", "message": {"client_secret": KEY}}},
        f"<pre>Authorization: Bearer {KEY}</pre>".encode(),
        f"Authorization: Bearer {KEY}".encode("utf-16-le"),
        json.dumps({"client_secret": KEY, "message": "m"})[:-5].encode(),
    ],
    ids=range(7),
)
def test_no_secret_the_server_repeats_shows_in_the_error_or_its_pickle(body: Any) -> None:
    found = error(401, body)
    shown = [str(found), repr(found), repr(found.body), found.message, found.code, found.param, found.type]
    for text in [*shown, pickle.dumps(found).decode("latin-1"), repr(vars(found))]:
        assert "0123456789abcdef" not in (text or "").replace("\\x00", "").replace("\0", "")


def test_a_message_without_end_is_cut() -> None:
    found = error(400, {"error": {"message": "x" * 1_000_000, "code": "y" * 1_000_000}})
    assert len(str(found)) < 3_000
    assert len(found.code or "") <= 2_000


@pytest.mark.parametrize(
    "inner",
    [
        {"message": "sk-" * 1_000_000},
        {"message": ["sk-0123456789"] * 200_000, "code": {"a": "sk-" * 1_000_000}},
        {"message": "m", "more": {"x": ["sk-0123456789"] * 200_000}},
        "sk-" * 1_000_000,
    ],
    ids=["a message", "odd fields", "a field beside it", "no object"],
)
def test_a_huge_refusal_is_masked_with_bounded_work(inner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    scanned: list[int] = []
    whole = secret.mask_text

    def counted(text: str) -> str:
        scanned.append(len(text))
        return whole(text)

    monkeypatch.setattr(secret, "mask_text", counted)
    monkeypatch.setattr(failure, "mask_text", counted)
    assert len(str(error(400, {"error": inner}))) < 3_000
    assert 0 < sum(scanned) <= 2 * secret.MAX_SCANNED_CHARACTERS


def test_the_same_class_is_raised_for_a_quota_and_for_a_rate() -> None:
    assert type(error(429, QUOTA)) is type(error(429, b"")) is RateLimitError
