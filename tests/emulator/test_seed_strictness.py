"""Seeds are checked as strictly as the client reads: each value of the sample is replaced by others."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from chatkit_async import ChatKit, ConfigurationError
from chatkit_async.emulator import Emulator, sample_seed


def places(document: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value in a JSON document."""
    entries = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in entries:
        yield (*before, key)
        if isinstance(value, (dict, list)):
            yield from places(value, (*before, key))


SAMPLE: dict[str, Any] = json.loads(sample_seed())
PLACES = [place for place in places(SAMPLE) if len(place) > 2]
OTHER_VALUES: list[Any] = [None, True, -1, 1.5, 10**30, "x", "user_message", [], {}, [{}], [1], {"type": "x"}]


@pytest.fixture(scope="module")
def reader() -> Iterator[tuple[Emulator, ChatKit]]:
    with Emulator.in_thread() as emulator, ChatKit("sk-test", base_url=emulator.base_url) as client:
        yield emulator, client


@pytest.mark.parametrize("value", OTHER_VALUES, ids=repr)
def test_the_client_can_read_every_seed_that_the_emulator_accepts(reader: tuple[Emulator, ChatKit], value: Any) -> None:
    emulator, client = reader
    accepted = [place for place in PLACES if is_accepted(emulator, with_value(place, value))]
    for place in accepted:
        emulator.seed(**with_value(place, value), reset=True)
        for one in client.threads.list():
            client.threads.list_items(one.id).collect()
        for session in emulator.sessions():
            client.sessions.cancel(session["id"])  # type: ignore[arg-type]
    assert len(accepted) < len(PLACES)


def with_value(place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """The sample with one value replaced."""
    seed = copy.deepcopy(SAMPLE)
    parent: Any = seed
    for key in place[:-1]:
        parent = parent[key]
    parent[place[-1]] = value
    return seed


def is_accepted(emulator: Emulator, seed: dict[str, Any]) -> bool:
    try:
        emulator.seed(**seed, reset=True)
    except ConfigurationError:
        return False
    return True
