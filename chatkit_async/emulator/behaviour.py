"""What the emulator does for each operation, by its name: as the API does, or as its documentation shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from . import examples, sessions, threads
from .call import Behaviour
from .query import LIST_ITEMS_QUERY, LIST_THREADS_QUERY
from .schema import CREATE_SESSION_BODY

Answers = Literal["real", "examples"]
"""Whose answers: those of the API, or those of the examples in its documentation."""

BEHAVIOURS: Mapping[str, Behaviour] = {
    "sessions.create": Behaviour(sessions.create_session, body=CREATE_SESSION_BODY),
    "sessions.cancel": Behaviour(sessions.cancel_session),
    "threads.list": Behaviour(threads.list_threads, query=LIST_THREADS_QUERY, line=threads.threads_line),
    "threads.retrieve": Behaviour(threads.retrieve_thread),
    "threads.delete": Behaviour(threads.delete_thread),
    "threads.list_items": Behaviour(threads.list_items, query=LIST_ITEMS_QUERY, line=threads.items_line),
}
"""What the API does."""

EXAMPLES: Mapping[str, Behaviour] = {
    "sessions.create": Behaviour(examples.create_session, body=CREATE_SESSION_BODY),
    "sessions.cancel": Behaviour(examples.cancel_session),
    "threads.list": Behaviour(examples.list_threads, query=LIST_THREADS_QUERY),
    "threads.retrieve": Behaviour(examples.retrieve_thread),
    "threads.delete": Behaviour(examples.delete_thread),
    "threads.list_items": Behaviour(examples.list_items, query=LIST_ITEMS_QUERY),
}
"""What the documentation's examples show; keys, beta, bodies and queries are checked all the same."""

BEHAVIOURS_BY_ANSWERS: Mapping[Answers, Mapping[str, Behaviour]] = {"real": BEHAVIOURS, "examples": EXAMPLES}
