"""Results as objects, whole and partial."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import attrs
import pytest

from chatkit_async import (
    ChatKitWorkflow,
    ChatKitWorkflowTracing,
    ChatSession,
    MissingFieldError,
    ResponseInfo,
    Secret,
)
from chatkit_async._core.codec import structure
from chatkit_async.errors import RateLimit
from chatkit_async.types.headers import Headers
from chatkit_async.types.result import attach_response
from tests.types.documents import CANCELLED, CREATED, DOCUMENTED, SECRETLESS, WHOLE

every_document = pytest.mark.parametrize("document", DOCUMENTED.values(), ids=DOCUMENTED.keys())
ways_to_copy = pytest.mark.parametrize(
    "again",
    [copy.copy, copy.deepcopy, *(lambda it, p=p: pickle.loads(pickle.dumps(it, p)) for p in range(6))],
    ids=["copy", "deepcopy", *(f"pickle {protocol}" for protocol in range(6))],
)


def session(document: dict[str, Any]) -> ChatSession:
    return structure(document, ChatSession)


def response_info() -> ResponseInfo:
    return ResponseInfo(200, "req_1", Headers([("X-Request-Id", "req_1")]), 1, 0.1, RateLimit())


@every_document
def test_to_dict_gives_back_what_came(document: dict[str, Any]) -> None:
    assert session(document).to_dict() == document


@every_document
@ways_to_copy
def test_a_copy_is_equal_hashes_alike_and_lacks_the_same_fields(document: dict[str, Any], again: Any) -> None:
    first = session(document)
    second = again(first)
    assert second == first
    assert hash(second) == hash(first)
    assert second.missing_fields == first.missing_fields
    assert second.to_dict() == document
    assert repr(second) == repr(first)


@every_document
def test_every_field_is_there_or_named_as_missing(document: dict[str, Any]) -> None:
    found = session(document)
    for name in attrs.fields_dict(ChatSession).keys() - {"extra"}:
        assert hasattr(found, name) == (name in document) == (name not in found.missing_fields)


def test_missing_fields_stand_in_the_order_of_the_class_and_the_rest_is_extra() -> None:
    found = session(CREATED)
    assert found.missing_fields == ("id", "object", "user", "rate_limits", "chatkit_configuration")
    assert dict(found.extra) == {name: CREATED[name] for name in ("scope", "max_requests_per_session")}
    assert found.workflow.missing_fields == ("state_variables", "tracing")


@pytest.mark.parametrize("name", session(CREATED).missing_fields)
def test_reading_an_absent_field_names_it_and_says_where_to_look(name: str) -> None:
    with pytest.raises(MissingFieldError, match=rf"ChatSession\.{name}: .*missing_fields lists"):
        getattr(session(CREATED), name)
    assert getattr(session(CREATED), name, "default") == "default"


def test_an_error_inside_a_property_stays_unchanged() -> None:
    with pytest.raises(MissingFieldError, match=r"ChatSession\.expires_at: "):
        _ = session(CANCELLED).expires_at_utc
    with pytest.raises(AttributeError, match="'ChatSession' object has no attribute 'nonsense'"):
        _ = session(WHOLE).nonsense  # type: ignore[attr-defined]


def test_an_object_without_anything_says_so_and_never_recurses() -> None:
    empty = ChatSession.__new__(ChatSession)
    with pytest.raises(MissingFieldError):
        _ = empty.id
    assert "id" in empty.missing_fields


@pytest.mark.parametrize("name", ["status", "extra", "nonsense", "_response"])
def test_a_result_is_frozen(name: str) -> None:
    found = session(WHOLE)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(found, name, "x")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        delattr(found, name)


def test_equality_is_of_class_fields_and_extra() -> None:
    first = session(WHOLE)
    assert first != session({**WHOLE, "status": "expired"})
    assert first != session({**WHOLE, "more": 1})
    assert first != session({name: value for name, value in WHOLE.items() if name != "user"})
    assert first.workflow != first.workflow.tracing
    assert first != WHOLE
    assert session({**WHOLE, "a": 1, "b": [{}]}) == session({"b": [{}], "a": 1, **WHOLE})


def test_equal_results_are_one_in_a_set() -> None:
    assert len({session({**WHOLE, "more": [1, {"a": None}]}), session({**WHOLE, "more": [1, {"a": None}]})}) == 1
    assert len({session(WHOLE), session(CREATED)}) == 2


def test_absent_and_null_are_not_the_same() -> None:
    null = structure({"id": "w", "version": None}, ChatKitWorkflow)
    absent = structure({"id": "w"}, ChatKitWorkflow)
    assert null.version is None
    assert "version" in absent.missing_fields
    assert null != absent


def test_a_repr_shows_what_is_there_and_no_secret() -> None:
    shown = repr(session({**CREATED, "nested": {"client_secret": "whatever", "x": "ek_0123456789"}}))
    assert "status='active'" in shown
    assert "'project': 'alpha'" in shown
    assert "chatkit_token_123" not in shown
    assert "whatever" not in shown
    assert "ek_0123456789" not in shown
    assert "user=" not in shown


def test_match_reads_the_fields_that_are_there() -> None:
    match session(CREATED):
        case ChatSession(user=_):
            pytest.fail("an absent field matched")
        case ChatSession(status="active", workflow=ChatKitWorkflow(id=workflow_id)):
            assert workflow_id == "workflow_alpha"
        case _:
            pytest.fail("nothing matched")


def test_a_whole_result_goes_through_attrs_evolve_and_asdict() -> None:
    found = session(WHOLE)
    changed = attrs.evolve(found, status="expired", client_secret="ek_other")
    assert (changed.status, changed.id) == ("expired", found.id)
    assert isinstance(changed.client_secret, Secret)
    assert attrs.asdict(found)["workflow"]["tracing"]["enabled"] is True


def test_evolving_a_partial_result_says_what_is_missing() -> None:
    with pytest.raises(MissingFieldError, match=r"ChatSession\.id"):
        attrs.evolve(session(CREATED), status="expired")


def test_only_the_object_a_call_returned_has_a_response() -> None:
    found = session(WHOLE)
    with pytest.raises(MissingFieldError, match="only the object that a call returns"):
        _ = found.response
    attach_response(found, response_info())
    assert found.response.request_id == "req_1"
    with pytest.raises(MissingFieldError):
        _ = found.workflow.response


def test_a_response_is_in_no_equality_hash_repr_copy_or_pickle() -> None:
    with_one, without = session(WHOLE), session(WHOLE)
    attach_response(with_one, response_info())
    assert with_one == without
    assert hash(with_one) == hash(without)
    assert repr(with_one) == repr(without)
    for again in (copy.copy(with_one), pickle.loads(pickle.dumps(with_one))):
        assert not hasattr(again, "response")
    assert "response" not in with_one.to_dict()


def test_the_secret_is_masked_and_whole_at_once() -> None:
    secret = session(WHOLE).client_secret
    assert secret == "ek_0123456789abcdef"
    assert repr(secret) == "Secret('***')"
    assert session(SECRETLESS).client_secret == ""


def test_a_pickled_session_keeps_its_secret_for_the_worker_that_needs_it() -> None:
    again = pickle.loads(pickle.dumps(session(WHOLE)))
    assert again.client_secret == "ek_0123456789abcdef"
    assert isinstance(again.client_secret, Secret)


def test_plain_dicts_carry_the_secret_as_a_plain_string() -> None:
    assert type(session(WHOLE).to_dict()["client_secret"]) is str


def test_a_result_can_be_referred_to_weakly() -> None:
    import weakref

    found = session(WHOLE)
    assert weakref.ref(found)() is found


def test_what_a_response_holds_by_name_cannot_be_changed() -> None:
    found = session(WHOLE | {"scope": {"a": 1}})
    for one in (found, pickle.loads(pickle.dumps(found)), copy.copy(found), copy.deepcopy(found)):
        assert one == found
        assert hash(one) == hash(found)
        assert repr(one) == repr(found)
        assert one.to_dict() == WHOLE | {"scope": {"a": 1}}
        for mapping in (one.extra, one.workflow.state_variables):
            with pytest.raises(TypeError, match="does not support item assignment"):
                mapping["a"] = 2  # type: ignore[index]
    assert "mappingproxy" not in repr(found)
    assert json.loads(json.dumps(dict(found.extra))) == {"scope": {"a": 1}}
    assert attrs.evolve(found, user="u2").extra == found.extra
    assert attrs.asdict(found)["extra"] == {"scope": {"a": 1}}


def test_a_response_made_by_hand_keeps_its_own_extra() -> None:
    given: dict[str, Any] = {"a": 1}
    made = ChatKitWorkflowTracing(enabled=True, extra=given)
    given["a"] = 2
    assert dict(made.extra) == {"a": 1}
