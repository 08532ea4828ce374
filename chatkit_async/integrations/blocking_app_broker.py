"""A blocking broker that lives and dies with an app, and the client behind it."""

from __future__ import annotations

from .._sync.client import ChatKit
from ..broker._blocking import SessionBroker
from ..types.session_operations import WorkflowLike
from .options import BrokerOptions


class BlockingAppBroker(SessionBroker):
    """A blocking broker that closes its client too, unless that was given."""

    def __init__(self, client: ChatKit | None, workflow: WorkflowLike, options: BrokerOptions) -> None:
        self._own_client = ChatKit() if client is None else None
        made = client or self._own_client
        assert made is not None
        super().__init__(made, workflow=workflow, **options)

    def close(self) -> None:
        """Closes the broker, and its client unless that was given."""
        try:
            super().close()
        finally:
            if self._own_client is not None:
                self._own_client.close()
