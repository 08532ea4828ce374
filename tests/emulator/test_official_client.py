"""The official Python client works with the emulator as with the API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import openai
import pytest

from chatkit_async.emulator import Emulator, Fault


@pytest.fixture
def threaded() -> Iterator[Emulator]:
    with Emulator.in_thread(api_keys=["sk-test"]) as emulator:
        yield emulator


@pytest.fixture
def client(threaded: Emulator) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="sk-test", base_url=threaded.base_url, max_retries=0) as client:
        yield client


@pytest.fixture
async def async_client(threaded: Emulator) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(api_key="sk-test", base_url=threaded.base_url, max_retries=0) as client:
        yield client


def test_it_creates_and_cancels_a_session(client: openai.OpenAI, threaded: Emulator) -> None:
    workflow = {"id": "wf_1", "state_variables": {"plan": "pro", "seats": 3}}
    session = client.beta.chatkit.sessions.create(
        user="user_1",
        workflow=workflow,  # type: ignore[arg-type]
        expires_after={"anchor": "created_at", "seconds": 60},
    )
    assert (session.object, session.status, session.user) == ("chatkit.session", "active", "user_1")
    assert session.workflow.state_variables == {"plan": "pro", "seats": 3}
    assert [one["client_secret"] for one in threaded.sessions()] == [session.client_secret]
    cancelled = client.beta.chatkit.sessions.cancel(session.id)
    assert (cancelled.id, cancelled.status) == (session.id, "cancelled")


async def test_it_creates_and_cancels_a_session_awaited(async_client: openai.AsyncOpenAI) -> None:
    session = await async_client.beta.chatkit.sessions.create(user="user_1", workflow={"id": "wf_1"})
    assert session.chatkit_configuration.file_upload.max_files == 10
    assert (await async_client.beta.chatkit.sessions.cancel(session.id)).status == "cancelled"


def test_it_raises_its_errors(client: openai.OpenAI) -> None:
    sessions = client.beta.chatkit.sessions
    with pytest.raises(openai.BadRequestError) as bad:
        sessions.create(user="", workflow={"id": "wf_1"})
    assert (bad.value.code, bad.value.param) == ("string_below_min_length", "user")
    with pytest.raises(openai.NotFoundError, match="Chatkit Session with id 'cksess_0' not found") as absent:
        sessions.cancel("cksess_0")
    assert absent.value.request_id is not None
    with pytest.raises(openai.AuthenticationError) as stranger:
        client.with_options(api_key="sk-other").beta.chatkit.sessions.create(user="u", workflow={"id": "wf_1"})
    assert stranger.value.code == "invalid_api_key"


async def test_it_raises_its_errors_awaited(async_client: openai.AsyncOpenAI) -> None:
    sessions = async_client.beta.chatkit.sessions
    with pytest.raises(openai.BadRequestError) as bad:
        await sessions.create(user="u", workflow={"id": "w"}, expires_after={"anchor": "created_at", "seconds": 601})
    assert (bad.value.code, bad.value.param) == ("integer_above_max_value", "expires_after.seconds")
    with pytest.raises(openai.NotFoundError):
        await sessions.cancel("cksess_0")
    with pytest.raises(openai.AuthenticationError):
        await async_client.with_options(api_key="sk-other").beta.chatkit.sessions.cancel("cksess_0")


def test_it_retries_after_a_429(client: openai.OpenAI, threaded: Emulator) -> None:
    threaded.add_faults(Fault(status=429, headers={"retry-after-ms": "10"}))
    session = client.with_options(max_retries=1).beta.chatkit.sessions.create(user="u", workflow={"id": "wf_1"})
    assert session.status == "active"
    assert len(threaded.requests()) == 2
    threaded.add_faults(Fault(status=429))
    with pytest.raises(openai.RateLimitError) as limited:
        client.beta.chatkit.sessions.create(user="u", workflow={"id": "wf_1"})
    assert limited.value.code == "rate_limit_exceeded"


async def test_it_retries_after_a_429_awaited(async_client: openai.AsyncOpenAI, threaded: Emulator) -> None:
    threaded.add_faults(Fault(status=429, headers={"retry-after-ms": "10"}))
    patient = async_client.with_options(max_retries=1)
    assert (await patient.beta.chatkit.sessions.create(user="u", workflow={"id": "wf_1"})).status == "active"
    assert len(threaded.requests()) == 2
