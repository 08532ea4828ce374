"""Everything this package raises, drawn first.

ChatKitError
├── ConfigurationError            the client was set up so that no call could work; nothing was sent
├── ParamsValidationError         (also a ValueError) what you pass does not fit the API; nothing was sent
├── MissingFieldError             (also an AttributeError) the API left this field out
├── ClientClosedError             the client was closed before or during the call
├── ReentrantCallError            a blocking call where only awaiting can work
├── MintingLimitError             the broker made too many sessions for this user within a minute; nothing was sent
├── SessionRevokedError           the broker revoked this user while the call was under way
├── ArchiveError                  an archive file is missing, foreign, newer, damaged, in use, or of other settings
└── APIError                      a call that was made and did not succeed
    ├── APIConnectionError        no answer came
    │   └── APITimeoutError       the deadline passed first
    ├── APIResponseValidationError    an answer came that is not what the API documents
    └── APIStatusError            the API refused: 3xx, 4xx, 5xx
        ├── BadRequestError 400 · AuthenticationError 401 · PermissionDeniedError 403 · NotFoundError 404
        ├── ConflictError 409 · UnprocessableEntityError 422 · RateLimitError 429
        └── InternalServerError   500 and above
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, TypedDict, Unpack

import attrs

Outcome = Literal["not_sent", "refused", "unknown", "done"]
"""What is known of the work: never sent, refused by the API, perhaps done, or done (but the answer not understood)."""


@attrs.frozen
class RateLimit:
    """What the API said about your limits; each is None where it said nothing.

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
    """The HTTP side of an answer: status, request id (`x-request-id`), headers, attempts, seconds spent, limits."""

    status: int
    request_id: str | None
    headers: Mapping[str, str] = attrs.field(repr=False)
    attempts: int
    elapsed_s: float
    rate_limit: RateLimit


@attrs.frozen
class Problem:
    """One thing wrong with a parameter: where (`workflow.id`), the API's word for it, what was given, the limit."""

    path: str
    code: str
    message: str
    value: object = None
    limit: object = None


class ChatKitError(Exception):
    """The root of every error of this package."""


class ConfigurationError(ChatKitError):
    """The client cannot work as it is set up: no key, a bad URL, settings that exclude each other. Nothing was sent."""


class ClientClosedError(ChatKitError):
    """The client was closed before this call, or while it was under way."""


class ReentrantCallError(ChatKitError):
    """A blocking call was made where it would block the loop that has to serve it: await the async client there."""


class MintingLimitError(ChatKitError):
    """A broker refuses to make another session for this user within the same minute. Nothing was sent.

    Attributes:
        retry_after_s: seconds until the next may be made.
    """

    def __init__(self, message: str, retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s

    def public(self) -> dict[str, str | float | None]:
        """What a browser may see, as `APIError.public()`."""
        return {**RateLimitError("").public(), "retry_after_s": self.retry_after_s}


class SessionRevokedError(ChatKitError):
    """The user was revoked while this call was under way; what it made was cancelled. If he is back, ask again."""

    def public(self) -> dict[str, str | float | None]:
        """What a browser may see, as `APIError.public()`."""
        said = "Your access ended while a session was being made."
        return {"code": "session_revoked", "message": said, "request_id": None, "retry_after_s": None}


class ArchiveError(ChatKitError):
    """An archive file cannot be used: missing, foreign, newer, damaged, in use, of other settings; the message says."""


class MissingFieldError(ChatKitError, AttributeError):
    """The API's answer did not hold this field. `missing_fields` of the object lists all that were left out."""


class ParamsValidationError(ChatKitError, ValueError):
    """Parameters that the API would refuse, all problems at once. Nothing was sent.

    Attributes:
        subject: the class or call they were meant for.
        problems: a tuple of `Problem`, in the order of the fields.
    """

    def __init__(self, subject: str, problems: tuple[Problem, ...]) -> None:
        super().__init__(subject, problems)
        self.subject = subject
        self.problems = problems

    def __str__(self) -> str:
        lines = [f"{problem.path}: {problem.message}" if problem.path else problem.message for problem in self.problems]
        return f"{self.subject}: {lines[0]}" if len(lines) == 1 else "\n  ".join([f"{self.subject}:", *lines])


class ErrorDetails(TypedDict, total=False):
    """What an APIError carries beside its message; see there."""

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
    """A call that was made and did not succeed.

    Attributes:
        message: what went wrong, in the API's own words where it had any.
        operation: which call, as in `sessions.create`.
        status: HTTP status; None if no answer came. (`status_code` is the same.)
        code, param, type: the API's machine-readable words, as in `unknown_parameter`; None where it gave none.
        request_id: what to tell OpenAI's support (`x-request-id`).
        attempts: requests sent or tried, at least 1.
        elapsed_s: seconds from the call to this error.
        retry_after_s: seconds the API asked to wait, if it did.
        outcome: "not_sent", "refused", "unknown" (the work may be done) or "done" (it is, the answer is unreadable).
        hint: what to do next, where we know.
        body: the decoded answer, or an excerpt; client secrets in it are masked when shown or pickled.
        response: the `ResponseInfo`, if an answer came.
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
    public_message: ClassVar[str] = "The chat service could not answer."

    def __init__(self, message: str, **details: Unpack[ErrorDetails]) -> None:
        super().__init__(message)
        self.message = message
        self.__dict__.update(details)

    @property
    def status_code(self) -> int | None:
        """The HTTP status under the name the official SDK gives it."""
        return self.status

    def public(self) -> dict[str, str | float | None]:
        """What a browser may see: a code, a sentence of ours, the request id and the wait; none of the API's text."""
        return {
            "code": self.public_code,
            "message": self.public_message,
            "request_id": self.request_id,
            "retry_after_s": self.retry_after_s,
        }

    def __str__(self) -> str:
        return _sentence(self)


def _sentence(error: APIError) -> str:
    who = f"{error.operation}: " if error.operation else ""
    message = error.message.rstrip(". ")
    what = f"{error.status} {message}" if error.status else message
    seconds = f"{error.retry_after_s or 0:.3f}".rstrip("0").rstrip(".")
    wait = "" if error.retry_after_s is None else f", retry after {seconds} s"
    facts = [f"request {error.request_id}"] if error.request_id else []
    facts += [f"{error.attempts} attempts in {error.elapsed_s:.1f} s"] if error.attempts > 1 else []
    known = f" ({', '.join(facts)})" if facts else ""
    return f"{who}{what}{wait}{known}" + (f". {error.hint}" if error.hint else "")


class APIConnectionError(APIError):
    """No answer came: the connection could not be made, or broke. `outcome` tells whether the request was sent."""

    public_code = "upstream_unreachable"
    public_message = "The chat service cannot be reached."


class APITimeoutError(APIConnectionError):
    """The deadline of the call (`timeout`, seconds) passed before an answer was complete."""

    public_code = "upstream_timeout"
    public_message = "The chat service did not answer in time."


class APIResponseValidationError(APIError):
    """An answer came, and it is not what the API documents. `body` holds it, so that what was created can be found."""

    public_code = "upstream_answer_invalid"


class APIStatusError(APIError):
    """The API answered with a redirect or an error status."""


class BadRequestError(APIStatusError):
    """400: the API found the request wrong; `param` and `code` say where and why."""


class AuthenticationError(APIStatusError):
    """401: the API key is missing, wrong or revoked."""


class PermissionDeniedError(APIStatusError):
    """403: the key may not do this, or not from here."""


class NotFoundError(APIStatusError):
    """404: no such session, thread or workflow in the project of this key."""


class ConflictError(APIStatusError):
    """409: another request was changing the same thing."""


class UnprocessableEntityError(APIStatusError):
    """422: the request is well-formed and cannot be carried out."""


class RateLimitError(APIStatusError):
    """429: too many requests (see `retry_after_s`), or the quota is used up (`code` `insufficient_quota`)."""

    public_code = "rate_limited"
    public_message = "Too many requests; please try again later."


class InternalServerError(APIStatusError):
    """500 and above: the API failed. Whether the work was done is unknown, except for 503."""


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
