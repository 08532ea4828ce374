"""Header fields as results and errors carry them: CONTRACT, "Results"."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from chatkit_async.types.headers import Headers

FIELDS = Headers([("X-Request-Id", "req_1"), ("Set-Cookie", "a=hush"), ("Via", "one"), ("via", "two")])


@pytest.mark.parametrize("name", ["x-request-id", "X-REQUEST-ID", "X-Request-Id"])
def test_names_have_no_case(name: str) -> None:
    assert FIELDS[name] == FIELDS.get(name) == "req_1"
    assert name in FIELDS


def test_an_absent_field_is_a_key_error_or_the_default() -> None:
    with pytest.raises(KeyError):
        FIELDS["nothing"]
    assert FIELDS.get("nothing") is None


def test_a_repeated_field_is_one_with_its_values_joined() -> None:
    assert FIELDS["via"] == "one, two"
    assert list(FIELDS) == ["x-request-id", "set-cookie", "via"]
    assert len(FIELDS) == 3


def test_headers_are_equal_by_their_fields_and_cannot_be_changed() -> None:
    assert Headers([("A", "1")]) == Headers([("a", "1")]) != Headers([("a", "2")])
    with pytest.raises(TypeError):
        FIELDS["a"] = "1"  # type: ignore[index]
    with pytest.raises(AttributeError):
        FIELDS.other = 1  # type: ignore[attr-defined]


def test_a_secret_field_shows_in_no_repr_and_is_not_pickled() -> None:
    assert FIELDS["set-cookie"] == "a=hush"
    assert "hush" not in repr(FIELDS)
    assert b"hush" not in pickle.dumps(FIELDS)
    again = pickle.loads(pickle.dumps(FIELDS))
    assert dict(again) == {**FIELDS, "set-cookie": "***"}
    assert dict(pickle.loads(pickle.dumps(again))) == dict(again)


def test_a_copy_is_whole() -> None:
    assert copy.copy(FIELDS) == copy.deepcopy(FIELDS) == FIELDS


def test_bytes_that_were_no_utf8_become_text_that_logs_and_json_can_hold() -> None:
    value = Headers([("x", b"\xff ok".decode("utf-8", "surrogateescape"))])["x"]
    assert value == "? ok"
    assert json.dumps(value).encode()
    assert Headers([("x", "é")])["x"] == "é"


@pytest.mark.parametrize("name", ["x-request-id", "Location", "x-debug"])
@pytest.mark.parametrize("secret", ["ek_68f0a2hush", "ek%5F68f0a2hush", "sk-proj-hush", "Bearer 68f0a2hush"])
def test_a_secret_that_a_header_repeats_is_masked(name: str, secret: str) -> None:
    value = Headers([(name, f"before {secret}")])[name]
    assert value.startswith("before ")
    assert value.endswith("***")
