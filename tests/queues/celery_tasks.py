"""What a user's tasks module looks like: one blocking client, made at import and shared by all tasks.

It is used at import as well, so that every child of the prefork pool inherits it with a running loop and a connection.
"""

import os
from pathlib import Path

from chatkit_async import ChatKit

from .celery_app import make_app

app = make_app(Path(os.environ["QUEUE_FOLDER"]), "worker")
client = ChatKit(api_key="sk-queue", base_url=os.environ["QUEUE_BASE_URL"])
client.sessions.create(user="parent", workflow="wf_1")


@app.task(name="create")  # type: ignore[untyped-decorator]
def create(user: str, cancel: bool) -> tuple[str, str, str, int]:
    """Creates a session and with `cancel` also cancels it; returns its id, user, status and the process that did it."""
    session = client.sessions.create(user=user, workflow="wf_1")
    if cancel:
        session = client.sessions.cancel(session.id)
    return session.id, session.user, session.status, os.getpid()


@app.task(name="cancel")  # type: ignore[untyped-decorator]
def cancel(session_id: str) -> str:
    """Cancels a session; returns its status."""
    return client.sessions.cancel(session_id).status
