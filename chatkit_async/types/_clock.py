"""The only place below the client where the clock is read."""

import time


def unix_now_s() -> float:
    """Seconds since 1970-01-01 UTC, now."""
    return time.time()
