"""Responses as in the documentation's examples: for any id, and not as the schema says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest

from chatkit_async import AsyncChatKit, ConfigurationError
from chatkit_async.emulator import Emulator
from tests.emulator import schema_slice
from tests.emulator.raw import SESSIONS, cancel, exchange, post, request_bytes

THREADS = "/v1/chatkit/threads"


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator(responses="examples", api_keys=["sk-test"]) as emulator:
        yield emulator


async def document_of(base_url: str, target: str, method: str = "GET") -> Any:
    response = await exchange(base_url, request_bytes(method, target))
    assert response.status == 200
    return response.json


async def test_a_created_session_lacks_five_fields_and_has_two_unknown_ones(base_url: str) -> None:
    session = (await post(base_url, {"user": "u", "workflow": {"id": "wf_1", "version": "3"}})).json
    assert set(session) == {
        "client_secret",
        "expires_at",
        "workflow",
        "scope",
        "max_requests_per_1_minute",
        "max_requests_per_session",
        "status",
    }
    assert (session["workflow"], session["status"]) == ({"id": "wf_1", "version": "3"}, "active")
    assert not schema_slice.SESSION.is_valid(session)


async def test_a_session_expires_after_the_seconds_of_the_request(emulator: Emulator, base_url: str) -> None:
    emulator.set_clock(2_000_000)
    body = {"user": "u", "workflow": {"id": "w"}, "expires_after": {"anchor": "created_at", "seconds": 30}}
    assert (await post(base_url, body)).json["expires_at"] in (2_000_030, 2_000_031)
    assert (await post(base_url)).json["expires_at"] in (2_000_600, 2_000_601)


async def test_any_session_can_be_cancelled_and_its_id_is_echoed(base_url: str) -> None:
    session = (await cancel(base_url, "cksess_any")).json
    assert set(session) == {
        "id",
        "object",
        "workflow",
        "scope",
        "max_requests_per_1_minute",
        "ttl_seconds",
        "status",
        "cancelled_at",
    }
    assert (session["id"], session["status"], set(session["workflow"])) == (
        "cksess_any",
        "cancelled",
        {"id", "version"},
    )


async def test_any_thread_is_there_with_its_items_in_it(base_url: str) -> None:
    thread = await document_of(base_url, f"{THREADS}/cthr_any")
    assert (thread["id"], set(thread)) == ("cthr_any", {"id", "object", "title", "items"})
    assert [item["type"] for item in thread["items"]["data"]] == ["user_message", "assistant_message"]
    assert not schema_slice.THREAD.is_valid(thread)
    for _ in range(2):
        deleted = await document_of(base_url, f"{THREADS}/cthr_any", "DELETE")
        assert deleted == {"id": "cthr_any", "object": "chatkit.thread.deleted", "deleted": True}


@pytest.mark.parametrize("target", [THREADS, f"{THREADS}/cthr_any/items"])
async def test_lists_have_no_cursors(base_url: str, target: str) -> None:
    page = await document_of(base_url, f"{target}?limit=1&after=x")
    assert (set(page), page["object"], page["has_more"]) == ({"object", "data", "has_more"}, "list", False)
    assert len(page["data"]) == 2
    assert not {"created_at", "status", "user", "thread_id"} & set(page["data"][0])


async def test_refusals_are_the_same_as_with_real_responses(base_url: str) -> None:
    assert (await post(base_url, Authorization="Bearer sk-other")).status == 401
    assert (await post(base_url, OpenAI_Beta=None)).error["code"] == "invalid_beta"
    assert (await post(base_url, {"workflow": {"id": "w"}})).error["param"] == "user"
    for target in (f"{THREADS}?limit=101", f"{THREADS}/cthr_1/items?limit=101"):
        assert (await exchange(base_url, request_bytes("GET", target))).error["code"] == "integer_above_max_value"
    assert (await exchange(base_url, request_bytes("PUT", SESSIONS))).status == 405


async def test_nothing_is_stored(emulator: Emulator, base_url: str) -> None:
    await post(base_url)
    assert (emulator.sessions(), emulator.threads()) == ([], [])


async def test_this_client_parses_them_all(base_url: str) -> None:
    async with AsyncChatKit("sk-test", base_url=base_url) as client:
        session = await client.sessions.create(user="u", workflow="wf_1")
        assert "id" in session.missing_fields
        assert (await client.sessions.cancel("cksess_1")).id == "cksess_1"
        assert len(await client.threads.list().collect()) == 2
        assert (await client.threads.retrieve("cthr_1")).title
        assert [item.id for item in await client.threads.list_items("cthr_1").collect()] == [
            "cthi_user_001",
            "cthi_assistant_002",
        ]
        assert (await client.threads.delete("cthr_1")).deleted


async def test_the_official_client_parses_them_all(base_url: str) -> None:
    async with openai.AsyncOpenAI(api_key="sk-test", base_url=base_url, max_retries=0) as client:
        chatkit = client.beta.chatkit
        assert (await chatkit.sessions.create(user="u", workflow={"id": "wf_1"})).client_secret
        assert (await chatkit.sessions.cancel("cksess_1")).id == "cksess_1"
        assert [thread.title async for thread in chatkit.threads.list()] == ["Customer escalation", "Demo feedback"]
        assert (await chatkit.threads.retrieve("cthr_1")).id == "cthr_1"
        assert len([item async for item in chatkit.threads.list_items("cthr_1")]) == 2
        assert (await chatkit.threads.delete("cthr_1")).deleted


def test_there_are_no_other_responses() -> None:
    with pytest.raises(ConfigurationError, match="responses must be 'real' or 'examples'"):
        Emulator(responses="documented")  # type: ignore[arg-type]
