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


class AtomicFiles(FilesystemBackend):  # type: ignore[misc]
    """Celery's own backend writes in place, so that a reader may see half a result."""

    def set(self, key: Any, value: Any) -> None:
        path = Path(os.fsdecode(self._filename(key)))
        partial = path.with_name(f".{uuid4().hex}")
        partial.write_bytes(value)
        partial.replace(path)


def make_app(folder: Path, role: str) -> Celery:
    """An application of one role, "worker" or "sender", that keeps all it needs in the folder."""
    inbox, outbox, results, processed = (folder / name for name in ("inbox", "outbox", "results", "processed"))
    for path in (inbox, outbox, results, processed, folder / role):
        path.mkdir(exist_ok=True)
    app = Celery("queues", broker="filesystem://", backend=f"{__name__}:AtomicFiles+file://{results}")
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
