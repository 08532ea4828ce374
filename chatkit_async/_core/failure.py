"""Turns an error response into the exception for its status, with the API's message and a hint."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from ..errors import APIStatusError, ResponseInfo, status_error_class
from ..types.secret import mask_text
from .base_url import server_of
from .config import ClientConfig, key_hint
from .decode import NOT_READ, error_document, excerpt
from .message import Response
from .retry import outcome_of_status
from .session_rows import CREATE_SESSION

LONGEST_WORDS = 2000  # characters of the API's message that an error repeats; its body has more

_ERROR_HINTS: Mapping[int | str, str] = {
    "insufficient_quota": "The quota is used up: waiting does not help, see the billing page of the project.",
    "invalid_beta": "Something between here and the API dropped the header OpenAI-Beta.",
    403: "Check the permissions of the key, and from which places it may be used.",
    404: "Check the id, that it belongs to the same project as the key, and that base_url is right.",
    405: "Check base_url: it should end in /v1.",
    409: "Another request was changing it; try again.",
    429: "Send fewer, or allow more time (timeout, max_retries).",
}
_INVALID_URL = "Invalid URL"  # begins the API's message about a path that it does not know
_AFTER_BASE_PATH = r"(?:/v\d+(?:/.*)?|/chatkit.*)?$"  # what takes the place of /v1, or follows it
_WRONG_PATH_STATUSES = frozenset({404, 405})
_GONE_STATUSES = frozenset({403, 404, 410})
_WORKFLOWS_END = (
    "Hosted workflows are announced to end on 30 November 2026: save their threads with `chatkit archive FILE`."
)


def error_for_response(operation: str, response: Response, info: ResponseInfo, config: ClientConfig) -> APIStatusError:
    """The error for a response with a status of 300 or above."""
    document = error_document(response)
    code, message = _text(document, "code"), _message(response, document)
    return status_error_class(response.status)(
        message,
        operation=operation,
        status=response.status,
        code=code,
        param=_text(document, "param"),
        type=_text(document, "type"),
        request_id=info.request_id,
        attempts=info.attempts,
        elapsed_s=info.elapsed_s,
        outcome=outcome_of_status(response.status),
        hint=_hint(operation, response, message, code, config),
        body=document if document is not None else excerpt(response),
        response=info,
    )


def _text(document: Mapping[str, object] | None, name: str) -> str | None:
    value = (document or {}).get(name)
    if value is None:
        return None
    return mask_text(str(value)[: 4 * LONGEST_WORDS])[:LONGEST_WORDS]  # cut first: masking long texts takes long


def _message(response: Response, document: Mapping[str, object] | None) -> str:
    message = _text(document, "message")
    if message:
        return message
    if 300 <= response.status < 400:
        return "the response is a redirect"
    if not response.is_whole:
        return NOT_READ
    named = _text(document, "code") or _type(document)
    if named:
        return named
    return (
        f"the response is not an error of the API: {excerpt(response)[:200]!r}"
        if response.body
        else "the response is empty"
    )


def _type(document: Mapping[str, object] | None) -> str | None:
    """The error's type, unless it is the URL that other APIs (RFC 9457) put there."""
    found = _text(document, "type")
    return found if found and found.isidentifier() else None


def _path_hint(base_url: str) -> str:
    """What to do after the API did not know the path of a request."""
    path = urlsplit(base_url).path
    expected = re.sub(_AFTER_BASE_PATH, "/v1", path, count=1)
    if path == expected:
        return f"Check the path of the request, and that base_url, {base_url}, is that of the API."
    return f"The path is wrong: base_url is {base_url}, and should be {base_url.removesuffix(path)}{expected}."


def _hint(operation: str, response: Response, message: str, code: str | None, config: ClientConfig) -> str | None:
    if 300 <= response.status < 400:
        target = server_of(response.headers.get("location", ""))
        return f"It redirects to {target}; redirects are never followed, since they would carry the key: set base_url."
    if response.status == 401:
        return key_hint(config)
    if response.status in _WRONG_PATH_STATUSES and not urlsplit(config.base_url).path:
        return _path_hint(config.base_url)
    if response.status == 404 and message.startswith(_INVALID_URL):
        return _path_hint(config.base_url)
    hint = _ERROR_HINTS.get(code or "", _ERROR_HINTS.get(response.status))
    if operation == CREATE_SESSION.name and response.status in _GONE_STATUSES:  # the one operation with a workflow
        return f"{hint} {_WORKFLOWS_END}" if hint else _WORKFLOWS_END
    return hint
