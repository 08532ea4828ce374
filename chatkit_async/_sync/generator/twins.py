"""What the generator is told: which classes and functions have a blocking twin. A new twin is one row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Class:
    """A class of the async half and its blocking twin; paths are below the package's folder.

    Attributes:
        source: the file to read.
        target: the file to write.
        name: the class to read.
        role: a "client" opens a channel, a "resource" is reached through a client, a "dependent" is given a client.
    """

    source: str
    target: str
    name: str
    role: Literal["client", "resource", "dependent"]


@dataclass(frozen=True)
class Functions:
    """Coroutine functions of one module and their blocking twins; rows with the same target share that file."""

    source: str
    target: str
    names: tuple[str, ...]


Twin = Class | Functions

TWINS: tuple[Twin, ...] = (
    Class("_async/client.py", "_sync/client.py", "AsyncChatKit", "client"),
    Class("_async/sessions.py", "_sync/sessions.py", "AsyncSessions", "resource"),
    Class("_async/threads.py", "_sync/threads.py", "AsyncThreads", "resource"),
    Class("broker/_broker.py", "broker/_blocking.py", "AsyncSessionBroker", "dependent"),
    Functions("bulk/_archive.py", "bulk/blocking.py", ("archive",)),
    Functions("bulk/_erase.py", "bulk/blocking.py", ("erase", "retain", "erase_user")),
    Functions("bulk/_server/check_store.py", "bulk/blocking.py", ("check_store",)),
    Functions("bulk/_server/arguments.py", "bulk/blocking.py", ("load_store",)),
    Functions("bulk/_server/migrate.py", "bulk/blocking.py", ("migrate",)),
)


def classes(twins: Iterable[Twin]) -> list[Class]:
    """The rows that are classes."""
    return [twin for twin in twins if isinstance(twin, Class)]


def words(twins: Iterable[Twin]) -> dict[str, str]:
    """The async half's names, with the blocking half's name for each."""
    return WORDS | {twin.name: twin.name.removeprefix("Async") for twin in classes(twins)}


WORDS = {
    "AbstractAsyncContextManager": "AbstractContextManager",
    "AsyncListing": "Listing",
    "AsyncOnly": "BlockingOnly",
    "aclose": "close",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
}

# Names that only the blocking half uses, with their modules.
MODULES = {
    "AbstractContextManager": "contextlib",
    "BlockingOnly": "chatkit_async.types.misuse",
    "Channel": "chatkit_async._sync.channel",
    "DependentChannel": "chatkit_async._sync.dependent",
    "Listing": "chatkit_async._sync.listing",
    "Literal": "typing",
    "call_alone": "chatkit_async._sync.dependent",
    "checked_twin": "chatkit_async._sync.dependent",
    "repr_of_twin": "chatkit_async._sync.channel",
}


@dataclass(frozen=True)
class Swap:
    """What replaces a parameter that only the async half has."""

    text: str
    documentation: str


SWAPS = {
    "http_session": Swap(
        'in_event_loop: Literal["allow", "warn", "error"] = "warn"',
        """in_event_loop: what a call gets in a thread whose running event loop it would block: nothing ("allow"), a
            RuntimeWarning at your line ("warn", the default; none in IPython) or a ReentrantCallError ("error").""",
    )
}
