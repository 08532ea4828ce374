"""One call for each kind of failure, with secrets in all places that could leak."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from chatkit_async import AsyncChatKit, RequestOptions, Timeout
from chatkit_async.emulator import Emulator, Fault

from .helpers import create, made

KEY = "sk-proj-hushhush0123456789"
SECRET = "ek_hushhush0123456789abcdef"
USER = "user-hushhush"
BODY = {"id": "cksess_1", "client_secret": SECRET, "expires_at": 2_000_000_000, "user": USER, "status": "active"}
ERROR = {"error": {"message": f"Bad key {KEY} and {SECRET}.", "code": "invalid_api_key", "param": None}}


class TheirError(Exception):
    """A user's own."""


Failure = Callable[[Emulator], Awaitable[Any]]


def client_of(emulator: Emulator, **settings: Any) -> AsyncChatKit:
    return made(**{"base_url": emulator.base_url, "api_key": KEY, "max_retries": 1, **settings})


async def failing(emulator: Emulator, *faults: Fault, options: RequestOptions | None = None, **settings: Any) -> None:
    """A create that meets faults."""
    emulator.add_faults(*faults)
    async with client_of(emulator, **settings) as client:
        await client.sessions.create(user=USER, workflow="wf_1", options=options)


def by(*faults: Fault, options: RequestOptions | None = None, **settings: Any) -> Failure:
    return lambda emulator: failing(emulator, *faults, options=options, **settings)


async def closed_client(emulator: Emulator) -> None:
    client = client_of(emulator)
    await client.aclose()
    await create(client)


async def closed_meanwhile(emulator: Emulator) -> None:
    emulator.add_faults(Fault(delay=30))
    client = client_of(emulator)
    call = asyncio.create_task(create(client))
    while not emulator.requests():
        await asyncio.sleep(0.01)
    await client.aclose()
    try:
        await call
    finally:
        del call


async def too_late_in_a_task(emulator: Emulator) -> None:
    emulator.add_faults(Fault(delay=30))
    async with client_of(emulator, timeout=0.2) as client:
        await asyncio.create_task(create(client))


async def failing_key(emulator: Emulator) -> None:
    def vault() -> str:
        raise LookupError("the vault is shut")

    await failing(emulator, api_key=vault)


async def refused_connection(emulator: Emulator) -> None:
    await failing(emulator, base_url="http://127.0.0.1:1/v1")


async def proxy_refused(emulator: Emulator) -> None:
    proxy = emulator.base_url.replace("http://", f"http://somebody:{KEY}@").removesuffix("/v1")
    await failing(emulator, base_url="https://api.example/v1", proxy=proxy)


async def cancel_of_an_open_session(emulator: Emulator) -> None:
    emulator.add_faults(Fault(path="/cancel", status=400, body=ERROR))
    async with client_of(emulator) as client, client.sessions.open(user=USER, workflow="wf_1"):
        pass


async def middlewares_error(emulator: Emulator) -> None:
    async def fail(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        raise TheirError("theirs")

    await failing(emulator, middlewares=[fail])


def no_retry(status: int, body: Any) -> Failure:
    return by(Fault(status=status, body=body, headers={"set-cookie": f"a={SECRET}", "x-should-retry": "false"}))


FAILURES: dict[str, Failure] = {
    "a refusal": no_retry(400, ERROR),
    "a wrong key": no_retry(401, ERROR),
    "a refusal that echoes the secret": no_retry(409, BODY),
    "a refusal in text": no_retry(500, f"Authorization: Bearer {KEY}; client_secret={SECRET}"),
    "a redirect": by(Fault(status=302, headers={"location": f"https://u:{KEY}@x.example/{SECRET}"})),
    "refusals until the end": by(Fault(status=429, body=ERROR, times=9)),
    "a wait beyond the deadline": by(Fault(status=429, body=ERROR, headers={"retry-after": "999"})),
    "a response of another type": by(Fault(body={**BODY, "expires_at": "soon"})),
    "a response with a broken secret": by(Fault(body={**BODY, "client_secret": [SECRET]})),
    "a response that is a list": by(Fault(body=[BODY])),
    "a response that is a string": by(Fault(body=f'"{SECRET}"'.encode(), headers={"content-type": "application/json"})),
    "a response in text": by(Fault(body=f"client_secret={SECRET}")),
    "a response that strict mode refuses": by(Fault(body=BODY), options=RequestOptions(strict=True)),
    "broken JSON": by(Fault(kind="broken_json")),
    "a broken response": by(Fault(kind="truncated")),
    "a broken response twice": by(Fault(kind="truncated", times=2), options=RequestOptions(retry_ambiguous=True)),
    "no response": by(Fault(drop=True)),
    "a response too late": by(Fault(delay=30), timeout=0.2),
    "a response too late, in a task": too_late_in_a_task,
    "a response that trickles": by(Fault(kind="trickle", delay=0.1), timeout=0.3),
    "no connection": refused_connection,
    "no connection in time": by(timeout=Timeout(30, connect=1e-9)),
    "a proxy that refuses": proxy_refused,
    "a failing key callable": failing_key,
    "a key callable that gives a broken key": by(api_key=lambda: f"{KEY}\né"),
    "a key callable that gives bytes": by(api_key=lambda: KEY.encode()),
    "a closed client": closed_client,
    "a client closed meanwhile": closed_meanwhile,
    "a failed cancel": cancel_of_an_open_session,
    "an error of a middleware": middlewares_error,
}
