"""Logging out by the app's own view: whoever asks can do nothing more with what their browsers hold."""

from __future__ import annotations

from typing import Any

from chatkit_async.emulator import Emulator, Fault

from .apps.shared import LOGOUT
from .asking import Answer, Headers, as_user, ask, cookie_header

HOST = "__Host-chatkit_visitor"


def statuses(emulator: Emulator) -> list[Any]:
    return [session["status"] for session in emulator.sessions()]


def logged_out(url: str, headers: Headers | None = None) -> Answer:
    answer = ask(url, LOGOUT, headers=headers)
    assert answer.status == 200
    return answer


def test_all_sessions_of_the_user_are_cancelled_and_nobody_elses(url: str, emulator: Emulator) -> None:
    for device in ("phone", "desk"):
        ask(url, headers=as_user(["jo", device]))
    ask(url, headers=as_user("kim"))
    assert logged_out(url, as_user(["jo", "desk"])).headers["X-Test-Complete"] == "True"
    assert statuses(emulator) == ["cancelled", "cancelled", "active"]


def test_an_anonymous_visitor_is_forgotten_and_comes_back_as_somebody_else(url: str, emulator: Emulator) -> None:
    first = ask(url)
    answer = logged_out(url, cookie_header(first))
    assert statuses(emulator) == ["cancelled"]
    dropped = answer.cookies[HOST]
    assert (dropped.value, dropped["max-age"], dropped["path"]) == ("", "0", "/")
    assert dropped["secure"]
    again = ask(url)
    assert again.json["client_secret"] != first.json["client_secret"]
    assert statuses(emulator) == ["cancelled", "active"]


def test_who_signed_in_after_a_visit_leaves_nothing_of_either_behind(url: str, emulator: Emulator) -> None:
    visit = ask(url)
    ask(url, headers=as_user("lea"))
    logged_out(url, {**as_user("lea"), **cookie_header(visit)})
    assert statuses(emulator) == ["cancelled", "cancelled"]


def test_a_forged_cookie_logs_nobody_out(url: str, emulator: Emulator) -> None:
    genuine = ask(url).cookies[HOST].value
    logged_out(url, {"Cookie": f"{HOST}={genuine[:-1]}{'A' if genuine[-1] != 'A' else 'B'}"})
    assert statuses(emulator) == ["active"]


def test_who_has_nothing_logs_out_all_the_same(url: str, emulator: Emulator) -> None:
    assert logged_out(url).headers["X-Test-Complete"] == "True"
    assert emulator.requests() == []


def test_what_could_not_be_cancelled_is_told(url: str, emulator: Emulator) -> None:
    ask(url, headers=as_user("mia"))
    emulator.add_faults(Fault(path="/cancel", status=400, body={}))
    assert logged_out(url, as_user("mia")).headers["X-Test-Complete"] == "False"
    assert logged_out(url, as_user("mia")).headers["X-Test-Complete"] == "True"
    assert statuses(emulator) == ["cancelled"]


def test_after_logout_the_next_visit_gets_a_new_secret(url: str) -> None:
    first = ask(url, headers=as_user("noa")).json
    logged_out(url, as_user("noa"))
    assert ask(url, headers=as_user("noa"), body={"currentClientSecret": first["client_secret"]}).json != first
