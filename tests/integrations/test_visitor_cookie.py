"""The cookie of anonymous visitors: which ones count, for how long, under which keys."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit_async import ConfigurationError, Secret
from chatkit_async.integrations._anonymous import VisitorCookie
from chatkit_async.integrations._options import hidden, visitor_cookie

VISITOR = "A" * 32
NOW_S = 1_800_000_000.5
DAY_S = 24 * 3600


def cookie(*keys: str | bytes, **options: Any) -> VisitorCookie:
    made = visitor_cookie(hidden({"cookie_keys": list(keys) or ["the only key there is"], **options}))  # type: ignore[typeddict-item]
    assert made is not None
    return made


def test_a_cookie_is_valid_for_thirty_days() -> None:
    value = cookie().issued(VISITOR, NOW_S).value
    assert cookie().visitor(value, NOW_S) == VISITOR
    assert cookie().visitor(value, NOW_S + 30 * DAY_S - 2) == VISITOR
    assert cookie().visitor(value, NOW_S + 30 * DAY_S) is None


def test_the_time_of_issue_is_signed() -> None:
    value = cookie().issued(VISITOR, NOW_S).value
    assert cookie().visitor(value.replace("1800000000", "1900000000"), NOW_S) is None


def test_a_cookie_signed_by_another_key_is_invalid() -> None:
    value = cookie("key number one, of chance").issued(VISITOR, NOW_S).value
    assert cookie("key number two, of chance").visitor(value, NOW_S) is None


def test_keys_can_be_changed_without_losing_a_visitor() -> None:
    old, new = "key number one, of chance", "key number two, of chance"
    issued_before = cookie(old).issued(VISITOR, NOW_S).value
    changing = cookie(new, old)
    assert changing.visitor(issued_before, NOW_S) == VISITOR
    issued_since = changing.issued(VISITOR, NOW_S).value
    assert cookie(new).visitor(issued_since, NOW_S) == VISITOR
    assert cookie(old).visitor(issued_since, NOW_S) is None


def test_the_same_key_may_be_a_string_or_bytes() -> None:
    value = cookie("key number one, of chance").issued(VISITOR, NOW_S).value
    assert cookie(b"key number one, of chance").visitor(value, NOW_S) == VISITOR


def test_a_key_of_any_bytes_signs() -> None:
    key = bytes(range(240, 256))
    assert cookie(key).visitor(cookie(key).issued(VISITOR, NOW_S).value, NOW_S) == VISITOR


def test_a_signature_by_the_same_key_for_another_purpose_is_invalid() -> None:
    import base64
    import hmac

    key = "key number one, of chance"
    text = f"v1.{VISITOR}.1800000000"
    plain = base64.urlsafe_b64encode(hmac.digest(key.encode(), text.encode(), "sha256")).rstrip(b"=").decode()
    assert cookie(key).visitor(f"{text}.{plain}", NOW_S) is None


@pytest.mark.parametrize(
    "value", [None, "", "v1", "v1...", "v1.é.1.x", "v1." + "A" * 32 + ".-1." + "A" * 43, "x" * 10**6]
)
def test_any_other_text_is_not_a_valid_cookie(value: str | None) -> None:
    assert cookie().visitor(value, NOW_S) is None


def test_a_cookie_lacks_secure_only_with_cookie_secure_false() -> None:
    assert cookie().issued(VISITOR, NOW_S).is_secure
    assert cookie().name.startswith("__Host-")
    plain = cookie(cookie_secure=False)
    assert not plain.issued(VISITOR, NOW_S).is_secure
    assert not plain.name.startswith("__")  # browsers refuse such names without Secure


def test_cookie_max_age_s_sets_how_long_a_cookie_is_valid() -> None:
    short = cookie(cookie_max_age_s=60)
    value = short.issued(VISITOR, NOW_S)
    assert value.max_age_s == 60
    assert short.visitor(value.value, NOW_S + 61) is None


@pytest.mark.parametrize(
    "keys", ["a string that is one key", b"bytes that are one key", 7, {"a": "b"}, ["short"], [None], [7], [b""]]
)
def test_bad_keys_are_refused_and_not_shown(keys: Any) -> None:
    with pytest.raises(ConfigurationError, match="cookie_keys") as caught:
        visitor_cookie(hidden({"cookie_keys": keys}))
    assert "one key" not in str(caught.value)
    assert "short'" not in str(caught.value)


@pytest.mark.parametrize("age", [0, 59, -1, 60.5, True, "3600", None])
def test_a_bad_cookie_max_age_s_is_refused(age: Any) -> None:
    with pytest.raises(ConfigurationError, match="cookie_max_age_s"):
        cookie(cookie_max_age_s=age)


def test_neither_key_nor_cookie_shows_in_a_repr() -> None:
    made = cookie("key number one, of chance")
    issued = made.issued(VISITOR, NOW_S)
    assert "number" not in repr(made)
    assert VISITOR not in repr(issued)
    assert all(isinstance(key, Secret) for key in made.keys)
