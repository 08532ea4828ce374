"""The endpoint as a browser meets it, the same behind every framework: which user gets which client secret."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler, make_server

from flask import Flask

from chatkit_async import ChatKit
from chatkit_async.broker import SessionBroker
from chatkit_async.emulator import Emulator
from chatkit_async.integrations.flask import session_endpoint

from .apps.shared import ANONYMOUS, MEMBERS, SESSION
from .fetching import as_user, cookie_header, fetch, users
from .serving import each_value

HOST = "__Host-chatkit_visitor"


def test_a_signed_in_user_gets_the_secret_of_their_session(url: str, emulator: Emulator) -> None:
    response = fetch(url, headers=as_user("ada"))
    assert response.status == 200
    [session] = emulator.sessions()
    assert (session["user"], session["workflow"]["id"]) == ("ada", "wf_1")
    assert response.json == {"client_secret": session["client_secret"], "expires_at": session["expires_at"]}
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.cookies == {}


def test_a_second_request_gets_the_same_secret_while_it_is_valid(url: str, emulator: Emulator) -> None:
    first = fetch(url, headers=as_user("brook"))
    assert fetch(url, headers=as_user("brook"), body={}).json == first.json
    assert users(emulator) == ["brook"]


def test_a_refresh_gives_another_secret(url: str, emulator: Emulator) -> None:
    first = fetch(url, headers=as_user("cleo")).json["client_secret"]
    second = fetch(url, headers=as_user("cleo"), body={"currentClientSecret": first}).json["client_secret"]
    assert second != first
    assert users(emulator) == ["cleo", "cleo"]


def test_an_unknown_current_secret_gets_the_live_one(url: str) -> None:
    first = fetch(url, headers=as_user("dana"))
    assert fetch(url, headers=as_user("dana"), body={"currentClientSecret": "ek_unknown"}).json == first.json
    assert fetch(url, headers=as_user("dana"), body={"currentClientSecret": None}).json == first.json


def test_user_and_workflow_in_the_body_are_ignored(url: str, emulator: Emulator) -> None:
    sent = {"user": "root", "device": "x", "workflow": {"id": "wf_other"}, "state_variables": {"plan": "pro"}}
    assert fetch(url, headers=as_user("emil"), body=sent).status == 200
    [session] = emulator.sessions()
    assert (session["user"], session["workflow"]["id"]) == ("emil", "wf_1")
    assert not session["workflow"]["state_variables"]


def test_each_device_has_its_own_session(url: str, emulator: Emulator) -> None:
    secrets = {
        fetch(url, headers=as_user(["finn", device])).json["client_secret"] for device in ("phone", "desk", "phone")
    }
    assert len(secrets) == 2
    assert users(emulator) == ["finn", "finn"]


def test_an_anonymous_visitor_gets_a_cookie_that_only_the_server_can_read(url: str, emulator: Emulator) -> None:
    response = fetch(url)
    assert response.status == 200
    [(name, cookie)] = response.cookies.items()
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
    first = fetch(url)
    again = fetch(url, headers=cookie_header(first))
    assert again.json == first.json
    assert len(users(emulator)) == 1
    assert again.cookies[HOST].value.split(".")[1] == first.cookies[HOST].value.split(".")[1]


def test_a_developers_cookie_goes_over_plain_http_and_is_the_same_otherwise(url: str, emulator: Emulator) -> None:
    first = fetch(url, ANONYMOUS, headers=as_user("ignored"))
    [(name, cookie)] = first.cookies.items()
    assert name == "chatkit_visitor"
    assert cookie["httponly"]
    assert not cookie["secure"]
    assert fetch(url, ANONYMOUS, headers=cookie_header(first)).json == first.json
    assert len(users(emulator)) == 1


def test_two_requests_without_a_cookie_are_two_visitors(url: str, emulator: Emulator) -> None:
    assert fetch(url).json["client_secret"] != fetch(url).json["client_secret"]
    assert len(set(users(emulator))) == 2


FORGERIES: dict[str, Callable[[str], str]] = {
    "signature": lambda value: value[:-1] + ("A" if value[-1] != "A" else "B"),
    "version": lambda value: value.replace("v1.", "v2."),
    "name": lambda value: f"v1.{'A' * 32}.{value.split('.', 2)[2]}",
    "longer": lambda value: f"{value}.",
    "unsigned": lambda value: ".".join(value.split(".")[:3]) + ".",
    "bare": lambda value: value.split(".")[1],
    "empty": lambda value: "",
    "huge": lambda value: "x" * 4000,
}


@each_value("forgery", [*FORGERIES])
def test_a_forged_cookie_is_replaced_and_gives_no_access_to_the_visitor_it_names(
    url: str, emulator: Emulator, forgery: str
) -> None:
    first = fetch(url)
    forged = FORGERIES[forgery](first.cookies[HOST].value)
    response = fetch(url, headers={"Cookie": f"{HOST}={forged}"})
    assert response.status == 200
    assert response.json["client_secret"] != first.json["client_secret"]
    assert response.cookies[HOST].value.split(".")[1] != first.cookies[HOST].value.split(".")[1]
    assert len(set(users(emulator))) == 2


def test_after_sign_in_the_cookie_no_longer_decides_the_user(url: str, emulator: Emulator) -> None:
    first = fetch(url)
    response = fetch(url, headers={**cookie_header(first), **as_user("gwen")})
    assert response.json["client_secret"] != first.json["client_secret"]
    assert users(emulator)[1] == "gwen"


def test_without_cookie_keys_only_signed_in_users_get_a_secret(url: str, emulator: Emulator) -> None:
    refused = fetch(url, MEMBERS, headers=cookie_header(fetch(url)))
    assert refused.status == 401
    assert refused.error["code"] == "not_signed_in"
    assert refused.cookies == {}
    assert fetch(url, MEMBERS, headers=as_user("hana")).status == 200
    assert users(emulator)[1:] == ["hana"]


def test_an_exception_of_the_framework_raised_by_identify_decides_the_response(url: str, emulator: Emulator) -> None:
    assert fetch(url, headers=as_user("forbidden")).status == 403
    assert fetch(url, MEMBERS, headers=as_user("forbidden")).status == 403
    assert users(emulator) == []


def test_a_request_without_a_body_may_be_sent_as_text(url: str, emulator: Emulator) -> None:
    assert fetch(url, headers=as_user("jana") | {"Content-Type": "text/plain"}).status == 200
    assert users(emulator) == ["jana"]


def test_wsgiref_which_makes_up_a_content_type_serves_a_request_without_one(emulator: Emulator) -> None:
    app = Flask("app")
    with (
        ChatKit("sk-test", base_url=emulator.base_url) as client,
        SessionBroker(client, workflow="wf_1") as broker,
        make_server("127.0.0.1", 0, app, handler_class=Silent) as server,
    ):
        app.add_url_rule(SESSION, view_func=session_endpoint(broker, identify=lambda request: "kim"))
        thread = Thread(target=server.handle_request)
        thread.start()
        response = fetch(f"http://127.0.0.1:{server.server_port}")
        thread.join()
    assert response.status == 200


class Silent(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Prints nothing."""


def test_no_response_has_cors_headers(url: str) -> None:
    sent = as_user("ines", Origin="https://shop.example")
    for response in (
        fetch(url, headers=sent),
        fetch(url, headers=as_user(7)),
        fetch(url, method="OPTIONS", headers=sent),
    ):
        assert [name for name in response.headers if name.lower().startswith("access-control")] == []
