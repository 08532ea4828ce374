"""Taskiq tasks that archive and erase threads with many workers.

pip install chatkit-async taskiq taskiq-redis
export OPENAI_API_KEY=sk-...
taskiq worker taskiq_tasks:broker --max-async-tasks 8 --max-prefetch 1
python taskiq_tasks.py user_123
"""

import asyncio
import os
import sys

from taskiq import TaskiqEvents, TaskiqState
from taskiq.serializers import JSONSerializer
from taskiq_redis import RedisAsyncResultBackend, RedisStreamBroker

from chatkit_async import AsyncChatKit
from chatkit_async.integrations.taskiq import bulk_tasks

REDIS = os.environ.get("REDIS_URL", "redis://localhost:6379/0")
broker = RedisStreamBroker(
    REDIS,
    xread_count=1,  # a worker takes one task at a time, so that all have work
    idle_timeout=6 * 3600 * 1000,  # milliseconds: longer than the longest job
).with_result_backend(RedisAsyncResultBackend(REDIS, serializer=JSONSerializer()))
client = AsyncChatKit()
tasks = bulk_tasks(broker, client)


@broker.on_event(TaskiqEvents.WORKER_SHUTDOWN)
async def close_client(state: TaskiqState) -> None:
    """Closes the connections of the worker's loop."""
    await client.aclose()


async def main(users: list[str]) -> None:
    """Starts an erase over all workers, waits for its end, and prints the report."""
    await broker.startup()
    task = await tasks.erase_threads.kiq(users=users)
    result = await task.wait_result(timeout=3600)
    result.raise_for_error()
    print(result.return_value)
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
