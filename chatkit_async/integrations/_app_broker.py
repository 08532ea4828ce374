"""A broker that starts and ends with an app, and the client behind it."""

from __future__ import annotations

from typing import Self

from .._async.client import AsyncChatKit
from ..broker import AsyncSessionBroker
from ..types.session_operations import WorkflowLike
from ._options import BrokerOptions
from ._warm_up import warm_up

# With 100, a thousand users at once wait for ten waves; more than 500 come near the usual limit of 1,024 open files.
MAX_CONNECTIONS = 500


class AppBroker(AsyncSessionBroker):
    """A broker to enter (`async with`) when the app starts; it closes its client too, unless that was given.

    Raises:
        ConfigurationError: entered without an API key.
    """

    def __init__(self, client: AsyncChatKit | None, workflow: WorkflowLike, options: BrokerOptions) -> None:
        self._arguments = (client, workflow, options)
        self.app_client = client or AsyncChatKit(max_connections=MAX_CONNECTIONS)
        self._has_ended = False
        super().__init__(self.app_client, workflow=workflow, **options)

    async def __aenter__(self) -> Self:
        """Ready for the first visitor; as if new when an app that has ended starts again, as in tests."""
        if self._has_ended:
            AppBroker.__init__(self, *self._arguments)
        warm_up(self.app_client)
        try:
            await self.start()
        except BaseException:
            await self.aclose()
            raise
        return self

    async def aclose(self) -> None:
        """Closes the broker, and its client unless that was given."""
        self._has_ended = True
        client, *_ = self._arguments
        try:
            await super().aclose()
        finally:
            if client is None:
                await self.app_client.aclose()
