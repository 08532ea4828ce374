"""Every error of this package; the tree:

ChatKitError
├── ConfigurationError            settings with which no call can work; nothing was sent
├── ParamsValidationError         (also a ValueError) the API would refuse the parameters; nothing was sent
├── MissingFieldError             (also an AttributeError) the API left this field out
├── ClientClosedError             the client was closed before or during the call
├── ReentrantCallError            a blocking call in a place that has to await
├── MintingLimitError             the limit of sessions a minute for a user is reached; nothing was sent
├── SessionRevokedError           the user was revoked while the call was under way
├── ArchiveError                  an archive file is missing, foreign, newer, damaged, in use, or of other settings
└── APIError                      a call failed
    ├── APIConnectionError        no response came
    │   └── APITimeoutError       the deadline passed first
    ├── APIResponseValidationError    the response is not what the API documents
    └── APIStatusError            the response is a 3xx, 4xx or 5xx
        ├── BadRequestError 400 · AuthenticationError 401 · PermissionDeniedError 403 · NotFoundError 404
        ├── ConflictError 409 · UnprocessableEntityError 422 · RateLimitError 429
        └── InternalServerError   500 and above
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal, TypedDict, Unpack

import attrs

from ._error_text import details_of, problem_details, sentence

Outcome = Literal["not_sent", "refused", "unknown", "done"]
"""What is known of the work: never sent, refused by the API, perhaps done, or done (but the response unreadable)."""


@attrs.frozen
class RateLimit:
    """The limits that the response names; each is None where it names none.

    Wire form: the headers `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`; durations (`6m0s`) in seconds here.
    """

    limit_requests: int | None = None
    remaining_requests: int | None = None
    reset_requests_s: float | None = None
    limit_tokens: int | None = None
    remaining_tokens: int | None = None
    reset_tokens_s: float | None = None


@attrs.frozen
class ResponseInfo:
    """The HTTP side of a response: status, request id (`x-request-id`), headers, attempts, seconds spent, limits."""

    status: int
    request_id: str | None
    headers: Mapping[str, str] = attrs.field(repr=False)
    attempts: int
    elapsed_s: float
    rate_limit: RateLimit


@attrs.frozen
class Problem:
    """One invalid parameter: its path (`workflow.id`), the API's code for the problem, the value, the limit."""

    path: str
    code: str
    message: str
    value: object = None
    limit: object = None


class ChatKitError(Exception):
    """The root of every error of this package."""


class ConfigurationError(ChatKitError):
    """The settings cannot work: no key, a bad URL, settings that exclude each other. Nothing was sent."""


class ClientClosedError(ChatKitError):
    """The client was closed before this call, or while it was under way."""


class ReentrantCallError(ChatKitError):
    """A blocking call would block the event loop that has to serve it: await the async client there."""


class MintingLimitError(ChatKitError):
    """The broker has reached its limit of sessions for this user in a fixed window of a minute, and sends no create.

    Attributes:
        retry_after_s: seconds until the next session is allowed.
    """

    def __init__(self, message: str, retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s

    def public(self) -> dict[str, str | float | None]:
        """What a browser may see, as in `APIError.public()`."""
        return {**RateLimitError("").public(), "retry_after_s": self.retry_after_s}


class SessionRevokedError(ChatKitError):
    """The user was revoked during this call. A session it made was cancelled, or is logged for the next `revoke`."""

    def public(self) -> dict[str, str | float | None]:
        """What a browser may see, as in `APIError.public()`."""
        message = "Your access ended while a session was being made."
        return {"code": "session_revoked", "message": message, "request_id": None, "retry_after_s": None}


class ArchiveError(ChatKitError):
    """An archive file cannot be used: missing, foreign, newer, damaged, in use, of other settings; the message says."""


class MissingFieldError(ChatKitError, AttributeError):
    """The API left this field out of its response. `missing_fields` of the object lists all such fields."""


class ParamsValidationError(ChatKitError, ValueError):
    """Parameters that the API would refuse, all problems at once. Nothing was sent.

    Attributes:
        subject: the class or call that takes them.
        problems: a tuple of `Problem`, in the order of the fields.
    """

    def __init__(self, subject: str, problems: Iterable[Problem | Mapping[str, Any]]) -> None:
        self.subject = subject
        self.problems = tuple(one if isinstance(one, Problem) else Problem(**one) for one in problems)
        super().__init__(subject, self.problems)

    @property
    def args(self) -> tuple[Any, ...]:  # type: ignore[override] # pyright: ignore[reportIncompatibleVariableOverride]
        """In a form that JSON can hold: queues store an error as its class and arguments."""
        return self.subject, [problem_details(problem) for problem in self.problems]

    def __str__(self) -> str:
        lines = [f"{problem.path}: {problem.message}" if problem.path else problem.message for problem in self.problems]
        return f"{self.subject}: {lines[0]}" if len(lines) == 1 else "\n  ".join([f"{self.subject}:", *lines])


class ErrorDetails(TypedDict, total=False):
    """The attributes of an `APIError` beside its message; see there."""

    operation: str | None
    status: int | None
    code: str | None
    param: str | None
    type: str | None
    request_id: str | None
    attempts: int
    elapsed_s: float
    retry_after_s: float | None
    outcome: Outcome
    hint: str | None
    body: object
    response: ResponseInfo | None


class APIError(ChatKitError):
    """A call that failed.

    Attributes:
        message: what went wrong, in the API's words where it gave any.
        operation: the call, as in `sessions.create`.
        status: HTTP status; None if no response came. (`status_code` is the same.)
        code, param, type: the API's machine-readable words, as in `unknown_parameter`; each may be None.
        request_id: names the request to OpenAI's support (`x-request-id`).
        attempts: requests sent or tried, at least 1.
        elapsed_s: seconds from the call to this error.
        retry_after_s: the wait that the API asks for, seconds; None without one.
        outcome: "not_sent", "refused", "unknown" (the work may be done) or "done" (only the response is unreadable).
        hint: what to do next; None where nothing is known.
        body: the decoded body, or an excerpt; its repr and pickle mask client secrets. Very large ones are cut.
        response: the `ResponseInfo`; None if no response came.
    """

    operation: str | None = None
    status: int | None = None
    code: str | None = None
    param: str | None = None
    type: str | None = None
    request_id: str | None = None
    attempts: int = 1
    elapsed_s: float = 0.0
    retry_after_s: float | None = None
    outcome: Outcome = "unknown"
    hint: str | None = None
    body: object = None
    response: ResponseInfo | None = None

    public_code: ClassVar[str] = "upstream_error"
    public_message: ClassVar[str] = "The chat service failed."

    def __init__(self, message: str, args: ErrorDetails | None = None, /, **details: Unpack[ErrorDetails]) -> None:
        super().__init__(message)
        self.message = message
        self.__dict__.update(args or {}, **details)

    @property
    def args(self) -> tuple[Any, ...]:  # type: ignore[override] # pyright: ignore[reportIncompatibleVariableOverride]
        """The message and the details that JSON can hold: queues store an error as its class and arguments."""
        return self.message, details_of(self)

    @property
    def status_code(self) -> int | None:
        """The HTTP status under the name the official SDK gives it."""
        return self.status

    def public(self) -> dict[str, str | float | None]:
        """What a browser may see: a code, a fixed sentence, the request id and the wait; never the API's text."""
        return {
            "code": self.public_code,
            "message": self.public_message,
            "request_id": self.request_id,
            "retry_after_s": self.retry_after_s,
        }

    def __str__(self) -> str:
        return sentence(self)


class APIConnectionError(APIError):
    """No response came: the connection failed or broke. `outcome` tells whether the request was sent."""

    public_code = "upstream_unreachable"
    public_message = "The chat service cannot be reached."


class APITimeoutError(APIConnectionError):
    """The deadline of the call (`timeout`, seconds) passed before the response was complete."""

    public_code = "upstream_timeout"
    public_message = "The chat service did not respond in time."


class APIResponseValidationError(APIError):
    """The response is not what the API documents. `body` holds it, so that a created session can still be cancelled."""

    public_code = "upstream_response_invalid"


class APIStatusError(APIError):
    """The response is a redirect or has an error status."""


class BadRequestError(APIStatusError):
    """400: the request is wrong; `param` and `code` say where and why."""


class AuthenticationError(APIStatusError):
    """401: the API key is missing, wrong or revoked."""


class PermissionDeniedError(APIStatusError):
    """403: the key may not do this, or not from here."""


class NotFoundError(APIStatusError):
    """404: no such session, thread or workflow in the project of this key."""


class ConflictError(APIStatusError):
    """409: another request is changing the same object."""


class UnprocessableEntityError(APIStatusError):
    """422: the request is well-formed and cannot be carried out."""


class RateLimitError(APIStatusError):
    """429: too many requests (see `retry_after_s`), or the quota is used up (`code` `insufficient_quota`)."""

    public_code = "rate_limited"
    public_message = "Too many requests; please try again later."


class InternalServerError(APIStatusError):
    """500 and above: the API failed. Except after a 503, the work may have been done."""


STATUS_ERRORS: Mapping[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}


def status_error_class(status: int) -> type[APIStatusError]:
    """The class for an HTTP status: its own where it has one, InternalServerError from 500, else APIStatusError."""
    return STATUS_ERRORS.get(status, InternalServerError if status >= 500 else APIStatusError)
