"""Header fields as results and errors carry them."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from chatkit_async.types.headers import Headers

PAIRS = (("X-Request-Id", "req_1"), ("Set-Cookie", "a=hush"), ("Via", "one"), ("via", "two"))


def from_pairs(*pairs: tuple[str, str]) -> Headers:
    return Headers(pairs)


def as_received(*pairs: tuple[str, str]) -> Headers:
    """What the transport makes of aiohttp's."""
    return Headers.received(CIMultiDictProxy(CIMultiDict(pairs)))


Make = Callable[..., Headers]


@pytest.fixture(params=[from_pairs, as_received])
def make(request: pytest.FixtureRequest) -> Make:
    made: Make = request.param
    return made


@pytest.fixture
def fields(make: Make) -> Headers:
    return make(*PAIRS)


@pytest.mark.parametrize("name", ["x-request-id", "X-REQUEST-ID", "X-Request-Id"])
def test_names_are_case_insensitive(name: str, fields: Headers) -> None:
    assert fields[name] == fields.get(name) == "req_1"
    assert name in fields


def test_an_absent_field_is_a_key_error_or_the_default(fields: Headers) -> None:
    with pytest.raises(KeyError):
        fields["nothing"]
    assert fields.get("nothing") is None


def test_a_repeated_field_is_one_with_its_values_joined(fields: Headers) -> None:
    assert fields["via"] == "one, two"
    assert list(fields) == ["x-request-id", "set-cookie", "via"]
    assert len(fields) == 3


def test_headers_are_equal_by_their_fields_and_cannot_be_changed(make: Make, fields: Headers) -> None:
    assert make(("A", "1")) == make(("a", "1")) != make(("a", "2"))
    with pytest.raises(TypeError):
        fields["a"] = "1"  # type: ignore[index]
    with pytest.raises(AttributeError):
        fields.other = 1  # type: ignore[attr-defined]


def test_a_secret_field_shows_in_no_repr_and_is_not_pickled(fields: Headers) -> None:
    assert fields["set-cookie"] == "a=hush"
    assert "hush" not in repr(fields)
    assert b"hush" not in pickle.dumps(fields)
    again = pickle.loads(pickle.dumps(fields))
    assert dict(again) == {**fields, "set-cookie": "***"}
    assert dict(pickle.loads(pickle.dumps(again))) == dict(again)


def test_a_copy_is_whole(fields: Headers) -> None:
    assert copy.copy(fields) == copy.deepcopy(fields) == fields


def test_bytes_other_than_utf8_become_text_that_logs_and_json_can_hold(make: Make) -> None:
    value = make(("x", b"\xff ok".decode("utf-8", "surrogateescape")))["x"]
    assert value == "? ok"
    assert json.dumps(value).encode()
    assert make(("x", "é"))["x"] == "é"


@pytest.mark.parametrize("name", ["x-request-id", "Location", "x-debug"])
@pytest.mark.parametrize("secret", ["ek_68f0a2hush", "ek%5F68f0a2hush", "sk-proj-hush", "Bearer 68f0a2hush"])
def test_a_secret_that_a_header_repeats_is_masked(name: str, secret: str, make: Make) -> None:
    value = make((name, f"before {secret}"))[name]
    assert value.startswith("before ")
    assert value.endswith("***")
