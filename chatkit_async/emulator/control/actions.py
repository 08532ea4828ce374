"""What the control plane does: the methods of `Emulator`, by path and HTTP method."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import attrs

from ...errors import ConfigurationError
from ...types._json import JSON, JSONObject
from ..checks import Check
from ..faults import Fault
from ..held import Held
from ..refusal import Refusal
from . import shown
from .fields import CLOCK, FAULTS, NOTHING, REQUESTS_QUERY, SEED, STATE_QUERY, invalid

NEWEST = 100
"""How much of everything `GET state` shows."""


@attrs.frozen
class Action:
    """Something to be done or shown: for which method, told what (the body of a POST, the query of a GET), and how."""

    method: str
    told: Check
    run: Callable[[Held, JSONObject], JSONObject]


def seed(held: Held, told: JSONObject) -> JSONObject:
    """Holds these threads and sessions, and answers how many there are now."""
    threads, sessions = (cast("list[JSON]", told.get(name, [])) for name in ("threads", "sessions"))
    with held.lock:
        try:
            held.seed(threads, sessions, reset=bool(told.get("reset", False)))
        except ConfigurationError as error:
            raise seed_refusal(error) from error
        return {"threads": len(held.state.conversations), "sessions": len(held.state.sessions)}


def seed_refusal(error: ConfigurationError) -> Refusal:
    """400 with the path of what is wrong with the seed; 500 where it could not be kept in the state file."""
    found = error.__context__
    if isinstance(found, Refusal):
        return Refusal(400, str(error), code=found.code, param=found.param)
    return Refusal(500, str(error), error_type="server_error")


def faults(held: Held, told: JSONObject) -> JSONObject:
    """Lets these go wrong, in this order, and nothing told before; none: nothing any more."""
    rows = cast("list[dict[str, Any]]", told["faults"])
    queued = [_fault(row, f"faults[{index}]") for index, row in enumerate(rows)]
    with held.lock:
        held.faults.clear()
        held.faults.add(*queued)
    return {"faults": len(queued)}


def _fault(row: dict[str, Any], path: str) -> Fault:
    """The fault of a row; raises Refusal (400) for one that could never be used."""
    try:
        return Fault(**_told(row))
    except ConfigurationError as error:
        raise Refusal(400, str(error), code="invalid_value", param=path) from error


def _told(row: dict[str, Any]) -> dict[str, Any]:
    """The fields meant: null is none, nor is a template's empty body where no status asks for an answer."""
    meant = {name: value for name, value in row.items() if value is not None}
    if "status" not in meant and meant.get("body") == {}:
        del meant["body"]
    return meant


def clock(held: Held, told: JSONObject) -> JSONObject:
    """Moves the clock, and answers what it shows."""
    move = {"advance": held.clock.advance, "now": held.clock.set}
    with held.lock:
        for name, seconds in told.items():
            try:
                move[name](cast("float", seconds))
            except ConfigurationError as error:
                raise invalid(name, str(error)) from error
        return {"now": held.clock.now_s()}


def reset(held: Held, told: JSONObject) -> JSONObject:
    """Forgets everything."""
    with held.lock:
        held.reset()
    return {}


def requests(held: Held, told: JSONObject) -> JSONObject:
    """What was asked."""
    return shown.requests(held, cast("int | None", told.get("limit")))


def state(held: Held, told: JSONObject) -> JSONObject:
    """What the inspector's page shows."""
    limit = cast("int", told.get("limit", NEWEST))
    return shown.state(held, limit, cast("list[str]", told.get("thread_id", [])))


PREFIX = "/__emulator__"

ACTIONS: Mapping[str, Action] = {
    f"{PREFIX}/seed": Action("POST", SEED, seed),
    f"{PREFIX}/faults": Action("POST", FAULTS, faults),
    f"{PREFIX}/clock": Action("POST", CLOCK, clock),
    f"{PREFIX}/reset": Action("POST", NOTHING, reset),
    f"{PREFIX}/requests": Action("GET", REQUESTS_QUERY, requests),
    f"{PREFIX}/state": Action("GET", STATE_QUERY, state),
}
