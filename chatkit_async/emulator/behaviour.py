"""What the emulator does for each operation, by its name: as the API does, or as its documentation shows."""

from __future__ import annotations

from collections.abc import Mapping

from .call import Behaviour
from .query import LIST_ITEMS_QUERY, LIST_THREADS_QUERY
from .schema import CREATE_SESSION_BODY
from .sessions import cancel_session, create_session
from .threads import delete_thread, list_items, list_threads, retrieve_thread

BEHAVIOURS: Mapping[str, Behaviour] = {
    "sessions.create": Behaviour(create_session, body=CREATE_SESSION_BODY),
    "sessions.cancel": Behaviour(cancel_session),
    "threads.list": Behaviour(list_threads, query=LIST_THREADS_QUERY),
    "threads.retrieve": Behaviour(retrieve_thread),
    "threads.delete": Behaviour(delete_thread),
    "threads.list_items": Behaviour(list_items, query=LIST_ITEMS_QUERY),
}
"""A behaviour for each operation, by its name."""
