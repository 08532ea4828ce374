"""Celery tasks that create sessions, and archive and erase threads with many workers.

    pip install chatkit-async 'celery[redis]' celery-types
    export OPENAI_API_KEY=sk-...
    celery -A celery_tasks worker

In your web app: `create_session.delay("user_123")`, `tasks.erase_threads.delay(user="user_123")`.
"""

import os

from celery import Celery

from chatkit_async import BrowserSecret, ChatKit, RateLimitError
from chatkit_async.integrations.celery import bulk_tasks

REDIS = os.environ.get("REDIS_URL", "redis://localhost:6379/0")
app = Celery("tasks", broker=REDIS, backend=REDIS)
app.conf.worker_prefetch_multiplier = 1  # a worker takes a task when it is free, so that all have work
app.conf.result_expires = 3600  # seconds; client secrets are among the results
client = ChatKit()  # one for all tasks, before and after the worker forks
tasks = bulk_tasks(app, client, soft_time_limit=300)


@app.task(autoretry_for=(RateLimitError,), retry_backoff=True, soft_time_limit=30)
def create_session(user: str) -> BrowserSecret:
    """What the page of a user needs: a client secret, and when it expires."""
    return client.sessions.create(user=user, workflow="wf_abc").for_browser()


def report_of_erasure(users: list[str]) -> None:
    """Starts an erase over all workers, waits for its end, and prints the report."""
    report = tasks.erase_threads.delay(users=users).get(timeout=3600)
    print(report["counts"], "complete" if report["is_complete"] else report["failures"])
