"""The endpoint as a browser meets it, the same behind every framework: who gets which client secret."""

from __future__ import annotations

import pytest

from chatkit_async.emulator import Emulator

from .apps.shared import ANYBODY, MEMBERS
from .asking import as_user, ask, cookie_header, users

HOST = "__Host-chatkit_visitor"


def test_who_is_signed_in_gets_the_secret_of_a_session_of_theirs(url: str, emulator: Emulator) -> None:
    answer = ask(url, headers=as_user("ada"))
    assert answer.status == 200
    [session] = emulator.sessions()
    assert (session["user"], session["workflow"]["id"]) == ("ada", "wf_1")
    assert answer.json == {"client_secret": session["client_secret"], "expires_at": session["expires_at"]}
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.cookies == {}


def test_asking_again_gives_the_same_secret_while_it_lives(url: str, emulator: Emulator) -> None:
    first = ask(url, headers=as_user("brook"))
    assert ask(url, headers=as_user("brook"), body={}).json == first.json
    assert users(emulator) == ["brook"]


def test_a_refresh_gives_another_secret(url: str, emulator: Emulator) -> None:
    first = ask(url, headers=as_user("cleo")).json["client_secret"]
    second = ask(url, headers=as_user("cleo"), body={"currentClientSecret": first}).json["client_secret"]
    assert second != first
    assert users(emulator) == ["cleo", "cleo"]


def test_a_secret_that_is_none_of_theirs_is_answered_with_the_live_one(url: str) -> None:
    first = ask(url, headers=as_user("dana"))
    assert ask(url, headers=as_user("dana"), body={"currentClientSecret": "ek_nobodys"}).json == first.json
    assert ask(url, headers=as_user("dana"), body={"currentClientSecret": None}).json == first.json


def test_user_and_workflow_in_the_body_count_for_nothing(url: str, emulator: Emulator) -> None:
    asked = {"user": "root", "device": "x", "workflow": {"id": "wf_other"}, "state_variables": {"plan": "pro"}}
    assert ask(url, headers=as_user("emil"), body=asked).status == 200
    [session] = emulator.sessions()
    assert (session["user"], session["workflow"]["id"]) == ("emil", "wf_1")
    assert not session["workflow"]["state_variables"]


def test_each_device_has_a_session_of_its_own(url: str, emulator: Emulator) -> None:
    secrets = {
        ask(url, headers=as_user(["finn", device])).json["client_secret"] for device in ("phone", "desk", "phone")
    }
    assert len(secrets) == 2
    assert users(emulator) == ["finn", "finn"]


def test_an_anonymous_visitor_gets_a_cookie_that_only_the_server_reads(url: str, emulator: Emulator) -> None:
    answer = ask(url)
    assert answer.status == 200
    [(name, cookie)] = answer.cookies.items()
    assert name == HOST
    assert cookie["httponly"]
    assert cookie["secure"]
    assert cookie["path"] == "/"
    assert cookie["samesite"].lower() == "lax"
    assert int(cookie["max-age"]) == 30 * 24 * 3600
    assert cookie["domain"] == ""
    [user] = users(emulator)
    assert user.startswith("anonymous_")


def test_the_same_cookie_is_the_same_visitor(url: str, emulator: Emulator) -> None:
    first = ask(url)
    again = ask(url, headers=cookie_header(first))
    assert again.json == first.json
    assert len(users(emulator)) == 1
    assert again.cookies[HOST].value.split(".")[1] == first.cookies[HOST].value.split(".")[1]


def test_a_developers_cookie_goes_over_plain_http_and_is_the_same_otherwise(url: str, emulator: Emulator) -> None:
    first = ask(url, ANYBODY, headers=as_user("nobody signs in here"))
    [(name, cookie)] = first.cookies.items()
    assert name == "chatkit_visitor"
    assert cookie["httponly"]
    assert not cookie["secure"]
    assert ask(url, ANYBODY, headers=cookie_header(first)).json == first.json
    assert len(users(emulator)) == 1


def test_visitors_without_a_cookie_are_strangers_to_each_other(url: str, emulator: Emulator) -> None:
    assert ask(url).json["client_secret"] != ask(url).json["client_secret"]
    assert len(set(users(emulator))) == 2


@pytest.mark.parametrize(
    "forge",
    [
        lambda value: value[:-1] + ("A" if value[-1] != "A" else "B"),
        lambda value: value.replace("v1.", "v2."),
        lambda value: f"v1.{'A' * 32}.{value.split('.', 2)[2]}",
        lambda value: f"{value}.",
        lambda value: ".".join(value.split(".")[:3]) + ".",
        lambda value: value.split(".")[1],
        lambda value: "",
        lambda value: "x" * 4000,
    ],
    ids=["signature", "version", "name", "longer", "unsigned", "bare", "empty", "huge"],
)
def test_a_forged_cookie_is_dropped_and_reaches_nothing_of_the_old_visitor(
    url: str, emulator: Emulator, forge: object
) -> None:
    first = ask(url)
    forged = forge(first.cookies[HOST].value)  # type: ignore[operator]
    answer = ask(url, headers={"Cookie": f"{HOST}={forged}"})
    assert answer.status == 200
    assert answer.json["client_secret"] != first.json["client_secret"]
    assert answer.cookies[HOST].value.split(".")[1] != first.cookies[HOST].value.split(".")[1]
    assert len(set(users(emulator))) == 2


def test_who_signs_in_is_no_longer_the_anonymous_visitor(url: str, emulator: Emulator) -> None:
    first = ask(url)
    answer = ask(url, headers={**cookie_header(first), **as_user("gwen")})
    assert answer.json["client_secret"] != first.json["client_secret"]
    assert users(emulator)[1] == "gwen"


def test_without_keys_for_cookies_only_who_is_signed_in_gets_a_secret(url: str, emulator: Emulator) -> None:
    refused = ask(url, MEMBERS, headers=cookie_header(ask(url)))
    assert refused.status == 401
    assert refused.error["code"] == "not_signed_in"
    assert refused.cookies == {}
    assert ask(url, MEMBERS, headers=as_user("hana")).status == 200
    assert users(emulator)[1:] == ["hana"]


def test_whom_the_app_turns_away_in_its_frameworks_own_way_gets_that_answer(url: str, emulator: Emulator) -> None:
    assert ask(url, headers=as_user("forbidden")).status == 403
    assert ask(url, MEMBERS, headers=as_user("forbidden")).status == 403
    assert users(emulator) == []


def test_no_answer_lets_pages_of_other_origins_read_it(url: str) -> None:
    asked = as_user("ines", Origin="https://shop.example")
    for answer in (ask(url, headers=asked), ask(url, headers=as_user(7)), ask(url, method="OPTIONS", headers=asked)):
        assert [name for name in answer.headers if name.lower().startswith("access-control")] == []
