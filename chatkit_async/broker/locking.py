"""The lock on what brokers keep in memory: for microseconds, so that one does for all; held over a fork."""

from __future__ import annotations

import threading

from .._fork import at_fork

lock = threading.RLock()


def _acquire() -> None:
    lock.acquire()


at_fork(before=_acquire, after_in_parent=lock.release, after_in_child=lock.release)
