"""The four operations on threads, over a socket."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from chatkit_async.emulator import Emulator
from tests.emulator.raw import RawResponse, exchange, request_bytes
from tests.emulator.schema_slice import DELETED_THREAD, ITEM_LIST, THREAD, THREAD_LIST
from tests.emulator.seeds import KINDS, STATUSES, thread, threads

THREADS = "/v1/chatkit/threads"


async def get(base_url: str, target: str, **headers: str | None) -> RawResponse:
    return await exchange(base_url, request_bytes("GET", target, headers=dict(headers)))


async def delete(base_url: str, target: str) -> RawResponse:
    return await exchange(base_url, request_bytes("DELETE", target))


def ids(response: RawResponse) -> list[str]:
    return [one["id"] for one in response.json["data"]]


async def test_an_emulator_without_a_seed_has_no_threads(base_url: str) -> None:
    page = (await get(base_url, THREADS)).json
    assert page == {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}


async def test_threads_are_listed_newest_first_in_pages_of_twenty(emulator: Emulator, base_url: str) -> None:
    emulator.seed(threads=threads(25))
    response = await get(base_url, THREADS)
    THREAD_LIST.validate(response.json)
    assert ids(response) == [f"cthr_{number}" for number in range(24, 4, -1)]
    assert response.json["has_more"] is True
    rest = await get(base_url, f"{THREADS}?after={response.json['last_id']}")
    assert (ids(rest), rest.json["has_more"]) == ([f"cthr_{number}" for number in range(4, -1, -1)], False)


async def test_threads_of_one_user_are_listed_alone(emulator: Emulator, base_url: str) -> None:
    emulator.seed(threads=[*threads(5), thread("cthr_x", user="ü & co")])
    assert ids(await get(base_url, f"{THREADS}?user=user_1")) == ["cthr_3", "cthr_1"]
    assert ids(await get(base_url, f"{THREADS}?user=user_1&order=asc&limit=1")) == ["cthr_1"]
    assert ids(await get(base_url, f"{THREADS}?user={quote('ü & co')}")) == ["cthr_x"]
    assert ids(await get(base_url, f"{THREADS}?user=user_7")) == []
    assert (await get(base_url, f"{THREADS}?user=user_1&limit=2")).json["has_more"] is False


@pytest.mark.parametrize("status", STATUSES, ids=lambda status: status["type"])
async def test_a_thread_is_retrieved_as_seeded(emulator: Emulator, base_url: str, status: dict[str, Any]) -> None:
    seeded = {"id": "cthr_1", "object": "chatkit.thread", "created_at": 5, "title": "T", "status": status, "user": "u"}
    emulator.seed(threads=[{"thread": seeded, "items": []}])
    response = await get(base_url, f"{THREADS}/cthr_1")
    THREAD.validate(response.json)
    assert response.json == seeded


async def test_items_of_every_kind_are_listed_as_seeded(emulator: Emulator, base_url: str) -> None:
    emulator.seed(threads=[thread("cthr_1", items=6), thread("cthr_2", items=3)])
    response = await get(base_url, f"{THREADS}/cthr_1/items?order=asc")
    ITEM_LIST.validate(response.json)
    common = {"object": "chatkit.thread_item", "thread_id": "cthr_1"}
    assert response.json["data"] == [
        {"id": f"cthi_{number}", "created_at": 1_700_000_000 + number, **common, **kind}
        for number, kind in enumerate(KINDS)
    ]
    assert ids(await get(base_url, f"{THREADS}/cthr_1/items?after=cthi_2")) == ["cthi_1", "cthi_0"]
    assert len(ids(await get(base_url, f"{THREADS}/cthr_2/items"))) == 3


async def test_a_deleted_thread_is_gone_with_its_items(emulator: Emulator, base_url: str) -> None:
    emulator.seed(threads=threads(3))
    response = await delete(base_url, f"{THREADS}/cthr_1")
    DELETED_THREAD.validate(response.json)
    assert response.json == {"id": "cthr_1", "object": "chatkit.thread.deleted", "deleted": True}
    assert ids(await get(base_url, THREADS)) == ["cthr_2", "cthr_0"]
    for gone in (await get(base_url, f"{THREADS}/cthr_1"), await get(base_url, f"{THREADS}/cthr_1/items")):
        assert gone.status == 404
    assert [one["id"] for one in emulator.threads()] == ["cthr_0", "cthr_2"]


async def test_a_second_delete_is_refused(emulator: Emulator, base_url: str) -> None:
    emulator.seed(threads=threads(1))
    assert (await delete(base_url, f"{THREADS}/cthr_0")).status == 200
    again = await delete(base_url, f"{THREADS}/cthr_0")
    assert (again.status, again.error["message"]) == (404, "Thread with id 'cthr_0' not found.")
    assert (again.error["code"], again.error["param"], again.error["type"]) == (None, None, "invalid_request_error")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_a_thread_that_never_was_is_not_found(base_url: str, method: str) -> None:
    response = await exchange(base_url, request_bytes(method, f"{THREADS}/cthr_%F0%9F%90%88"))
    assert (response.status, response.error["message"]) == (404, "Thread with id 'cthr_🐈' not found.")


async def test_an_id_with_a_slash_is_reached_percent_encoded(emulator: Emulator, base_url: str) -> None:
    emulator.seed(threads=[thread("a/b?c", items=1)])
    assert (await get(base_url, f"{THREADS}/a%2Fb%3Fc")).json["id"] == "a/b?c"
    assert ids(await get(base_url, f"{THREADS}/a%2Fb%3Fc/items")) == ["cthi_0"]


REFUSED = [
    ("limit=101", "integer_above_max_value", "limit"),
    ("limit=-1", "integer_below_min_value", "limit"),
    (f"limit={'9' * 5000}", "invalid_type", "limit"),
    ("limit=", "invalid_type", "limit"),
    ("limit=ten", "invalid_type", "limit"),
    ("limit=1.0", "invalid_type", "limit"),
    ("limit=%D9%A1", "invalid_type", "limit"),
    ("limit=1&limit=2", "invalid_type", "limit"),
    ("order=ASC", "invalid_value", "order"),
    ("order=", "invalid_value", "order"),
    ("after=a&after=b", "invalid_type", "after"),
    ("cursor=a", "unknown_parameter", "cursor"),
    ("limit=5&Limit=5", "unknown_parameter", "Limit"),
]


@pytest.mark.parametrize("target", [THREADS, f"{THREADS}/cthr_0/items"])
@pytest.mark.parametrize(("query", "code", "param"), REFUSED, ids=lambda value: str(value)[:20])
async def test_a_query_beyond_the_schema_is_refused(
    emulator: Emulator, base_url: str, target: str, query: str, code: str, param: str
) -> None:
    emulator.seed(threads=threads(1))
    response = await get(base_url, f"{target}?{query}")
    assert (response.status, response.error["code"], response.error["param"]) == (400, code, param)


@pytest.mark.parametrize(
    ("user", "code"), [("", "string_below_min_length"), ("u" * 513, "string_above_max_length"), ("ü" * 512, None)]
)
async def test_a_user_has_1_to_512_characters(base_url: str, user: str, code: str | None) -> None:
    response = await get(base_url, f"{THREADS}?user={quote(user)}")
    assert (response.json.get("error") or {"code": None})["code"] == code


async def test_items_take_no_user(emulator: Emulator, base_url: str) -> None:
    emulator.seed(threads=threads(1))
    response = await get(base_url, f"{THREADS}/cthr_0/items?user=user_0")
    assert response.error["code"] == "unknown_parameter"


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", THREADS),
        ("GET", f"{THREADS}/cthr_0"),
        ("DELETE", f"{THREADS}/cthr_0"),
        ("GET", f"{THREADS}/cthr_0/items"),
    ],
)
async def test_key_and_beta_are_checked_before_anything_is_done(
    emulator: Emulator, base_url: str, method: str, target: str
) -> None:
    emulator.seed(threads=threads(1))
    no_key = await exchange(base_url, request_bytes(method, f"{target}?limit=x", headers={"Authorization": None}))
    assert (no_key.status, no_key.error["code"]) == (401, "invalid_api_key")
    no_beta = await exchange(base_url, request_bytes(method, f"{target}?limit=x", headers={"OpenAI-Beta": None}))
    assert (no_beta.status, no_beta.error["code"]) == (400, "invalid_beta")
    assert len(emulator.threads()) == 1


async def test_the_query_is_checked_before_the_thread_is_looked_for(base_url: str) -> None:
    assert (await get(base_url, f"{THREADS}/cthr_0/items?limit=101")).status == 400
    assert (await get(base_url, f"{THREADS}/cthr_0/items?limit=100")).status == 404


async def test_other_methods_are_refused_with_those_allowed(base_url: str) -> None:
    response = await exchange(base_url, request_bytes("POST", f"{THREADS}/cthr_0", b"{}"))
    assert (response.status, response.headers["allow"]) == (405, "GET, DELETE")
