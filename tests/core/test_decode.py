"""Responses become results, or one error that says what is wrong."""

from __future__ import annotations

import copy
import json
import pickle
import traceback
from typing import Any

import pytest

from chatkit_async import APIResponseValidationError, ChatSession
from chatkit_async._core import json_bytes
from chatkit_async._core.decode import LONGEST_EXCERPT, decode, excerpt, is_json_content_type
from chatkit_async._core.message import Response, response_info
from chatkit_async._core.session_rows import CREATE_SESSION
from chatkit_async.types.headers import Headers
from tests.types.documents import CREATED, DOCUMENTED, WHOLE

SECRET = WHOLE["client_secret"]


@pytest.fixture(params=["orjson", "standard library"], autouse=True)
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways of reading JSON."""
    if request.param != "orjson":
        monkeypatch.setattr(json_bytes, "orjson", None)


def response(body: Any, kind: str | None = "application/json", **more: Any) -> Response:
    fields = [("x-request-id", "req_1"), *([] if kind is None else [("content-type", kind)])]
    return Response(200, Headers(fields), body if isinstance(body, bytes) else json.dumps(body).encode(), **more)


def read(received: Response, *, strict: bool = False) -> ChatSession:
    return decode(CREATE_SESSION, received, response_info(received, attempts=2, elapsed_s=1.5), strict=strict)


def refused(received: Response, *, strict: bool = False) -> APIResponseValidationError:
    with pytest.raises(APIResponseValidationError) as caught:
        read(received, strict=strict)
    return caught.value


@pytest.mark.parametrize("document", DOCUMENTED.values(), ids=DOCUMENTED.keys())
def test_every_documented_response_becomes_a_session_with_its_response(document: Any) -> None:
    session = read(response(document))
    assert session.to_dict() == document
    assert (session.response.status, session.response.request_id, session.response.attempts) == (200, "req_1", 2)


@pytest.mark.parametrize(
    "kind",
    [None, "", "application/json", "Application/JSON; charset=utf-8", "application/problem+json", " application/json"],
)
def test_json_has_its_content_type_or_none(kind: str | None) -> None:
    assert read(response(WHOLE, kind)).id == WHOLE["id"]


@pytest.mark.parametrize(
    "kind", ["text/html", "text/plain", "application/jsonp", "json", "text/json+application", "x/y+json"]
)
def test_any_other_content_type_is_refused_though_the_body_were_json(kind: str) -> None:
    assert not is_json_content_type(kind)
    assert str(refused(response(WHOLE, kind))).startswith(
        f"sessions.create: 200 the response is {kind}, not application/json"
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "the response is not JSON"),
        (b"<html>", "the response is not JSON"),
        (b"{", "the response is not JSON"),
        (b"\xff\xfe{\x00}\x00", "the response is not JSON"),
        (b"[" * 100_000, "the response is not JSON"),
        (b'{"more":' + b"[" * 500 + b"]" * 500 + b"}", "it nests deeper than 100 levels"),
        (b'{"id":' + b"[" * 500 + b"]" * 500 + b"}", "id should be a string, is an array"),
        (b"[]", "the response is not a ChatSession: it should be an object, is an array"),
        (b"null", "it should be an object, is null"),
        (b"7", "it should be an object, is an integer"),
        (b'{"expires_at": "7"}', "expires_at should be an integer, is a string"),
        (b'{"expires_at": 1e999}', "the response is not JSON"),
    ],
    ids=lambda part: ascii(part)[:40],
)
def test_a_response_other_than_a_session_is_one_error_that_says_why(body: bytes, words: str) -> None:
    error = refused(response(body))
    assert words in error.message
    assert (error.operation, error.status, error.attempts) == ("sessions.create", 200, 2)
    assert error.request_id == "req_1"
    assert error.response is not None


@pytest.mark.parametrize("body", [b"[]", b"null", b'{"expires_at": "7"}'])
def test_json_of_another_shape_says_that_the_work_was_done(body: bytes) -> None:
    error = refused(response(body))
    assert error.outcome == "done"
    assert "work was done" in (error.hint or "")


@pytest.mark.parametrize(
    "received",
    [
        response(b"<html>Sign in to the network</html>", "text/html"),
        response(WHOLE, "text/plain"),
        response(b"<html>Sign in to the network</html>"),
        response(b""),
        response(json.dumps(WHOLE).encode()[:-1]),
        response(b"", is_whole=False),
    ],
    ids=["a web page", "JSON as text", "a web page as JSON", "nothing", "cut off", "not read"],
)
def test_a_response_that_may_be_that_of_a_proxy_or_portal_leaves_the_outcome_unknown(received: Response) -> None:
    error = refused(received)
    assert error.outcome == "unknown"
    assert "a proxy or captive portal may have responded" in (error.hint or "")
    assert "was done" not in str(error)


@pytest.mark.parametrize("document", [SECRET, [SECRET], [[{"x": SECRET}]]], ids=["a string", "a list", "a deep list"])
def test_a_pickled_error_holds_no_secret_whatever_the_json_was(document: Any) -> None:
    error = refused(response(document))
    assert error.body == document
    assert SECRET.encode() not in pickle.dumps(error)
    assert SECRET not in repr(pickle.loads(pickle.dumps(error)).body)
    assert copy.copy(error).body == copy.deepcopy(error).body == document


def test_a_response_that_was_not_read_says_so() -> None:
    assert "larger than 64 MiB" in refused(response(b"", is_whole=False)).message


def test_the_decoded_body_is_kept_masked_so_that_the_session_can_be_cancelled() -> None:
    error = refused(response({**WHOLE, "expires_at": None}))
    assert error.body["id"] == WHOLE["id"]  # type: ignore[index]
    assert error.body["client_secret"] == SECRET  # type: ignore[index]
    assert SECRET not in repr(error.body)


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({**WHOLE, "user": 1}).encode(),
        json.dumps(WHOLE).encode()[:-1],
        json.dumps(json.dumps(WHOLE)).encode(),
        json.dumps({**WHOLE, "client_secret": [SECRET]}).encode(),
        json.dumps([WHOLE]).encode(),
        json.dumps(WHOLE).encode("utf-16"),
        json.dumps({**WHOLE, "client_secret": "word of mouth", "user": None}).encode(),
    ],
    ids=["a wrong field", "cut off", "encoded twice", "a list of it", "a list", "UTF-16", "no prefix"],
)
def test_no_secret_shows_in_the_error_its_body_or_its_traceback(body: bytes) -> None:
    for kind in ("application/json", "text/html"):
        error = refused(response(body, kind))
        frames = traceback.TracebackException.from_exception(error, capture_locals=True)
        frames.stack = traceback.StackSummary.from_list(
            [frame for frame in frames.stack if "/tests/" not in frame.filename]
        )
        for text in (str(error), repr(error), repr(error.body), "".join(frames.format())):
            assert SECRET not in text.replace("\\x00", "").replace("\0", "")
            assert "word of mouth" not in text


def test_strictly_a_missing_field_is_refused_by_its_path_and_otherwise_not() -> None:
    assert read(response(CREATED)).missing_fields
    assert "the response is not a ChatSession: id is missing" in refused(response(CREATED), strict=True).message
    nested = {**WHOLE, "workflow": {**WHOLE["workflow"], "tracing": {}}}
    assert "workflow.tracing.enabled is missing" in refused(response(nested), strict=True).message


def test_strictly_an_undocumented_value_is_refused_and_otherwise_passes() -> None:
    odd = {**WHOLE, "status": "paused"}
    assert read(response(odd)).status == "paused"
    message = refused(response(odd), strict=True).message
    assert "status should be one of 'active', 'expired', 'cancelled', is 'paused'" in message
    long = refused(response({**WHOLE, "status": "x" * 10_000}), strict=True)
    assert len(long.message) < 300


def test_extra_fields_never_fail() -> None:
    assert dict(read(response({**WHOLE, "more": {"a": None}}), strict=True).extra) == {"more": {"a": None}}


def test_an_excerpt_is_short_text_whatever_came() -> None:
    for body in (b"x" * 100_000, b"\xff" * 10_000, "é".encode() * 5_000, b'{"client_secret": "' + b"y" * 10_000):
        assert len(excerpt(response(body))) <= LONGEST_EXCERPT
    assert "yyy" not in excerpt(response(b'{"client_secret": "' + b"y" * 10_000))


def test_a_long_content_type_is_not_repeated_whole() -> None:
    assert len(refused(response(b"", "text/" + "x" * 5_000)).message) < 300
