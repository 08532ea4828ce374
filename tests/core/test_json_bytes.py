"""JSON by orjson and by the standard library: accepted and refused alike."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit_async import RequestOptions
from chatkit_async._core import json_bytes
from tests.examples import steady
from tests.types.documents import ANY_JSON, TEXT

ORJSON = json_bytes.orjson
SOME = steady(100)


@pytest.fixture(params=["orjson", "standard library"])
def writer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways, one after the other."""
    monkeypatch.setattr(json_bytes, "orjson", ORJSON if request.param == "orjson" else None)
    return str(request.param)


ACCEPTED: list[tuple[bytes, Any]] = [
    (b"{}", {}),
    (b' [1, 2.5, -0.0, true, null, "x"]\r\n\t', [1, 2.5, -0.0, True, None, "x"]),
    (b'{"a":1,"a":2}', {"a": 2}),
    (b"18446744073709551615", 2**64 - 1),
    (b"-9223372036854775808", -(2**63)),
    (b"18446744073709551616", 18446744073709551616.0),
    (b"-9223372036854775809", -9223372036854775809.0),
    (b"12345678901234567890123456789", 1.2345678901234568e28),
    (b"1e5", 100000.0),
    (b"1e-400", 0.0),
    (b'"\\ud83d\\ude00"', "😀"),
    (b'"\\u0000\\ue000\x7f"', "\x00\ue000\x7f"),
    ('"é\u2028"'.encode(), "é\u2028"),
    (b'"\\\\ud800"', "\\ud800"),
]
REFUSED = [
    *[
        b"",
        b" ",
        b"{",
        b"[1,]",
        b"{'a':1}",
        b"[]x",
        b"01",
        b"1.",
        b".5",
        b"+1",
        b"nul",
        b'"a\tb"',
        b'"\\x"',
        b"\x0c[]",
        b"//\n1",
    ],
    *[b"NaN", b"Infinity", b"-Infinity", b'{"a":NaN}', b"1e999", b"-1E400", b"1" + b"0" * 400, b"9" * 5000],
    *[b'"\\ud800"', b'"\\uDFFF"', b'"\\udc00\\ud800"', b'{"\\ud800":1}', b'["\\ud83d\\\\ude00"]'],
    *[
        b'"\xff"',
        b'"\xed\xa0\x80"',
        "\ufeff{}".encode(),
        "{}".encode("utf-16"),
        "{}".encode("utf-32"),
        b"{}\x00",
        b"<html>",
    ],
    b"[" * 100_000,
    b'{"a":' * 100_000,
]


@pytest.mark.usefixtures("writer")
@pytest.mark.parametrize(("body", "value"), ACCEPTED, ids=lambda part: ascii(part)[:40])
def test_both_readers_read_valid_json_alike(body: bytes, value: Any) -> None:
    found = json_bytes.loads(body)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.usefixtures("writer")
@pytest.mark.parametrize("body", REFUSED, ids=lambda body: ascii(body)[:40])
def test_both_readers_refuse_anything_else(body: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        json_bytes.loads(body)


def outcome(body: bytes) -> Any:
    try:
        return json.dumps(json_bytes.loads(body), sort_keys=True)
    except (ValueError, RecursionError):
        return "refused"


def assert_alike(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for way in (ORJSON, None):
        monkeypatch.setattr(json_bytes, "orjson", way)
        found.append(outcome(body))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "bodies",
    [
        st.binary(max_size=20),
        st.text(alphabet='{}[]:,"\\u0dDbB8eE+-. \n123tfalsn', max_size=24).map(str.encode),
        st.from_regex(r'\A"(\\u[dD][89abAB][0-9a-f]{2}|\\u[dD][c-f][0-9]{2}|x|\\n)*"\Z').map(str.encode),
        st.from_regex(r"\A-?[0-9]{1,40}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,4})?\Z").map(str.encode),
        ANY_JSON.map(lambda value: json.dumps(value).encode()),
    ],
    ids=["bytes", "nearly JSON", "escapes", "numbers", "JSON"],
)
def test_both_readers_agree_on_any_body(bodies: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    @SOME
    @given(bodies)
    def check(body: bytes) -> None:
        assert_alike(body, monkeypatch)

    check()


@pytest.mark.usefixtures("writer")
@pytest.mark.parametrize(
    ("document", "written"),
    [
        ({"a": [1, 2.5, True, None, "é"]}, '{"a":[1,2.5,true,null,"é"]}'.encode()),
        ({"a": 2**64 - 1, "b": -(2**63)}, b'{"a":18446744073709551615,"b":-9223372036854775808}'),
        ({"\u2028": "\x00\n"}, '{"\u2028":"\\u0000\\n"}'.encode()),
    ],
)
def test_json_is_written_compactly_as_utf8(document: Any, written: bytes) -> None:
    assert json_bytes.dumps(document) == written


@pytest.mark.usefixtures("writer")
@pytest.mark.parametrize("value", [object(), b"x", {1, 2}, 1j], ids=type)
def test_values_that_json_cannot_hold_are_not_encoded(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        json_bytes.dumps({"a": value})


def test_any_body_that_options_accept_is_written_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    @SOME
    @given(st.dictionaries(TEXT, ANY_JSON, max_size=4))
    def check(body: dict[str, Any]) -> None:
        accepted = RequestOptions(body=body).body
        for way in (ORJSON, None):
            monkeypatch.setattr(json_bytes, "orjson", way)
            assert json.loads(json_bytes.dumps(accepted)) == body

    check()
