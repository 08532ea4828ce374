"""Why the endpoint gives no client secret."""

from __future__ import annotations

import math
from collections.abc import Mapping


class RefusedRequest(Exception):
    """A request that gets an error in place of a client secret.

    Args:
        status: the HTTP status.
        code: our word for it.
        message: one sentence for the page's author; repeats nothing of the request.
        request_id: the API's, if it was called.
        retry_after_s: seconds until another request makes sense, if that is known.
        headers: further headers of the response.
        log: what the server's log says, where the server itself is at fault.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        request_id: str | None = None,
        retry_after_s: float | None = None,
        headers: Mapping[str, str] | None = None,
        log: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.request_id = request_id
        self.retry_after_s = retry_after_s
        wait = {} if retry_after_s is None else {"Retry-After": str(math.ceil(retry_after_s))}
        self.headers = {**(headers or {}), **wait}
        self.log = log
