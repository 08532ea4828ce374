"""A blocking broker that lives and dies with an app, and the client behind it."""

from __future__ import annotations

import atexit
from contextlib import suppress

from .._sync.client import ChatKit
from ..broker._blocking import SessionBroker
from ..errors import ChatKitError
from ..types.session_operations import WorkflowLike
from .options import BrokerOptions


class BlockingAppBroker(SessionBroker):
    """A blocking broker that closes its client too, unless that was given."""

    def __init__(self, client: ChatKit | None, workflow: WorkflowLike, options: BrokerOptions) -> None:
        self._own_client = ChatKit() if client is None else None
        made = client or self._own_client
        assert made is not None
        super().__init__(made, workflow=workflow, **options)

    def close_at_exit(self) -> None:
        """Closes when the process ends, where no framework tells of another end."""
        atexit.register(self._close_quietly)

    def close(self) -> None:
        """Closes the broker, and its client unless that was given."""
        try:
            super().close()
        finally:
            if self._own_client is not None:
                self._own_client.close()

    def _close_quietly(self) -> None:
        # Where the loop was stopped by a fork, Python 3.12 starts no thread for it any more; then nothing is open.
        with suppress(ChatKitError):
            self.close()
