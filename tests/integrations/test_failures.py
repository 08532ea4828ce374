"""What an error of the API becomes: a status that says what to do, without the API's words."""

from __future__ import annotations

from chatkit_async.emulator import Emulator, Fault

from .apps.shared import MEMBERS
from .fetching import as_new_user, fetch, users
from .serving import each_value

SESSIONS = "/chatkit/sessions"
UPSTREAM = {"error": {"message": "words of the API", "type": "of_the_api", "param": "of_the_api", "code": "of_the_api"}}


def fault(status: int, code: str = "of_the_api", **headers: str) -> Fault:
    body = {"error": {**UPSTREAM["error"], "code": code}}
    return Fault(path=SESSIONS, status=status, body=body, headers={"x-request-id": "req_of_the_api", **headers})


@each_value(
    "upstream, status, code, retry_after",
    [
        (fault(429, **{"retry-after": "7"}), 429, "rate_limited", "7"),
        (fault(429, **{"retry-after-ms": "1500"}), 429, "rate_limited", "2"),
        (fault(429), 429, "rate_limited", "5"),
        (fault(429, "insufficient_quota"), 503, "unavailable", "30"),
        (fault(503, **{"retry-after": "11"}), 503, "unavailable", "11"),
        (fault(503), 503, "unavailable", "30"),
        (fault(500), 502, "upstream_error", None),
        (fault(502), 502, "upstream_error", None),
        (fault(504), 502, "upstream_error", None),
        (fault(400), 502, "upstream_error", None),
        (fault(401), 502, "upstream_error", None),
        (fault(403), 502, "upstream_error", None),
        (fault(404), 502, "upstream_error", None),
        (fault(302, location="https://words.of.the.api/"), 502, "upstream_error", None),
    ],
    ids=lambda value: f"{value[0].status} {value[2]}",
)
def test_each_refusal_by_the_api_has_its_status_code_and_wait(
    url: str, emulator: Emulator, upstream: Fault, status: int, code: str, retry_after: str | None
) -> None:
    emulator.add_faults(upstream)
    response = fetch(url, MEMBERS, headers=as_new_user())
    assert (response.status, response.error["code"], response.headers["Retry-After"]) == (status, code, retry_after)
    assert response.error["request_id"] == "req_of_the_api"
    assert b"of_the_api" not in response.body.replace(b"req_of_the_api", b"")
    assert b"words" not in response.body
    assert response.headers["Cache-Control"] == "no-store"
    assert users(emulator) == []


def test_a_connection_that_breaks_is_a_bad_gateway(url: str, emulator: Emulator) -> None:
    emulator.add_faults(Fault(path=SESSIONS, drop=True))
    response = fetch(url, MEMBERS, headers=as_new_user())
    assert (response.status, response.error["code"]) == (502, "upstream_unreachable")


def test_a_response_of_the_api_that_comes_too_late_is_a_gateway_timeout(url: str, emulator: Emulator) -> None:
    emulator.add_faults(Fault(path=SESSIONS, delay=30))
    response = fetch(url, MEMBERS, headers=as_new_user())
    assert (response.status, response.error["code"]) == (504, "upstream_timeout")


def test_a_malformed_response_of_the_api_is_a_bad_gateway(url: str, emulator: Emulator) -> None:
    emulator.add_faults(Fault(path=SESSIONS, status=200, body={"client_secret": None}))
    assert fetch(url, MEMBERS, headers=as_new_user()).status == 502


def test_after_a_failure_the_next_request_succeeds(url: str, emulator: Emulator) -> None:
    emulator.add_faults(fault(500))
    visitor = as_new_user()
    assert fetch(url, MEMBERS, headers=visitor).status == 502
    assert fetch(url, MEMBERS, headers=visitor).status == 200
