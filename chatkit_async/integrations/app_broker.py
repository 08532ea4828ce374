"""A broker that lives and dies with an app, and the client behind it."""

from __future__ import annotations

from .._async.client import AsyncChatKit
from ..broker.broker import AsyncSessionBroker
from ..types.session_operations import WorkflowLike
from .options import BrokerOptions


class AppBroker(AsyncSessionBroker):
    """A broker that closes its client too, unless that was given, and is as if new then: an app may start again."""

    def __init__(self, client: AsyncChatKit | None, workflow: WorkflowLike, options: BrokerOptions) -> None:
        self._made = (client, workflow, options)
        self._app_client = client or AsyncChatKit()
        super().__init__(self._app_client, workflow=workflow, **options)

    async def aclose(self) -> None:
        """Closes the broker, and its client unless that was given."""
        client = self._app_client
        try:
            await super().aclose()
        finally:
            if self._made[0] is None:
                await client.aclose()
            AppBroker.__init__(self, *self._made)
