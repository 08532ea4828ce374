"""Secrets are not shown."""

from __future__ import annotations

import copy
import json
import pickle
import re
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from chatkit_async import Secret
from chatkit_async.types import secret
from chatkit_async.types.redacted import kind_of
from chatkit_async.types.secret import (
    MAX_NODES,
    MAX_SCANNED_CHARACTERS,
    as_secret,
    is_secret_field,
    mask_text,
    masked,
)


class Shy(str):
    """A string whose own str() is another, as that of an enumeration's members."""

    def __str__(self) -> str:
        return "Shy.HUSH"


VALUE = "ek_68f0a2_00eyJleHBpcmVzX2F0Ijog/MTc1=="
OTHER = "chatkit token, with {blanks}"


@pytest.mark.parametrize(
    "show", [repr, ascii, "{!r}".format, "%r".__mod__, lambda it: str([it]), lambda it: str({"a": it})]
)
def test_no_repr_shows_a_secret(show: Any) -> None:
    assert show(Secret(VALUE)).count("***") == 1
    assert VALUE not in show(Secret(VALUE))


def test_a_secret_works_wherever_a_string_does() -> None:
    secret = Secret(VALUE)
    assert secret == VALUE
    assert hash(secret) == hash(VALUE)
    assert {VALUE: 1}[secret] == 1
    assert json.dumps([secret]) == f'["{VALUE}"]'
    assert orjson.dumps([secret]) == f'["{VALUE}"]'.encode()
    assert f"{secret}" == str(secret) == VALUE
    assert type(str(secret)) is type(f"{secret}") is type(secret[:2]) is str


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_a_secret_copies_and_pickles_whole(again: Any) -> None:
    assert again(Secret(VALUE)) == VALUE
    assert isinstance(again(Secret(VALUE)), Secret)


def test_only_strings_become_secrets() -> None:
    assert isinstance(as_secret("x"), Secret)
    assert as_secret(None) is None
    assert as_secret(Shy("hush")) == "hush"
    assert as_secret(len) is len


def test_a_value_other_than_a_string_is_hidden_except_for_its_type() -> None:
    hidden: object = as_secret(b"hush")
    assert "hush" not in repr(hidden)
    assert kind_of(hidden) == kind_of(as_secret(hidden)) == "bytes"


WHOLE = json.dumps({"id": "x", "client_secret": VALUE, "user": "u"})
TEXTS = {
    "JSON": WHOLE,
    "JSON without blanks": WHOLE.replace(" ", ""),
    "cut off in the secret": WHOLE[: WHOLE.index(VALUE) + 20],
    "without quotes": f"client_secret: {VALUE}",
    "a form": f"client_secret={VALUE}&user=u",
    "Python": str({"client_secret": VALUE}),
    "encoded twice": json.dumps(WHOLE),
    "encoded three times": json.dumps(json.dumps(WHOLE)),
    "escaped slashes": WHOLE.replace("/", "\\/"),
    "escaped slashes, encoded twice": json.dumps(WHOLE.replace("/", "\\/")),
    "in a URL": f"secret%22{VALUE}",
    "HTML": f"<b>client_secret</b> {VALUE}",
    "XML": f"<client_secret>{VALUE}</client_secret>",
    "XML, of no known shape": "<client_secret>68f0a2</client_secret>",
    "percent-encoded": VALUE.replace("_", "%5F"),
    "percent-encoded, lower-case": VALUE.replace("_", "%5f").replace("=", "%3d"),
    "camel case": json.dumps({"clientSecret": VALUE}),
    "bare": VALUE,
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_client_secret_is_masked_in_any_text(text: str) -> None:
    shown = mask_text(text)
    assert "***" in shown
    for part in ("68f0a2", "eyJleHBpcmVz", "MTc1"):
        assert part not in shown


@pytest.mark.parametrize("wrap", [lambda text: text, json.dumps, lambda text: text[:-2], lambda text: text[:-12]])
def test_a_client_secret_of_any_shape_is_masked_to_the_end_of_its_string(wrap: Any) -> None:
    shown = mask_text(wrap(json.dumps({"client_secret": OTHER})))
    assert "chatkit" not in shown
    assert "blanks" not in shown


def test_a_client_secret_written_in_escapes_is_masked() -> None:
    assert mask_text(r'{"client_secret": "\u0065k_abc", "user": "u"}') == '{"client_secret": "***", "user": "u"}'


def test_text_beside_a_secret_stays() -> None:
    assert mask_text(WHOLE) == WHOLE.replace(VALUE, "***")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Incorrect API key provided: sk-proj-abc123XYZ.", "Incorrect API key provided: sk-***."),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",) * 2,
        ("Bearer auth-68f0 Bearer YOUR_KEY.68f0 Bearer YOUR_KEY2", "Bearer *** Bearer *** Bearer ***"),
        ("a task-list of risk-averse week_ends", "a task-list of risk-averse week_ends"),
        ("The field client_secret is missing", "The field client_secret is missing"),
        ("", ""),
    ],
)
def test_keys_and_bearer_tokens_are_masked_and_words_are_not(text: str, shown: str) -> None:
    assert mask_text(text) == shown


@pytest.mark.parametrize(
    "text", ["client_secret" * 20_000, 'client_secret": "' + "\\" * 50_000, "ek_" * 50_000, "\\" * 50_000]
)
@pytest.mark.timeout(10)
def test_masking_takes_no_time_that_grows_out_of_bounds(text: str) -> None:
    assert len(mask_text(text)) <= len(text) + 3


def test_a_masked_document_holds_its_secrets_and_shows_none() -> None:
    document = {
        "client_secret": OTHER,
        "list": [{"Authorization": "abc"}, f"see {VALUE}"],
        "nested": {"api_key": {"value": "hush"}},
        "cookie": ["a=1", None, 5],
        "plain": "plain",
    }
    shown = masked(document)
    assert shown == document
    for part in (OTHER, "abc", VALUE, "hush", "a=1"):
        assert part not in repr(shown)
    assert "'plain': 'plain'" in repr(shown)


def test_a_masked_document_is_copied_with_its_secrets_and_pickled_without() -> None:
    document = masked({"client_secret": OTHER, "list": [{"text": VALUE}], "id": "cksess_1"})
    for again in (copy.copy(document), copy.deepcopy(document)):
        assert again == document
        assert OTHER not in repr(again)
    pickled = pickle.dumps(document)
    assert OTHER.encode() not in pickled
    assert VALUE.encode() not in pickled
    assert pickle.loads(pickled) == {"client_secret": "***", "list": [{"text": "***"}], "id": "cksess_1"}


def test_a_deep_copy_of_a_masked_document_shares_nothing() -> None:
    document = masked({"list": [1]})
    again = copy.deepcopy(document)
    again["list"].append(2)
    assert document["list"] == [1]


@pytest.mark.parametrize("document", [VALUE, [VALUE], {VALUE: 1}], ids=["a string", "an array", "a name"])
def test_a_secret_anywhere_in_a_masked_document_is_neither_shown_nor_pickled(document: Any) -> None:
    found = masked(document)
    assert found == copy.copy(found) == copy.deepcopy(found) == document
    for again in (found, copy.copy(found), copy.deepcopy(found)):
        assert VALUE not in repr(again)
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            assert VALUE.encode() not in pickle.dumps(again, protocol)


class CountingPattern:
    """A regular expression that counts the characters it looks at."""

    scanned = 0

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern

    def sub(self, replacement: str, text: str) -> str:
        CountingPattern.scanned += len(text)
        return self._pattern.sub(replacement, text)


@pytest.fixture
def scanned(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Characters that all patterns have looked at, for each pattern."""
    patterns = tuple(map(CountingPattern, secret._patterns()))
    monkeypatch.setattr(secret, "_patterns", lambda: patterns)
    monkeypatch.setattr(CountingPattern, "scanned", 0)
    return lambda: CountingPattern.scanned // len(patterns)


HUGE = {
    "one string": "sk-" * 1_000_000,
    "many strings": ["sk-0123456789"] * 200_000,
    "many fields": {f"sk-{number:09}": "sk-0123456789" for number in range(200_000)},
    "many objects": [{"a": {"b": "sk-0123456789"}}] * 100_000,
    "one name": {"sk-" * 1_000_000: 1},
}


@pytest.mark.parametrize("document", HUGE.values(), ids=HUGE)
def test_masking_a_document_scans_a_bounded_number_of_characters(document: Any, scanned: Callable[[], int]) -> None:
    assert "sk-" not in repr(masked({"id": "cksess_1", "more": document})).replace("sk-***", "")
    assert scanned() <= MAX_SCANNED_CHARACTERS


@pytest.mark.parametrize("document", [[0] * 1_000_000, {str(number): [] for number in range(500_000)}, [[]] * 500_000])
def test_masking_copies_a_bounded_number_of_values_and_says_that_it_left_some_out(document: Any) -> None:
    copied = masked(document)
    assert len(copied) == MAX_NODES
    assert "left out" in repr(copied)


def test_a_document_of_any_depth_is_masked_and_can_be_shown_and_pickled() -> None:
    document: Any = VALUE
    for _ in range(100_000):
        document = [document]
    copied = masked({"id": "cksess_1", "deep": document})
    assert copied["id"] == "cksess_1"
    assert VALUE not in repr(copied)
    assert pickle.loads(pickle.dumps(copied)) == copied


def test_outer_fields_come_before_inner_ones_where_not_all_can_be_kept() -> None:
    copied = masked({"more": [[0] * 1000 for _ in range(1000)], "id": "cksess_1", "client_secret": OTHER})
    assert (copied["id"], copied["client_secret"]) == ("cksess_1", OTHER)


def test_a_string_beyond_what_is_scanned_counts_as_a_secret() -> None:
    copied = masked(["x" * MAX_SCANNED_CHARACTERS, "harmless", "x" * 2 * MAX_SCANNED_CHARACTERS])
    assert repr(copied[1:]) == "['***', '***']"


@pytest.mark.parametrize("name", ["client_secret", "Authorization", "SET-COOKIE", "X-Api-Key"])
def test_secret_fields_are_known_in_any_case(name: str) -> None:
    assert is_secret_field(name)
    assert not is_secret_field(f"{name}s")
