"""The life of a session: created, shown, cancelled, expired."""

from __future__ import annotations

import base64
import json
import re
import time
from email.utils import parsedate_to_datetime

import pytest

from chatkit_async.emulator import Emulator
from chatkit_async.errors import ConfigurationError
from tests.emulator.raw import MINIMAL, cancel, post
from tests.emulator.schema_slice import SESSION

FIELDS = {
    "id",
    "object",
    "client_secret",
    "expires_at",
    "user",
    "status",
    "max_requests_per_1_minute",
    "rate_limits",
    "workflow",
    "chatkit_configuration",
}


async def test_a_session_has_the_ten_fields_with_the_defaults_filled_in(base_url: str) -> None:
    response = await post(base_url)
    session = response.json
    SESSION.validate(session)
    assert set(session) == FIELDS
    assert (session["object"], session["status"], session["user"]) == ("chatkit.session", "active", "user_1")
    assert session["rate_limits"] == {"max_requests_per_1_minute": 10}
    assert session["max_requests_per_1_minute"] == 10
    assert session["workflow"] == {
        "id": "wf_1",
        "version": None,
        "state_variables": None,
        "tracing": {"enabled": True},
    }
    assert session["chatkit_configuration"] == {
        "automatic_thread_titling": {"enabled": True},
        "file_upload": {"enabled": False, "max_file_size": 512, "max_files": 10},
        "history": {"enabled": True, "recent_threads": None},
    }


async def test_a_created_session_has_the_values_of_the_request(base_url: str) -> None:
    workflow = {
        "id": "wf_2",
        "version": "3",
        "state_variables": {"text": "é😀", "whole": 7, "large": 2**70, "decimal": 7.0, "yes": True},
        "tracing": {"enabled": False},
    }
    configuration = {
        "automatic_thread_titling": {"enabled": False},
        "file_upload": {"enabled": True, "max_file_size": 5, "max_files": 2},
        "history": {"enabled": False, "recent_threads": 3},
    }
    limits = {"max_requests_per_1_minute": 25}
    body = {"user": "u", "workflow": workflow, "chatkit_configuration": configuration, "rate_limits": limits}
    session = (await post(base_url, body)).json
    assert session["workflow"] == workflow
    assert session["chatkit_configuration"] == configuration
    assert session["rate_limits"] == limits
    assert session["max_requests_per_1_minute"] == 25


async def test_the_kind_of_a_number_is_kept(base_url: str) -> None:
    variables = {"whole": 7, "decimal": 7.0, "yes": True}
    body = {"user": "u", "workflow": {"id": "wf_1", "state_variables": variables}}
    assert b'"state_variables":{"whole":7,"decimal":7.0,"yes":true}' in (await post(base_url, body)).body


async def test_a_bound_without_fraction_is_shown_as_an_integer(base_url: str) -> None:
    body = {**MINIMAL, "rate_limits": {"max_requests_per_1_minute": 5.0}}
    assert b'"max_requests_per_1_minute":5,' in (await post(base_url, body)).body


async def test_ids_and_secrets_look_like_the_apis(emulator: Emulator) -> None:
    first, second = [(await post(emulator.base_url)).json for _ in range(2)]
    assert re.fullmatch(r"cksess_[0-9a-f]{48}", first["id"])
    shape = re.fullmatch(r"ek_[0-9a-f]{48}_00(.+)", first["client_secret"])
    assert shape is not None
    assert json.loads(base64.b64decode(shape[1])) == {"expires_at": first["expires_at"]}
    assert first["id"] != second["id"]
    assert first["client_secret"] != second["client_secret"]


async def test_a_session_expires_by_the_clock(emulator: Emulator) -> None:
    emulator.set_clock(1_800_000_000)
    body = {**MINIMAL, "expires_after": {"anchor": "created_at", "seconds": 90}}
    expires_at = (await post(emulator.base_url, body)).json["expires_at"]
    assert 1_800_000_090 <= expires_at < 1_800_000_150
    emulator.set_clock(expires_at - 60)
    assert emulator.sessions()[0]["status"] == "active"
    emulator.advance_clock(60)
    assert emulator.sessions()[0]["status"] == "expired"


async def test_the_default_lifetime_is_ten_minutes(emulator: Emulator) -> None:
    emulator.set_clock(1_800_000_000)
    assert 1_800_000_600 <= (await post(emulator.base_url)).json["expires_at"] < 1_800_000_660


async def test_an_active_session_is_cancelled(emulator: Emulator) -> None:
    session = (await post(emulator.base_url)).json
    response = await cancel(emulator.base_url, session["id"])
    assert response.status == 200
    assert response.json == {**session, "status": "cancelled"}
    assert emulator.sessions() == [response.json]


async def test_a_second_cancel_returns_the_same_status(base_url: str) -> None:
    session = (await post(base_url)).json
    first = await cancel(base_url, session["id"])
    second = await cancel(base_url, session["id"])
    assert (second.status, second.body) == (200, first.body)


async def test_cancelling_an_expired_session_leaves_it_expired(emulator: Emulator) -> None:
    session = (await post(emulator.base_url)).json
    emulator.advance_clock(600)
    response = await cancel(emulator.base_url, session["id"])
    assert (response.status, response.json["status"]) == (200, "expired")


async def test_a_cancelled_session_stays_cancelled_beyond_its_expiry(emulator: Emulator) -> None:
    session = (await post(emulator.base_url)).json
    await cancel(emulator.base_url, session["id"])
    emulator.advance_clock(6000)
    assert emulator.sessions()[0]["status"] == "cancelled"


@pytest.mark.parametrize("given", ["cksess_0", "a%2Fb", "%2E%2E", "caf%C3%A9", "%FF", "%", "a%0Ab"])
async def test_an_unknown_session_is_named(base_url: str, given: str) -> None:
    response = await cancel(base_url, given)
    meant = {"a%2Fb": "a/b", "%2E%2E": "..", "caf%C3%A9": "café", "%FF": "\ufffd", "a%0Ab": "a\nb"}.get(given, given)
    assert response.status == 404
    assert response.error == {
        "message": f"Chatkit Session with id '{meant}' not found.",
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }


async def test_the_date_header_is_by_the_emulators_clock(emulator: Emulator) -> None:
    emulator.set_clock(2_000_000_000)
    response = await post(emulator.base_url)
    seconds = parsedate_to_datetime(response.headers["date"]).timestamp()
    assert seconds == response.json["expires_at"] - 600


async def test_every_response_has_a_request_id(base_url: str) -> None:
    ids = {(await post(base_url)).headers["x-request-id"] for _ in range(3)}
    assert len(ids) == 3
    assert all(re.fullmatch(r"req_[0-9a-f]{32}", request_id) for request_id in ids)


@pytest.mark.parametrize("unix_s", [-1, 1e18, float("nan"), float("inf")])
def test_a_time_without_a_date_is_refused(unix_s: float) -> None:
    with pytest.raises(ConfigurationError, match="clock"):
        Emulator().set_clock(unix_s)


async def test_sessions_handed_out_are_copies(emulator: Emulator) -> None:
    await post(emulator.base_url)
    emulator.sessions()[0]["workflow"]["id"] = "changed"
    assert emulator.sessions()[0]["workflow"]["id"] == "wf_1"


async def test_two_emulators_know_nothing_of_each_other() -> None:
    async with Emulator() as one, Emulator() as other:
        session = (await post(one.base_url)).json
        assert one.base_url != other.base_url
        assert other.sessions() == []
        assert (await cancel(other.base_url, session["id"])).status == 404


async def test_reset_forgets_everything(emulator: Emulator) -> None:
    await post(emulator.base_url)
    emulator.advance_clock(10**9)
    emulator.reset()
    assert (emulator.sessions(), emulator.requests()) == ([], [])
    await post(emulator.base_url)
    assert emulator.requests()[0].received_at < time.time() + 10**8
