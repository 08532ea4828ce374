"""What holds for any parameters and any response, shown by examples hypothesis makes."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chatkit_async
from chatkit_async import (
    ChatSessionAutomaticThreadTitlingParam,
    ChatSessionChatKitConfigurationParam,
    ChatSessionExpiresAfterParam,
    ChatSessionFileUploadParam,
    ChatSessionHistoryParam,
    ChatSessionRateLimitsParam,
    ChatSessionWorkflowParam,
    ChatSessionWorkflowTracingParam,
    SessionCancelParams,
    SessionCreateParams,
    ThreadDeleteParams,
    ThreadListItemsParams,
    ThreadListParams,
    ThreadRetrieveParams,
)
from chatkit_async._core import json_bytes
from chatkit_async._core.annotations import hints_of, tag_of
from chatkit_async._core.codec import structure
from chatkit_async.types.params import Params, required_names
from chatkit_async.types.result import Result, field_names
from chatkit_async.types.unknown import Unknown
from tests.examples import steady
from tests.types.documents import FLOATS, INTEGERS, RESULTS, SCHEMAS, class_of, documents

SOME = steady(40)


def optional(cls: Any, *required: Any, **fields: Any) -> Any:
    return st.builds(cls, *required, **{name: st.none() | strategy for name, strategy in fields.items()})


NAMES = st.text(min_size=1, max_size=30).filter(lambda text: not text.isspace())
COUNTS = st.integers(1, 2**64 - 1)
ON_OR_OFF = st.booleans()
STATE = st.dictionaries(st.text(max_size=64), st.text(max_size=20) | INTEGERS | ON_OR_OFF | FLOATS, max_size=4)
TITLING = optional(ChatSessionAutomaticThreadTitlingParam, enabled=ON_OR_OFF)
UPLOAD = optional(ChatSessionFileUploadParam, enabled=ON_OR_OFF, max_file_size=st.integers(1, 512), max_files=COUNTS)
HISTORY = optional(ChatSessionHistoryParam, enabled=ON_OR_OFF, recent_threads=COUNTS)
CONFIGURATION = optional(
    ChatSessionChatKitConfigurationParam, automatic_thread_titling=TITLING, file_upload=UPLOAD, history=HISTORY
)
TRACING = optional(ChatSessionWorkflowTracingParam, enabled=ON_OR_OFF)
VERSIONS = NAMES.filter(lambda version: version != "latest")
WORKFLOW = optional(ChatSessionWorkflowParam, NAMES, version=VERSIONS, state_variables=STATE, tracing=TRACING)
EXPIRY = st.builds(ChatSessionExpiresAfterParam, st.integers(1, 600))
LIMITS = optional(ChatSessionRateLimitsParam, max_requests_per_1_minute=COUNTS)
CREATE = st.builds(
    SessionCreateParams,
    user=NAMES,
    workflow=WORKFLOW,
    chatkit_configuration=st.none() | CONFIGURATION,
    expires_after=st.none() | EXPIRY,
    rate_limits=st.none() | LIMITS,
)
CANCEL = st.builds(SessionCancelParams, st.text(min_size=1).filter(lambda text: text not in (".", "..")))

THREAD_IDS = st.text(min_size=1).filter(lambda text: text not in (".", ".."))
LISTING = {
    "after": NAMES,
    "before": NAMES,
    "limit": st.integers(1, 100),
    "order": st.sampled_from(["asc", "desc"]),
}

PARAMS: dict[type[Params], Any] = {
    ThreadListParams: optional(ThreadListParams, user=NAMES, **LISTING),
    ThreadListItemsParams: st.builds(
        ThreadListItemsParams,
        thread_id=THREAD_IDS,
        **{name: st.none() | strategy for name, strategy in LISTING.items()},
    ),
    ThreadRetrieveParams: st.builds(ThreadRetrieveParams, THREAD_IDS),
    ThreadDeleteParams: st.builds(ThreadDeleteParams, THREAD_IDS),
    ChatSessionAutomaticThreadTitlingParam: TITLING,
    ChatSessionFileUploadParam: UPLOAD,
    ChatSessionHistoryParam: HISTORY,
    ChatSessionChatKitConfigurationParam: CONFIGURATION,
    ChatSessionWorkflowTracingParam: TRACING,
    ChatSessionWorkflowParam: WORKFLOW,
    ChatSessionExpiresAfterParam: EXPIRY,
    ChatSessionRateLimitsParam: LIMITS,
    SessionCreateParams: CREATE,
    SessionCancelParams: CANCEL,
}

every_params = pytest.mark.parametrize("cls", PARAMS, ids=lambda cls: cls.__name__)
every_result = pytest.mark.parametrize("schema", RESULTS)


def test_every_class_of_parameters_and_of_results_has_its_round_trip() -> None:
    public = [getattr(chatkit_async, name) for name in chatkit_async.__all__]
    classes = [value for value in public if isinstance(value, type)]
    assert set(PARAMS) == {cls for cls in classes if issubclass(cls, Params)}
    results = {cls for cls in classes if issubclass(cls, Result) and not issubclass(cls, Unknown)}
    assert {class_of(cls) for cls in RESULTS.values()} == results


def without_none(document: dict[str, Any]) -> bool:
    return all(
        value is not None and (not isinstance(value, dict) or without_none(value)) for value in document.values()
    )


@every_params
@pytest.mark.parametrize("writer", ["orjson", None])
def test_parameters_go_to_the_wire_and_back(cls: Any, writer: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    @SOME
    @given(PARAMS[cls])
    def check(params: Any) -> None:
        document = params.to_dict()
        assert without_none(document)
        assert document.keys() >= set(required_names(cls))
        assert json.loads(json_bytes.dumps(document)) == document
        assert cls.from_mapping(json_bytes.loads(json_bytes.dumps(document))) == params

    if writer is None:
        monkeypatch.setattr(json_bytes, "orjson", None)
    check()


@every_params
def test_parameters_copy_pickle_compare_and_hash(cls: Any) -> None:
    @SOME
    @given(PARAMS[cls])
    def check(params: Any) -> None:
        for again in (
            copy.copy(params),
            copy.deepcopy(params),
            pickle.loads(pickle.dumps(params)),
            attrs.evolve(params),
        ):
            assert again == params
            assert hash(again) == hash(params)
            assert again.to_dict() == params.to_dict()
            assert repr(again) == repr(params)

    check()


@every_params
def test_parameters_are_frozen(cls: Any) -> None:
    @steady(3)
    @given(PARAMS[cls])
    def check(params: Any) -> None:
        for name in [*attrs.fields_dict(cls), "nonsense"]:
            with pytest.raises((attrs.exceptions.FrozenInstanceError, AttributeError)):
                setattr(params, name, None)

    check()


@every_result
def test_any_response_of_the_schema_comes_back_as_it_came(schema: str) -> None:
    cls = RESULTS[schema]
    tag = tag_of(hints_of(class_of(cls)).get("type"))

    @SOME
    @given(documents(SCHEMAS[schema]))
    def check(document: Any) -> None:
        found = structure(document, cls)
        assert found.to_dict() == document
        assert json.dumps(found.to_dict(), sort_keys=True) == json.dumps(document, sort_keys=True)  # 1 and True differ
        known = field_names(class_of(cls))
        assert set(found.missing_fields) == set(known) - document.keys()
        odd = {"type"} if tag and document.get("type") != tag else set[str]()
        assert found.extra == {name: value for name, value in document.items() if name not in known or name in odd}

    check()


@every_result
def test_any_response_copies_pickles_compares_hashes_and_shows_itself(schema: str) -> None:
    cls = RESULTS[schema]

    @SOME
    @given(documents(SCHEMAS[schema]))
    def check(document: Any) -> None:
        found = structure(document, cls)
        for again in (
            copy.copy(found),
            copy.deepcopy(found),
            pickle.loads(pickle.dumps(found)),
            structure(document, cls),
        ):
            assert again == found
            assert hash(again) == hash(found)
            assert again.to_dict() == document
            assert repr(again).startswith(f"{cls.__name__}(")

    check()
