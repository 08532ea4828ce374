"""Schemathesis generates requests from the schema, and every response is valid."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, settings

from chatkit_async.emulator import Emulator
from tests.emulator.schema_slice import SCHEMAS, SLICE, closed, resolved
from tests.emulator.seeds import threads

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis comes with the extra dev")

KEY = "sk-schemathesis"
BETA = {"name": "OpenAI-Beta", "in": "header", "required": True, "schema": {"const": "chatkit_beta=v1"}}
ERROR_FIELDS: dict[str, Any] = {
    "message": {"type": "string", "minLength": 1},
    "type": {"type": "string", "minLength": 1},
    "param": {"type": ["string", "null"]},
    "code": {"type": ["string", "null"]},
}
SEEDED = {"thread_id": [f"cthr_{number}" for number in range(30)], "session_id": [f"cksess_{n}" for n in range(5)]}


def without_discriminators(schema: Any) -> Any:
    """The schema without discriminators, which Schemathesis reads as names of schemas; each branch names its `type`."""
    if isinstance(schema, list):
        return [without_discriminators(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: without_discriminators(value) for key, value in schema.items() if key != "discriminator"}


def response_of(schema: Any) -> dict[str, Any]:
    return {"description": "", "content": {"application/json": {"schema": schema}}}


def documented() -> dict[str, Any]:
    """The schema with what it does not describe: the key, the beta header, errors, and no unknown fields."""
    document = copy.deepcopy(SLICE)
    document["components"]["schemas"] = {
        name: without_discriminators(closed(resolved(schema))) for name, schema in SCHEMAS.items()
    }
    document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"key": []}]
    error = {"type": "object", "properties": ERROR_FIELDS, "required": list(ERROR_FIELDS)}
    refusal = response_of({"type": "object", "properties": {"error": error}, "required": ["error"]})
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation["parameters"]:
                if parameter["in"] == "path":
                    parameter["schema"]["enum"] = SEEDED[parameter["name"]]
            operation["parameters"].append(BETA)
            operation.get("requestBody", {})["required"] = True
            operation["responses"]["200"]["description"] = ""
            operation["responses"].update({status: closed(refusal) for status in ("400", "401", "404", "405")})
    return document


schema = schemathesis.openapi.from_dict(documented())


@schemathesis.auth()
class Key:
    """The key that the server accepts."""

    def get(self, case: Any, context: Any) -> str:
        return KEY

    def set(self, case: Any, data: str, context: Any) -> None:
        case.headers["Authorization"] = f"Bearer {data}"


@pytest.fixture(scope="module")
def server() -> Iterator[Emulator]:
    with Emulator.in_thread(api_keys=[KEY]) as emulator:
        yield emulator


@attrs.frozen
class Server:
    """A server with data, and the statuses of its responses."""

    base_url: str
    statuses: set[int] = attrs.field(factory=set)


@pytest.fixture
def seeded(server: Emulator) -> Iterator[Server]:
    server.seed(threads=threads(30), sessions=[{"id": one} for one in SEEDED["session_id"]], reset=True)
    running = Server(server.base_url)
    yield running
    assert 200 in running.statuses
    assert 500 not in running.statuses


@schema.parametrize()
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_response_to_a_generated_request_is_valid(seeded: Server, case: Any) -> None:
    response = case.call_and_validate(base_url=seeded.base_url)
    seeded.statuses.add(response.status_code)
