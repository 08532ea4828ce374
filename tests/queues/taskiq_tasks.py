"""What a user's tasks module looks like: one async client, made at import, closed when the worker shuts down."""

import os
from pathlib import Path

from taskiq import TaskiqEvents, TaskiqState

from chatkit_async import AsyncChatKit

from .taskiq_files import FileBroker

broker = FileBroker(Path(os.environ["QUEUE_FOLDER"]))
client = AsyncChatKit(api_key="sk-queue", base_url=os.environ["QUEUE_BASE_URL"])


@broker.on_event(TaskiqEvents.WORKER_SHUTDOWN)
async def close_client(state: TaskiqState) -> None:
    """Closes the connections of the worker's loop."""
    await client.aclose()


@broker.task(task_name="create")
async def create(user: str, cancel: bool) -> tuple[str, str, str, int]:
    """Creates a session and with `cancel` also cancels it; returns its id, user, status and the process that did it."""
    session = await client.sessions.create(user=user, workflow="wf_1")
    if cancel:
        session = await client.sessions.cancel(session.id)
    return session.id, session.user, session.status, os.getpid()


@broker.task(task_name="cancel")
async def cancel(session_id: str) -> str:
    """Cancels a session; returns its status."""
    return (await client.sessions.cancel(session_id)).status
