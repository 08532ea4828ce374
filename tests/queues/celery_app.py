"""A Celery application over folders, for a worker and for the test that sends to it.

Three things keep Celery's file transport free of races: messages are written to an outbox and moved whole into the
worker's inbox; sender and worker have their own control folder; results appear by renaming.
"""

import os
from pathlib import Path
from typing import Any
from uuid import uuid4

from celery import Celery
from celery.backends.filesystem import FilesystemBackend
from kombu import Connection
from kombu.transport import TRANSPORT_ALIASES
from kombu.transport.filesystem import Transport


class AtomicFiles(FilesystemBackend):  # type: ignore[misc]
    """Celery's own backend writes in place, so that a reader may see half a result."""

    def set(self, key: Any, value: Any) -> None:
        path = Path(os.fsdecode(self._filename(key)))
        partial = path.with_name(f".{uuid4().hex}")
        partial.write_bytes(value)
        partial.replace(path)


class PromptTransport(Transport):  # type: ignore[misc]
    """Celery's worker looks for signals after every second wait of 2 s, too seldom to stop in 5: waits are short."""

    def drain_events(self, connection: Connection, timeout: float | None = None) -> None:
        super().drain_events(connection, timeout=min(timeout or 0.2, 0.2))


TRANSPORT_ALIASES["prompt"] = f"{__name__}:PromptTransport"


def make_app(folder: Path, role: str) -> Celery:
    """An application of one role, "worker" or "sender", that keeps all it needs in the folder."""
    inbox, outbox, results, processed = (folder / name for name in ("inbox", "outbox", "results", "processed"))
    for path in (inbox, outbox, results, processed, folder / role):
        path.mkdir(exist_ok=True)
    app = Celery("queues", broker="prompt://localhost", backend=f"{__name__}:AtomicFiles+file://{results}")
    app.conf.update(
        accept_content=["pickle"],
        broker_connection_retry_on_startup=True,
        broker_transport_options={
            "control_folder": str(folder / role),
            "data_folder_in": str(inbox),
            "data_folder_out": str(outbox),
            "polling_interval": 0.05,
            "processed_folder": str(processed),
            "store_processed": True,
        },
        result_serializer="pickle",
        task_serializer="pickle",
        worker_enable_remote_control=False,
    )
    return app


def deliver(folder: Path) -> None:
    """Moves what the sender has written into the worker's inbox."""
    for message in (folder / "outbox").iterdir():
        message.rename(folder / "inbox" / message.name)
