"""Parts of responses that hold only booleans and integers: equal ones are one object, however many are held."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from chatkit_async import ChatKitThread, ChatSession, ChatSessionRateLimits, MissingFieldError, ThreadDeleteResponse
from chatkit_async._core.codec import Mismatch, structure
from tests.types.documents import WHOLE

THREAD = {
    "id": "cthr_1",
    "object": "chatkit.thread",
    "created_at": 1,
    "title": None,
    "status": {"type": "active"},
    "user": "ada",
}
DELETED = {"id": "cthr_1", "object": "chatkit.thread.deleted", "deleted": True}


def session_with(**changes: Any) -> ChatSession:
    return structure(copy.deepcopy(WHOLE) | changes, ChatSession)


def limits(number: object) -> dict[str, object]:
    return {"rate_limits": {"max_requests_per_1_minute": number}}


def test_sessions_with_the_same_settings_share_them() -> None:
    one, other = session_with(), session_with()
    assert one.rate_limits is other.rate_limits
    assert one.chatkit_configuration.history is other.chatkit_configuration.history
    assert one.object is other.object


def test_sessions_with_other_settings_have_their_own() -> None:
    assert session_with(**limits(3)).rate_limits.max_requests_per_1_minute == 3
    assert session_with(**limits(4)).rate_limits.max_requests_per_1_minute == 4


def test_a_number_where_a_switch_is_documented_is_refused_though_it_equals_one() -> None:
    structure({"enabled": True}, type(session_with().workflow.tracing))
    with pytest.raises(Mismatch, match="boolean"):
        structure({"enabled": 1}, type(session_with().workflow.tracing))


def test_undocumented_fields_and_absent_ones_are_the_sessions_own() -> None:
    plain = session_with()
    richer = session_with(rate_limits={**WHOLE["rate_limits"], "burst": 3})
    assert (dict(plain.rate_limits.extra), dict(richer.rate_limits.extra)) == ({}, {"burst": 3})
    with pytest.raises(MissingFieldError):
        _ = session_with(rate_limits={}).rate_limits.max_requests_per_1_minute


def test_however_many_values_a_server_sends_only_the_first_few_hundred_are_kept() -> None:
    def kept(number: int) -> bool:
        document = {"max_requests_per_1_minute": number}
        return structure(document, ChatSessionRateLimits) is structure(document, ChatSessionRateLimits)

    assert sum(kept(number) for number in range(10_000, 11_000)) <= 256
    assert structure({"max_requests_per_1_minute": 10_999}, ChatSessionRateLimits).max_requests_per_1_minute == 10_999


@pytest.mark.parametrize(
    ("cls", "document"), [(ChatSession, WHOLE), (ChatKitThread, THREAD), (ThreadDeleteResponse, DELETED)]
)
def test_what_a_call_returns_is_shared_with_no_other_call(cls: Any, document: Any) -> None:
    assert structure(document, cls) is not structure(document, cls)


def test_a_copy_and_a_pickle_of_a_shared_part_are_equal_to_it() -> None:
    part = session_with().chatkit_configuration.file_upload
    assert copy.deepcopy(part) == pickle.loads(pickle.dumps(part)) == part
