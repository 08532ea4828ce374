"""How a refused value is shown: short, plain, picklable, without secrets, whatever it is."""

from __future__ import annotations

import json
import math
import pickle
from enum import IntEnum
from typing import Any
from uuid import UUID

import pytest

from chatkit_async import ChatSession, ParamsValidationError, Secret, SessionCreateParams
from chatkit_async._core.codec import structure
from chatkit_async.types.redacted import kind_of, quoted, redacted
from tests.types.documents import WHOLE


class Number(IntEnum):
    FIVE = 5


class Hostile:
    """Everything one can ask it raises."""

    def __repr__(self) -> str:
        raise RuntimeError("no")

    __str__ = __repr__
    __len__ = __bool__ = __iter__ = __eq__ = __repr__  # type: ignore[assignment]
    __hash__ = object.__hash__


class HostileText(str):
    """A string that shows itself as something else."""

    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__


VALUES: dict[str, Any] = {
    "a lambda": lambda: None,
    "10 MiB": "x" * 10_485_760,
    "10 MiB of halves": "\ud800" * 1_000_000,
    "a number of 5,001 digits": 10**5000,
    "a negative one": -(10**5000),
    "nan": math.nan,
    "infinity": -math.inf,
    "hostile": Hostile(),
    "a list of the hostile": [Hostile()],
    "a list of large numbers": [10**5000],
    "hostile text": HostileText("x" * 600),
    "bytes": b"\xff" * 1000,
    "an enumeration's": Number.FIVE,
    "a class": Hostile,
    "a session": structure(WHOLE, ChatSession),
    "a dict with a secret": {"client_secret": "hush", "text": "ek_hush"},
    "a Secret": Secret("hush"),
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_any_value_is_redacted_to_a_short_plain_one(value: Any) -> None:
    short = redacted(value)
    assert short is None or type(short) in (bool, int, float, str)
    assert len(str(short)) < 120
    assert pickle.loads(pickle.dumps(short)) == short
    assert json.loads(json.dumps(short, allow_nan=False)) == short
    assert str(short).encode()
    assert "hush" not in str(short)


ACCEPTED = {
    ("user", "a Secret"),
    ("workflow", "a Secret"),
    ("workflow", "10 MiB"),
    ("workflow", "hostile text"),
    ("expires_after", "an enumeration's"),
}
FIELDS = ("user", "workflow", "expires_after", "rate_limits", "chatkit_configuration")


@pytest.mark.parametrize(
    ("name", "which"), [(name, which) for name in FIELDS for which in VALUES if (name, which) not in ACCEPTED]
)
def test_an_error_over_any_value_is_short_and_can_be_pickled(name: str, which: str) -> None:
    with pytest.raises(ParamsValidationError) as caught:
        SessionCreateParams(**{"user": "u", "workflow": "w", name: VALUES[which]})
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.problems == caught.value.problems
    assert str(again) == str(caught.value)
    assert len(str(again)) < 400
    assert "hush" not in repr(again.problems)


@pytest.mark.parametrize(
    ("value", "short"),
    [
        (None, None),
        (True, True),
        (5, 5),
        (1.5, 1.5),
        ("text", "text"),
        ("", ""),
        ("x" * 80, "x" * 80),
        ("x" * 81, "x" * 80 + "… (81 characters)"),
        ("x" * 1234, "x" * 80 + "… (1,234 characters)"),
        ("a\nb\ud800", "a\\nb\\ud800"),
        (math.nan, "nan"),
        (2**80 - 1, 2**80 - 1),
        (2**80, "an integer of 81 bits"),
        ([1], "[1]"),
        (Hostile(), "a Hostile"),
        (Secret("hush"), "***"),
        (f"{'x' * 70} ek_hush", f"{'x' * 70} ek_***"),
        (f"{'x' * 75} ek_hush", f"{'x' * 75} ek_*… (83 characters)"),
    ],
    ids=lambda value: str(redacted(value))[:20],
)
def test_a_short_value_stays_and_a_long_one_is_cut(value: Any, short: Any) -> None:
    assert redacted(value) == short
    assert type(redacted(value)) is type(short)


@pytest.mark.parametrize(("value", "text"), [("a", "'a'"), (5, "5"), (math.nan, "nan"), (None, "None"), ([1], "[1]")])
def test_inside_a_sentence_strings_stand_in_quotes(value: Any, text: str) -> None:
    assert quoted(value) == text


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (True, "a boolean"),
        (1, "an integer"),
        (1.0, "a number"),
        ("", "a string"),
        ({}, "an object"),
        ([], "an array"),
        (None, "null"),
        (b"", "bytes"),
        (UUID(int=1), "a UUID"),
        (OSError(), "an OSError"),
        (object(), "an object"),
        (Secret(""), "a Secret"),
    ],
)
def test_kinds_have_the_words_of_json(value: Any, words: str) -> None:
    assert kind_of(value) == words
