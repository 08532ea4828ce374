"""Bad input of any kind ends in one of our own errors, or passes; never in a stray exception."""

from __future__ import annotations

import contextlib
import datetime
import decimal
import fractions
import math
import pickle
from collections.abc import Callable
from enum import IntEnum
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from chatkit_async import (
    AsyncChatKit,
    ChatKitError,
    ChatSessionChatKitConfigurationParam,
    ChatSessionExpiresAfterParam,
    ChatSessionRateLimitsParam,
    ChatSessionWorkflowParam,
    RequestOptions,
    RetryPolicy,
    Secret,
    SessionCancelParams,
    SessionCreateParams,
    Timeout,
)
from chatkit_async._core.config import ClientSettings, first_config
from chatkit_async._core.prepared_call import prepare
from chatkit_async._core.session_rows import CANCEL_SESSION, CREATE_SESSION
from tests.examples import steady
from tests.types.documents import ANY_JSON
from tests.types.test_redacted import Hostile, HostileText

SOME = steady(60, suppress_health_check=list(HealthCheck))
MORE = steady(150, suppress_health_check=list(HealthCheck))


class Number(IntEnum):
    FIVE = 5


ODD: list[Any] = [
    *[
        Hostile(),
        HostileText("x"),
        lambda: None,
        object,
        object(),
        Number.FIVE,
        Secret("hush"),
        Ellipsis,
        NotImplemented,
    ],
    *[
        10**5000,
        -(10**5000),
        2**64,
        -(2**63) - 1,
        math.nan,
        math.inf,
        -math.inf,
        1e308,
        -0.0,
        1j,
        True,
        None,
        0,
        1,
        "",
    ],
    *[
        "\ud800",
        "\x00",
        "\u200b",
        "x" * 100_000,
        "é",
        "latest",
        "https://",
        b"",
        b"\xff",
        bytearray(b"x"),
        memoryview(b"x"),
    ],
    *[
        decimal.Decimal(1),
        fractions.Fraction(1, 2),
        datetime.timedelta.max,
        datetime.timedelta.min,
        datetime.date.max,
    ],
    *[
        range(3),
        iter([]),
        {1, 2},
        frozenset(),
        (),
        [Hostile()],
        {"a": Hostile()},
        {Hostile(): 1},
        {10**5000: 1},
        {None: None},
    ],
    *[
        Timeout(),
        RetryPolicy(),
        RequestOptions(),
        ChatSessionWorkflowParam("w"),
        ValueError("x"),
        contextlib.nullcontext(),
    ],
]
THINGS = st.integers(0, len(ODD) - 1).map(lambda index: ODD[index])  # hypothesis shows the index, not the thing
JUNK = THINGS | ANY_JSON | st.text() | st.dictionaries(st.text(max_size=5), THINGS, max_size=2)
CLIENT_SETTINGS = [
    *["api_key", "organization", "project", "base_url", "timeout", "max_retries", "retry_policy", "default_headers"],
    *["default_query", "strict", "allow_insecure_http"],
]
NAMES: dict[Callable[..., Any], list[str]] = {
    **{
        cls: list(attrs.fields_dict(cls))
        for cls in (
            SessionCreateParams,
            SessionCancelParams,
            ChatSessionWorkflowParam,
            ChatSessionExpiresAfterParam,
            ChatSessionRateLimitsParam,
            ChatSessionChatKitConfigurationParam,
            RequestOptions,
            Timeout,
            RetryPolicy,
        )
    },
    AsyncChatKit: CLIENT_SETTINGS,
}
REQUIRED = {
    SessionCreateParams: {"user": "u", "workflow": "w"},
    SessionCancelParams: {"session_id": "x"},
    ChatSessionWorkflowParam: {"id": "w"},
    ChatSessionExpiresAfterParam: {"seconds": 5},
}
EACH = [(make, name) for make, names in NAMES.items() for name in names]


def survives(action: Callable[[], object]) -> Any:
    """The value, or our error, checked to be readable and to travel; anything else goes on and fails the test."""
    try:
        return action()
    except ChatKitError as error:
        refusal = error
    assert 0 < len(str(refusal)) < 20_000
    assert str(pickle.loads(pickle.dumps(refusal))) == str(refusal)
    return None


@pytest.mark.parametrize(("make", "name"), EACH, ids=[f"{make.__name__} {name}" for make, name in EACH])
def test_any_value_of_any_argument_passes_or_is_our_error(make: Callable[..., Any], name: str) -> None:
    @SOME
    @given(JUNK)
    def check(junk: Any) -> None:
        made = survives(lambda: make(**{**REQUIRED.get(make, {}), name: junk}))
        assert made is None or len(repr(made)) > 0

    check()


@pytest.mark.parametrize("make", [SessionCreateParams, ChatSessionWorkflowParam, ChatSessionExpiresAfterParam])
def test_any_mapping_passes_or_is_our_error(make: Any) -> None:
    known = st.sampled_from(list(attrs.fields_dict(make)))

    @SOME
    @given(THINGS | st.dictionaries(known | st.text(max_size=8) | st.integers() | st.none(), JUNK, max_size=4))
    def check(junk: Any) -> None:
        survives(lambda: make.from_mapping(junk))

    check()


def test_any_nested_document_passes_or_is_our_error() -> None:
    known = st.sampled_from(["id", "version", "state_variables", "tracing", "enabled", "seconds", "anchor", "history"])
    nested = st.recursive(JUNK, lambda inner: st.dictionaries(known, inner, max_size=3), max_leaves=6)

    @MORE
    @given(nested, nested, nested)
    def check(workflow: Any, expires_after: Any, configuration: Any) -> None:
        survives(
            lambda: SessionCreateParams(
                user="u", workflow=workflow, expires_after=expires_after, chatkit_configuration=configuration
            ).to_dict()
        )

    check()


@pytest.mark.parametrize("name", list(attrs.fields_dict(RequestOptions)))
def test_options_that_were_accepted_can_be_sent(name: str) -> None:
    config = first_config(ClientSettings(), {})

    @SOME
    @given(JUNK)
    def check(junk: Any) -> None:
        options = survives(lambda: RequestOptions(**{name: junk}))
        call = survives(lambda: prepare(CREATE_SESSION, SessionCreateParams(user="u", workflow="w"), config, options))
        assert call.request.url.isascii()
        assert all(value.isascii() for value in call.request.headers.values())

    check()


def test_params_that_were_accepted_can_be_sent() -> None:
    config = first_config(ClientSettings(), {})

    @MORE
    @given(JUNK)
    def check(junk: Any) -> None:
        params = survives(lambda: SessionCancelParams(junk))
        workflow = survives(lambda: ChatSessionWorkflowParam("w", version=None, state_variables=junk))
        if params is not None:
            assert prepare(CANCEL_SESSION, params, config, None).request.url.isascii()
        if workflow is not None:
            create = SessionCreateParams(user="u", workflow=workflow)
            assert prepare(CREATE_SESSION, create, config, None).request.body
            assert pickle.loads(pickle.dumps(create)) == create

    check()
