"""A blocking broker that ends with the process, and the client behind it."""

from __future__ import annotations

import atexit
from contextlib import suppress

from .._sync.client import ChatKit
from ..broker import SessionBroker
from ..errors import ChatKitError
from ..types.session_operations import WorkflowLike
from ._options import BrokerOptions
from ._warm_up import check_key, warm_up_blocking


class BlockingAppBroker(SessionBroker):
    """A blocking broker that closes its client too, unless that was given.

    Raises:
        ConfigurationError: there is no API key; these frameworks tell of no later start of the app.
    """

    def __init__(self, client: ChatKit | None, workflow: WorkflowLike, options: BrokerOptions) -> None:
        self._own_client = ChatKit() if client is None else None
        used = client or self._own_client
        assert used is not None
        super().__init__(used, workflow=workflow, **options)
        check_key(used._async)
        warm_up_blocking(used)
        atexit.register(self._close_quietly)

    def close(self) -> None:
        """Closes the broker, and its client unless that was given."""
        try:
            super().close()
        finally:
            if self._own_client is not None:
                self._own_client.close()

    def _close_quietly(self) -> None:
        # Where a fork stopped the loop, Python 3.12 starts no thread for it at exit; then nothing is open.
        with suppress(ChatKitError):
            self.close()
