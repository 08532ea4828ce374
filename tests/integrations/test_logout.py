"""The app's logout: the secrets that the user's browsers hold stop working."""

from __future__ import annotations

from typing import Any

from chatkit_async.emulator import Emulator, Fault

from .apps.shared import LOGOUT
from .fetching import Headers, Response, as_user, cookie_header, fetch

HOST = "__Host-chatkit_visitor"


def statuses(emulator: Emulator) -> list[Any]:
    return [session["status"] for session in emulator.sessions()]


def logged_out(url: str, headers: Headers | None = None) -> Response:
    response = fetch(url, LOGOUT, headers=headers)
    assert response.status == 200
    return response


def test_all_sessions_of_the_user_are_cancelled_and_no_others(url: str, emulator: Emulator) -> None:
    for device in ("phone", "desk"):
        fetch(url, headers=as_user(["jo", device]))
    fetch(url, headers=as_user("kim"))
    assert logged_out(url, as_user(["jo", "desk"])).headers["X-Test-Complete"] == "True"
    assert statuses(emulator) == ["cancelled", "cancelled", "active"]


def test_an_anonymous_visitor_loses_the_cookie_and_returns_as_a_new_visitor(url: str, emulator: Emulator) -> None:
    first = fetch(url)
    response = logged_out(url, cookie_header(first))
    assert statuses(emulator) == ["cancelled"]
    dropped = response.cookies[HOST]
    assert (dropped.value, dropped["max-age"], dropped["path"]) == ("", "0", "/")
    assert dropped["secure"]
    again = fetch(url)
    assert again.json["client_secret"] != first.json["client_secret"]
    assert statuses(emulator) == ["cancelled", "active"]


def test_sessions_of_before_and_after_the_sign_in_are_cancelled(url: str, emulator: Emulator) -> None:
    visit = fetch(url)
    fetch(url, headers=as_user("lea"))
    logged_out(url, {**as_user("lea"), **cookie_header(visit)})
    assert statuses(emulator) == ["cancelled", "cancelled"]


def test_a_forged_cookie_cancels_nothing(url: str, emulator: Emulator) -> None:
    genuine = fetch(url).cookies[HOST].value
    logged_out(url, {"Cookie": f"{HOST}={genuine[:-1]}{'A' if genuine[-1] != 'A' else 'B'}"})
    assert statuses(emulator) == ["active"]


def test_a_logout_without_sessions_succeeds(url: str, emulator: Emulator) -> None:
    assert logged_out(url).headers["X-Test-Complete"] == "True"
    assert emulator.requests() == []


def test_a_session_that_could_not_be_cancelled_makes_the_revocation_incomplete(url: str, emulator: Emulator) -> None:
    fetch(url, headers=as_user("mia"))
    emulator.add_faults(Fault(path="/cancel", status=400, body={}))
    assert logged_out(url, as_user("mia")).headers["X-Test-Complete"] == "False"
    assert logged_out(url, as_user("mia")).headers["X-Test-Complete"] == "True"
    assert statuses(emulator) == ["cancelled"]


def test_after_logout_the_next_visit_gets_a_new_secret(url: str) -> None:
    first = fetch(url, headers=as_user("noa")).json
    logged_out(url, as_user("noa"))
    assert fetch(url, headers=as_user("noa"), body={"currentClientSecret": first["client_secret"]}).json != first
