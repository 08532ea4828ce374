"""A broker that lives and dies with an app, and the client behind it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from .._async.client import AsyncChatKit
from ..broker.broker import AsyncSessionBroker
from ..types.session_operations import WorkflowLike
from .options import BrokerOptions


class AppBroker(AsyncSessionBroker):
    """A broker that closes its client too, unless that was given."""

    def __init__(self, client: AsyncChatKit | None, workflow: WorkflowLike, options: BrokerOptions) -> None:
        self._made = (client, workflow, options)
        self._app_client = client or AsyncChatKit()
        super().__init__(self._app_client, workflow=workflow, **options)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Open for as long as the app runs; as if new when an app that has ended starts again, as tests have it do."""
        if self._is_closed:
            AppBroker.__init__(self, *self._made)
        try:
            yield
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """Closes the broker, and its client unless that was given."""
        client, *_ = self._made
        try:
            await super().aclose()
        finally:
            if client is None:
                await self._app_client.aclose()
