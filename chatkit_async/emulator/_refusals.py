"""Requests that the API refuses: the statuses, codes and messages of its errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..types._json import JSON, JSONObject
from ..types.misuse import nearest

JSON_UNREADABLE = (
    "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library "
    "correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON. If you have trouble "
    "figuring out how to fix this, please contact us through our help center at help.openai.com.)"
)
KEY_MISSING = (
    "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth "
    "(i.e. Authorization: Bearer YOUR_KEY). You can obtain an API key from https://platform.openai.com/account/api-keys."
)
JSON_TYPES: Mapping[type, str] = {
    type(None): "null",
    bool: "a boolean",
    int: "an integer",
    float: "a decimal",
    str: "a string",
    list: "an array",
    dict: "an object",
}
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="OpenAI API"'}


class RequestRefused(Exception):
    """The error response to a request: its status and the fields of `{"error": {...}}`."""

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
        """The body of the response."""
        param = None if self.param is None else printable(self.param)
        return {
            "error": {"message": printable(self.message), "type": self.error_type, "param": param, "code": self.code}
        }


def printable(text: str) -> str:
    """The text with lone surrogates replaced: strict JSON parsers refuse them, and requests may hold them."""
    return text.encode("utf-8", "replace").decode()


def masked_key(key: str) -> str:
    """A key as the API shows it in errors: enough to recognise it, too little to use it."""
    shown = 4 if len(key) >= 20 else 0
    return f"{key[:shown]}{'*' * (len(key) - 2 * shown)}{key[len(key) - shown :]}"


def no_api_key() -> RequestRefused:
    """401: there is no `Authorization: Bearer KEY`."""
    return RequestRefused(401, KEY_MISSING, code="invalid_api_key", headers=CHALLENGE)


def incorrect_api_key(key: str) -> RequestRefused:
    """401: the emulator does not accept this key."""
    help_text = "You can find your API key at https://platform.openai.com/account/api-keys."
    message = f"Incorrect API key provided: {masked_key(key)}. {help_text}"
    return RequestRefused(401, message, code="invalid_api_key", headers=CHALLENGE)


def invalid_beta(value: str) -> RequestRefused:
    """400: the request lacks the beta header."""
    message = (
        "You must provide the 'OpenAI-Beta' header to access the ChatKit API. "
        f"Please try again by setting the header 'OpenAI-Beta: {value}'."
    )
    return RequestRefused(400, message, code="invalid_beta")


def invalid_url(method: str, path: str) -> RequestRefused:
    """404: no operation has this path."""
    return RequestRefused(404, f"Invalid URL ({method} {path})")


def wrong_method(allowed: str) -> RequestRefused:
    """405: the path has operations, but for other methods."""
    message = f"Only {allowed} requests are accepted."
    return RequestRefused(405, message, code="method_not_supported", headers={"Allow": allowed})


def not_implemented(name: str, method: str, path: str) -> RequestRefused:
    """501: the table of operations has a row that the emulator has no behaviour for."""
    message = f"The emulator does not implement {name} ({method} {path})."
    return RequestRefused(501, message, code="not_implemented", error_type="server_error")


def session_not_found(session_id: str) -> RequestRefused:
    """404: no session has this id."""
    return RequestRefused(404, f"Chatkit Session with id '{session_id}' not found.")


def thread_not_found(thread_id: str) -> RequestRefused:
    """404: no thread has this id."""
    return RequestRefused(404, f"Thread with id '{thread_id}' not found.")


def cursor_not_found(name: str, cursor: str) -> RequestRefused:
    """400: no element of the list has the id of the cursor."""
    message = f"Invalid '{name}': this list has no element with the id '{cursor}'."
    return RequestRefused(400, message, code="invalid_value", param=name)


def not_json() -> RequestRefused:
    """400: the body is not JSON in UTF-8."""
    return RequestRefused(400, JSON_UNREADABLE)


def unreadable(limit_bytes: int) -> RequestRefused:
    """400: the bytes are not an HTTP request."""
    reason = f"it is not HTTP, or its path or one of its headers is longer than {limit_bytes} bytes"
    return RequestRefused(400, f"The request could not be read: {reason}.")


def unsupported_content_type(content_type: str) -> RequestRefused:
    """400: the Content-Type is not JSON."""
    message = (
        f"Unsupported content type: '{content_type}'. This API method only accepts 'application/json' requests, "
        f"but you specified the header 'Content-Type: {content_type}'. Please try again with a supported content type."
    )
    return RequestRefused(400, message, code="unsupported_content_type")


def body_too_large(limit_bytes: int) -> RequestRefused:
    """413: the body is larger than the emulator reads."""
    return RequestRefused(413, f"Maximum content size limit ({limit_bytes}) exceeded.")


def server_error() -> RequestRefused:
    """500: the emulator failed."""
    message = "The server had an error while processing your request. Sorry about that!"
    return RequestRefused(500, message, error_type="server_error")


def missing_parameter(path: str, allowed: Iterable[str] = ()) -> RequestRefused:
    """400: a required field is absent; `allowed` are the values it may have."""
    message = f"Missing required parameter: '{path}'.{supported(allowed)}"
    return RequestRefused(400, message, code="missing_required_parameter", param=path)


def unknown_parameter(path: str, allowed: tuple[str, ...] = ()) -> RequestRefused:
    """400: the API has no such field; `allowed` are the fields there are."""
    near = nearest(path.rpartition(".")[2], allowed)
    message = f"Unknown parameter: '{path}'{f': {near}' if near else '.'}{supported(allowed)}"
    return RequestRefused(400, message, code="unknown_parameter", param=path)


def supported(allowed: Iterable[str]) -> str:
    """The end of a message: the allowed names or values; empty without any."""
    names = ", ".join(f"'{one}'" for one in allowed)
    return f" Supported values are: {names}." if names else ""


def wrong_type(path: str, expected: str, value: JSON) -> RequestRefused:
    """400: the value has another JSON type, `null` included."""
    message = f"Invalid type for '{path}': expected {expected}, but got {JSON_TYPES[type(value)]} instead."
    return RequestRefused(400, message, code="invalid_type", param=path)


def out_of_bounds(path: str, code: str, words: str, bound: str, value: int) -> RequestRefused:
    """400: the integer is too small or too large."""
    number = value if abs(value) < 10**20 else f"an integer of {len(str(abs(value)))} digits"
    message = f"Invalid '{path}': integer {words} value. Expected a value {bound}, but got {number} instead."
    return RequestRefused(400, message, code=f"integer_{code}_value", param=path)


def too_short(path: str, bound: int, length: int) -> RequestRefused:
    """400: the string has too few characters."""
    expected = f"Expected a string with minimum length {bound}"
    message = f"Invalid '{path}': string too short. {expected}, but got a string with length {length} instead."
    return RequestRefused(400, message, code="string_below_min_length", param=path)


def too_long(path: str, bound: int, length: int) -> RequestRefused:
    """400: the string has too many characters."""
    expected = f"Expected a string with maximum length {bound}"
    message = f"Invalid '{path}': string too long. {expected}, but got a string with length {length} instead."
    return RequestRefused(400, message, code="string_above_max_length", param=path)


def too_many_properties(path: str, bound: int, count: int) -> RequestRefused:
    """400: the object has too many entries."""
    expected = f"Expected an object with at most {bound} properties"
    message = f"Invalid '{path}': too many properties. {expected}, but got an object with {count} properties instead."
    return RequestRefused(400, message, code="object_above_max_properties", param=path)


def not_one_of(path: str, values: tuple[str, ...], value: str, advice: str = "") -> RequestRefused:
    """400: the string is not one of the allowed values; `advice` says which was meant."""
    message = f"Invalid value: '{value[:100]}'{f': {advice}' if advice else '.'}{supported(values)}"
    return RequestRefused(400, message, code="invalid_value", param=path)
