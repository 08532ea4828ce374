"""RQ: a job that erases a user's threads.

pip install chatkit-async rq
rq enqueue rq_jobs.erase_threads user_123
rq worker
"""

from typing import Any

from chatkit_async import ChatKit
from chatkit_async.bulk.blocking import erase

client = ChatKit()  # one for all jobs, before and after the worker forks


def erase_threads(*users: str) -> dict[str, Any]:
    """Deletes all threads of these users; returns the report as JSON. Repeating it does no harm."""
    return erase(client, users=users).to_dict()
