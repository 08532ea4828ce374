"""What a user's tasks module looks like; the worker's name goes with each request, so that a test can find it."""

import os

from celery import Celery

from chatkit_async import ChatKit, RetryPolicy
from chatkit_async.integrations.celery import bulk_tasks

REDIS = os.environ["REDIS_URL"]
app = Celery("fleet", broker=REDIS, backend=REDIS)
app.conf.update(
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": int(os.environ.get("VISIBILITY_TIMEOUT_S", "600")),
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
    },
    worker_prefetch_multiplier=1,
)
client = ChatKit(
    api_key="sk-queue",
    default_headers={"x-worker": os.environ.get("WORKER", "sender")},
    retry_policy=RetryPolicy(initial_delay_s=0.005, max_delay_s=0.02),
)
tasks = bulk_tasks(app, client, page_size=10, soft_time_limit=int(os.environ.get("SOFT_TIME_LIMIT_S", "60")))


@app.task(name="cancel")
def cancel(session_id: str) -> str:
    """Cancels a session; returns its status."""
    return client.sessions.cancel(session_id).status


@app.task(name="create")
def create(user: str) -> str:
    """Creates a session; returns its id."""
    return client.sessions.create(user=user, workflow="wf_1").id
