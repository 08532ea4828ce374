"""A Taskiq broker and result backend over folders: each message and each result is a file that appears by renaming."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from uuid import uuid4

from taskiq import AsyncBroker, AsyncResultBackend, BrokerMessage, TaskiqResult
from taskiq.serializers import PickleSerializer


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file that no reader ever sees half of."""
    partial = path.parent.parent / uuid4().hex
    partial.write_bytes(content)
    partial.replace(path)


class FileResults(AsyncResultBackend[Any]):
    """Results as pickles, so that errors keep their class and fields."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "results"
        self.serializer = PickleSerializer()

    async def set_result(self, task_id: str, result: TaskiqResult[Any]) -> None:
        write_whole(self.folder / task_id, self.serializer.dumpb(result))

    async def is_result_ready(self, task_id: str) -> bool:
        return (self.folder / task_id).exists()

    async def get_result(self, task_id: str, with_logs: bool = False) -> TaskiqResult[Any]:
        result: TaskiqResult[Any] = self.serializer.loadb((self.folder / task_id).read_bytes())
        return result


class FileBroker(AsyncBroker):
    """One worker process claims a message by renaming it; the others find it gone."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.inbox, self.claimed = folder / "inbox", folder / "claimed"
        for path in (self.inbox, self.claimed, folder / "results"):
            path.mkdir(exist_ok=True)
        self.with_result_backend(FileResults(folder))

    async def kick(self, message: BrokerMessage) -> None:
        write_whole(self.inbox / message.task_id, message.message)

    async def listen(self) -> AsyncGenerator[bytes, None]:
        while True:
            for path in sorted(self.inbox.iterdir()):
                content = self._claim(path)
                if content is not None:
                    yield content
            await asyncio.sleep(0.05)

    def _claim(self, path: Path) -> bytes | None:
        try:
            return path.rename(self.claimed / path.name).read_bytes()
        except FileNotFoundError:
            return None
