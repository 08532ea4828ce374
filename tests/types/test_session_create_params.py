"""What `SessionCreateParams` takes, and what it sends."""

from __future__ import annotations

from collections import OrderedDict
from datetime import timedelta
from enum import Enum, IntEnum, StrEnum
from types import MappingProxyType
from typing import Any

import pytest

from chatkit_async import (
    ChatSession,
    ChatSessionChatKitConfigurationParam,
    ChatSessionExpiresAfterParam,
    ChatSessionFileUploadParam,
    ChatSessionHistoryParam,
    ChatSessionRateLimitsParam,
    ChatSessionWorkflowParam,
    ChatSessionWorkflowTracingParam,
    Secret,
    SessionCancelParams,
    SessionCreateParams,
)
from chatkit_async._core.codec import structure
from tests.types.documents import WHOLE, WITHOUT_STATE

LEAST: dict[str, Any] = {"user": "u", "workflow": "wf"}


class Word(StrEnum):
    ONE = "one"


class Number(IntEnum):
    FIVE = 5


class Fraction(float):
    """As numpy.float64 is: a float that is not exactly one."""


def sent(**fields: Any) -> dict[str, Any]:
    return SessionCreateParams(**{**LEAST, **fields}).to_dict()


def test_what_is_left_out_is_not_sent() -> None:
    assert sent() == {"user": "u", "workflow": {"id": "wf"}}


@pytest.mark.parametrize("name", ["chatkit_configuration", "expires_after", "rate_limits"])
def test_none_means_left_out(name: str) -> None:
    assert sent(**{name: None}) == sent()


@pytest.mark.parametrize(
    "workflow",
    [
        "wf",
        ChatSessionWorkflowParam("wf"),
        ChatSessionWorkflowParam(id="wf"),
        {"id": "wf"},
        {"id": "wf", "version": None},
        MappingProxyType({"id": "wf"}),
    ],
    ids=["an id", "its class", "its class by keyword", "a mapping", "a mapping with None", "any mapping"],
)
def test_a_workflow_is_an_id_its_class_or_a_mapping(workflow: Any) -> None:
    assert sent(workflow=workflow)["workflow"] == {"id": "wf"}


@pytest.mark.parametrize(
    "given",
    [
        300,
        timedelta(minutes=5),
        Number.FIVE * 60,
        ChatSessionExpiresAfterParam(300),
        {"seconds": 300},
        {"seconds": timedelta(seconds=300), "anchor": "created_at"},
    ],
    ids=str,
)
def test_expiry_is_seconds_a_timedelta_its_class_or_a_mapping_and_the_anchor_is_filled_in(given: Any) -> None:
    assert sent(expires_after=given)["expires_after"] == {"anchor": "created_at", "seconds": 300}


@pytest.mark.parametrize("seconds", [1, 600, timedelta(seconds=1), timedelta(minutes=10)], ids=str)
def test_expiry_reaches_from_one_second_to_ten_minutes(seconds: Any) -> None:
    assert sent(expires_after=seconds)["expires_after"]["seconds"] in (1, 600)


@pytest.mark.parametrize(
    "given", [{"max_requests_per_1_minute": 5}, ChatSessionRateLimitsParam(max_requests_per_1_minute=5)], ids=type
)
def test_rate_limits_are_their_class_or_a_mapping(given: Any) -> None:
    assert sent(rate_limits=given)["rate_limits"] == {"max_requests_per_1_minute": 5}


def test_a_configuration_is_sent_as_far_as_it_is_given() -> None:
    given = ChatSessionChatKitConfigurationParam(
        file_upload=ChatSessionFileUploadParam(enabled=True, max_file_size=512, max_files=1),
        history=ChatSessionHistoryParam(recent_threads=1),
        automatic_thread_titling={"enabled": False},
    )
    assert sent(chatkit_configuration=given)["chatkit_configuration"] == {
        "automatic_thread_titling": {"enabled": False},
        "file_upload": {"enabled": True, "max_file_size": 512, "max_files": 1},
        "history": {"recent_threads": 1},
    }


@pytest.mark.parametrize("document", [WHOLE, WITHOUT_STATE], ids=["whole", "partial"])
def test_what_came_back_from_the_api_can_be_sent_again(document: dict[str, Any]) -> None:
    session = structure(document, ChatSession)
    again = sent(
        workflow=session.workflow, chatkit_configuration=session.chatkit_configuration, rate_limits=session.rate_limits
    )
    assert again["rate_limits"] == {"max_requests_per_1_minute": 10}
    assert again["chatkit_configuration"]["file_upload"] == {"enabled": False, "max_files": 10}
    assert again["workflow"]["id"] == "wf_1"
    assert "version" not in again["workflow"]


def test_what_came_back_as_json_can_be_sent_again() -> None:
    configuration = structure(WHOLE, ChatSession).to_dict()["chatkit_configuration"]
    assert sent(chatkit_configuration=configuration)["chatkit_configuration"]["history"] == {"enabled": True}


def test_state_variables_keep_the_type_of_each_value() -> None:
    given = {"text": "x", "empty": "", "whole": 1, "yes": True, "part": 1.0, "least": -(2**63), "most": 2**64 - 1}
    variables = ChatSessionWorkflowParam("wf", state_variables=given).to_dict()["state_variables"]
    assert variables == given
    assert [type(value) for value in variables.values()] == [type(value) for value in given.values()]


def test_state_variables_of_derived_types_are_sent_as_what_they_derive_from() -> None:
    given = OrderedDict({Word.ONE: Word.ONE, "five": Number.FIVE, "part": Fraction(0.5)})
    variables = ChatSessionWorkflowParam("wf", state_variables=given).state_variables
    assert variables == {"one": "one", "five": 5, "part": 0.5}
    assert [type(name) for name in variables] == [str, str, str]
    assert [type(value) for value in variables.values()] == [str, int, float]


def test_a_secret_among_the_parameters_stays_masked_and_is_sent_whole() -> None:
    params = SessionCreateParams(user=Secret("hush"), workflow="wf")
    assert "hush" not in repr(params)
    assert params.to_dict()["user"] == "hush"
    assert type(params.to_dict()["user"]) is str


def test_an_enumeration_member_is_sent_as_its_text() -> None:
    class Old(str, Enum):  # noqa: UP042 - its str() is "Old.USER"
        USER = "user_1"

    assert SessionCreateParams(user=Old.USER, workflow="wf").user == "user_1"
    assert SessionCancelParams(Old.USER).to_dict() == {"session_id": "user_1"}


def test_a_mapping_changed_later_changes_nothing_that_was_checked() -> None:
    variables: dict[str, Any] = {"a": 1}
    workflow = ChatSessionWorkflowParam("wf", state_variables=variables)
    variables["b"] = object()
    assert workflow.to_dict() == {"id": "wf", "state_variables": {"a": 1}}


def test_tracing_is_its_class_or_a_mapping() -> None:
    for given in ({"enabled": False}, ChatSessionWorkflowTracingParam(enabled=False)):
        assert ChatSessionWorkflowParam("wf", tracing=given).to_dict() == {"id": "wf", "tracing": {"enabled": False}}


@pytest.mark.parametrize("user", ["x" * 512, "é", "a b", "\u200b", "\x00"], ids=ascii)
def test_any_user_the_api_can_list_again_passes(user: str) -> None:
    assert sent(user=user)["user"] == user


@pytest.mark.parametrize("session_id", ["cksess_1", "...", "a/b", " ", "é", "?", "%2e", "-"])
def test_any_id_that_can_stand_in_a_path_passes(session_id: str) -> None:
    assert SessionCancelParams(session_id).to_dict() == {"session_id": session_id}


def test_the_largest_state_the_api_takes_passes() -> None:
    given = {f"{index:064}": "" for index in range(64)} | {"0" * 64: "x" * 10_485_760}
    assert len(ChatSessionWorkflowParam("wf", state_variables=given).state_variables or ()) == 64


@pytest.mark.parametrize("wrong", [{"usr": "u"}, {"session_id": "x"}])
def test_a_wrong_keyword_stays_pythons_type_error(wrong: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="unexpected keyword"):
        SessionCreateParams(**{**LEAST, **wrong})
