"""A Celery task that deletes a user's conversations; a redelivered task does no harm.

    pip install chatkit-async 'celery[redis]' celery-types
    export OPENAI_API_KEY=sk-...
    celery -A celery_tasks worker

In your web app: `delete_threads.delay("user_123")`.
"""

import os

from celery import Celery

from chatkit_async import ChatKit

REDIS = os.environ.get("REDIS_URL", "redis://localhost:6379/0")
app = Celery("tasks", broker=REDIS, backend=REDIS)
client = ChatKit()  # one for all tasks, before and after the worker forks


@app.task(acks_late=True, soft_time_limit=300)  # the soft limit ends a request that is under way
def delete_threads(user: str) -> int:
    """Deletes all threads of a user; returns how many there were."""
    thread_ids = [thread.id for thread in client.threads.list(user=user)]  # first all ids: deleting shifts the pages
    for thread_id in thread_ids:
        client.threads.delete(thread_id, missing_ok=True)
    return len(thread_ids)
