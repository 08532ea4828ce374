"""What the generator is told: which classes have a blocking twin, and which words differ. A new twin is a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Twin:
    """One class of the async half and its blocking twin, each in a file of its own below the package's folder.

    Attributes:
        source: the file to read.
        target: the file to write.
        asynchronous: the class to read.
        role: a "client" opens a channel, a "resource" is reached through one, a "guest" works through a client.
    """

    source: str
    target: str
    asynchronous: str
    role: Literal["client", "resource", "guest"]

    @property
    def blocking(self) -> str:
        return self.asynchronous.removeprefix("Async")


TWINS = (
    Twin("_async/client.py", "_sync/client.py", "AsyncChatKit", "client"),
    Twin("_async/sessions.py", "_sync/sessions.py", "AsyncSessions", "resource"),
    Twin("_async/threads.py", "_sync/threads.py", "AsyncThreads", "resource"),
    Twin("broker/broker.py", "broker/_blocking.py", "AsyncSessionBroker", "guest"),
)

WORDS = {twin.asynchronous: twin.blocking for twin in TWINS} | {
    "AbstractAsyncContextManager": "AbstractContextManager",
    "AsyncListing": "Listing",
    "aclose": "close",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
}

# What differs in docstrings beyond WORDS; each phrase has to occur somewhere.
PHRASES = {
    "REST API, awaited": "REST API, for code that blocks",
    "any number of tasks and event loops, opens its connections at the first call in each,": (
        "any number of threads, opens its connections at the first call,"
    ),
    "open at once in each event loop, at least 1": "open at once, at least 1",
    "A listing: `await` gives its first page, `async for` all": "A listing that holds its first page; `for` gives all",
    " It is no coroutine.": "",
    ", ready to call: aiohttp is imported here rather than under the first request": "",
    "tasks, event loops and threads;": "threads, forks too;",
    ", lifetime, and the way of one call": " and lifetime, forwarded to the async client",
}

# Modules of names that only the blocking half knows.
MODULES = {
    "AbstractContextManager": "contextlib",
    "Channel": "chatkit_async._sync.channel",
    "Listing": "chatkit_async._sync.listing",
    "Literal": "typing",
    "as_secret": "chatkit_async.types.secret",
    "async_half": "chatkit_async._sync.guest",
    "GuestChannel": "chatkit_async._sync.guest",
    "described": "chatkit_async._sync.channel",
    "hidden_headers": "chatkit_async._core.headers",
    "hidden_keys": "chatkit_async.types.secret",
    "store_or_hidden": "chatkit_async.broker.settings",
}

# Parameters that may hold a secret, and what hides it; in the order of the signatures.
SECRET_PARAMETERS = {
    "api_key": "as_secret",
    "base_url": "as_secret",
    "current": "as_secret",
    "default_headers": "hidden_headers",
    "proxy": "as_secret",
    "share_secrets": "hidden_keys",
    "store": "store_or_hidden",
}


@dataclass(frozen=True)
class Swap:
    """A parameter of the async half that the blocking half has another one for."""

    name: str
    text: str
    documentation: str


SWAPS = {
    "http_session": Swap(
        "in_event_loop",
        'in_event_loop: Literal["allow", "warn", "error"] = "warn"',
        """in_event_loop: what a call gets in a thread whose running event loop it would block: nothing ("allow"), a
            RuntimeWarning at your line ("warn", the default; none in IPython) or a ReentrantCallError ("error").""",
    )
}
