"""What a user's Taskiq module looks like; the worker's name goes with each request, so that a test can find it."""

import os

from taskiq import TaskiqEvents, TaskiqState
from taskiq.serializers import JSONSerializer
from taskiq_redis import RedisAsyncResultBackend, RedisStreamBroker

from chatkit_async import AsyncChatKit, RetryPolicy
from chatkit_async.integrations.taskiq import bulk_tasks

REDIS = os.environ["REDIS_URL"]
results = RedisAsyncResultBackend(REDIS, serializer=JSONSerializer())
broker = RedisStreamBroker(REDIS, xread_count=1, xread_block=200).with_result_backend(results)
client = AsyncChatKit(
    "sk-queue",
    base_url=os.environ["OPENAI_BASE_URL"],
    default_headers={"x-worker": os.environ.get("WORKER", "sender")},
    retry_policy=RetryPolicy(initial_delay_s=0.005, max_delay_s=0.02),
)
tasks = bulk_tasks(broker, client, page_size=10, page_timeout_s=3)


@broker.on_event(TaskiqEvents.WORKER_SHUTDOWN)
async def close_client(state: TaskiqState) -> None:
    """Closes the connections of the worker's loop."""
    await client.aclose()


@broker.task(task_name="cancel")
async def cancel(session_id: str) -> str:
    """Cancels a session; returns its status."""
    return (await client.sessions.cancel(session_id)).status
