"""What the API refuses, in its own words."""

from __future__ import annotations

from collections.abc import Mapping

from ..types._json import JSONObject

NOT_JSON = (
    "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library "
    "correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON. If you have trouble "
    "figuring out how to fix this, please contact us through our help center at help.openai.com.)"
)
NO_KEY = (
    "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth "
    "(i.e. Authorization: Bearer YOUR_KEY). You can obtain an API key from https://platform.openai.com/account/api-keys."
)
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="OpenAI API"'}


class Refusal(Exception):
    """A request that is answered with an error: its status and the fields of `{"error": {...}}`."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        error_type: str = "invalid_request_error",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.error_type = error_type
        self.headers = headers or {}

    def document(self) -> JSONObject:
        """The body of the answer."""
        param = None if self.param is None else printable(self.param)
        return {
            "error": {"message": printable(self.message), "type": self.error_type, "param": param, "code": self.code}
        }


def printable(text: str) -> str:
    """The text with halves of characters replaced: strict JSON parsers refuse them, and requests may hold them."""
    return text.encode("utf-8", "replace").decode()


def masked_key(key: str) -> str:
    """A key as the API repeats it: enough to recognise it, too little to use it."""
    shown = 4 if len(key) >= 20 else 0
    return f"{key[:shown]}{'*' * (len(key) - 2 * shown)}{key[len(key) - shown :]}"


def no_api_key() -> Refusal:
    """401: there is no `Authorization: Bearer KEY`."""
    return Refusal(401, NO_KEY, code="invalid_api_key", headers=CHALLENGE)


def incorrect_api_key(key: str) -> Refusal:
    """401: the key is not one of those accepted."""
    where = "You can find your API key at https://platform.openai.com/account/api-keys."
    message = f"Incorrect API key provided: {masked_key(key)}. {where}"
    return Refusal(401, message, code="invalid_api_key", headers=CHALLENGE)


def invalid_beta(value: str) -> Refusal:
    """400: the request does not ask for the beta that ChatKit is."""
    message = (
        "You must provide the 'OpenAI-Beta' header to access the ChatKit API. "
        f"Please try again by setting the header 'OpenAI-Beta: {value}'."
    )
    return Refusal(400, message, code="invalid_beta")


def invalid_url(method: str, path: str) -> Refusal:
    """404: no operation has this path."""
    return Refusal(404, f"Invalid URL ({method} {path})")


def wrong_method(allowed: str) -> Refusal:
    """405: there are operations with this path, but for other methods."""
    message = f"Only {allowed} requests are accepted."
    return Refusal(405, message, code="method_not_supported", headers={"Allow": allowed})


def session_not_found(session_id: str) -> Refusal:
    """404: no session has this id."""
    return Refusal(404, f"Chatkit Session with id '{session_id}' not found.")


def thread_not_found(thread_id: str) -> Refusal:
    """404: no thread has this id."""
    return Refusal(404, f"Thread with id '{thread_id}' not found.")


def cursor_not_found(name: str, cursor: str) -> Refusal:
    """400: a cursor of a listing names nothing in the list."""
    message = f"Invalid '{name}': there is nothing with the id '{cursor}' in this list."
    return Refusal(400, message, code="invalid_value", param=name)


def not_json() -> Refusal:
    """400: the body is no JSON in UTF-8."""
    return Refusal(400, NOT_JSON)


def unreadable(limit_bytes: int) -> Refusal:
    """400: what was sent is no request."""
    said = f"it is no HTTP, or its path or one of its headers is longer than {limit_bytes} bytes"
    return Refusal(400, f"The request could not be read: {said}.")


def unsupported_content_type(content_type: str) -> Refusal:
    """400: the body says that it is something else than JSON."""
    message = (
        f"Unsupported content type: '{content_type}'. This API method only accepts 'application/json' requests, "
        f"but you specified the header 'Content-Type: {content_type}'. Please try again with a supported content type."
    )
    return Refusal(400, message, code="unsupported_content_type")


def body_too_large(limit_bytes: int) -> Refusal:
    """413: the body is larger than the server reads."""
    return Refusal(413, f"Maximum content size limit ({limit_bytes}) exceeded.")


def server_error() -> Refusal:
    """500: the emulator failed."""
    message = "The server had an error while processing your request. Sorry about that!"
    return Refusal(500, message, error_type="server_error")
