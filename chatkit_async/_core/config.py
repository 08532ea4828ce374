"""The settings of a client: arguments first, then the environment, then the API's defaults; checked once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import attrs

from .._version import VERSION
from ..errors import ConfigurationError
from ..types.redacted import quoted
from ..types.secret import Secret, as_secret
from .base_url import DEFAULT_BASE_URL, checked_base_url
from .headers import checked_headers, checked_text, hidden_headers, merge_headers
from .options import QueryValue, Timeout, as_timeout, checked_flag, checked_query, checked_retries
from .retry import RetryPolicy

ApiKey: TypeAlias = str | Callable[[], str] | Callable[[], Awaitable[str]]

JSON_TYPE = "application/json"
_REQUEST_HEADERS = {
    "accept": JSON_TYPE,
    "openai-beta": "chatkit_beta=v1",  # every official example has it
    "user-agent": f"chatkit-async/{VERSION}",
}
_SCOPE_VARIABLES = ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID")
_SHORTEST_KEY_WITH_SHOWN_END = 16
_ARGUMENT = "the argument api_key"


def bearer(key: Secret) -> Secret:
    """A key as the header `authorization` holds it."""
    return Secret(f"Bearer {key}")


def _keyed(config: ClientConfig) -> Mapping[str, str]:
    if not isinstance(config.api_key, Secret) or "authorization" in config.headers:
        return config.headers
    return {**config.headers, "authorization": bearer(config.api_key)}


def _for_json(config: ClientConfig) -> Mapping[str, str]:
    return {"content-type": JSON_TYPE, **config.keyed_headers}


@attrs.frozen
class ClientConfig:
    """The settings of a client, checked.

    Attributes:
        api_key: the key, a callable that supplies it before each attempt, or None.
        key_origin: where it came from, as messages say it.
        base_url: absolute, without a slash at its end.
        timeout, max_retries, retry_policy, strict: for calls without options of their own.
        headers, query: sent with every request.
        keyed_headers: `headers` and the key, unless a callable supplies it.
        json_headers: `keyed_headers` and the content type of JSON.
    """

    api_key: Secret | Callable[[], str] | Callable[[], Awaitable[str]] | None
    key_origin: str
    base_url: str
    timeout: Timeout
    max_retries: int
    retry_policy: RetryPolicy
    headers: Mapping[str, str]
    query: Mapping[str, QueryValue]
    strict: bool
    allow_insecure_http: bool
    keyed_headers: Mapping[str, str] = attrs.field(init=False, default=attrs.Factory(_keyed, takes_self=True))
    json_headers: Mapping[str, str] = attrs.field(init=False, default=attrs.Factory(_for_json, takes_self=True))


def _hidden(key: ApiKey | None) -> ApiKey | None:
    return as_secret(key)


def _hidden_url(url: str | None) -> str | None:
    return as_secret(url)  # a refused one may hold a password


@attrs.frozen(kw_only=True)
class ClientSettings:
    """The arguments of a client; None is not given."""

    api_key: ApiKey | None = attrs.field(default=None, converter=_hidden)
    organization: str | None = None
    project: str | None = None
    base_url: str | None = attrs.field(default=None, converter=_hidden_url)
    timeout: float | Timeout | None = None
    max_retries: int | None = None
    retry_policy: RetryPolicy | None = None
    default_headers: Mapping[str, str | None] | None = attrs.field(default=None, converter=hidden_headers)
    default_query: Mapping[str, QueryValue] | None = None
    strict: bool | None = None
    allow_insecure_http: bool = False


def first_config(settings: ClientSettings, environ: Mapping[str, str]) -> ClientConfig:
    """The config of a new client.

    Args:
        settings: the arguments.
        environ: OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_ORG_ID and OPENAI_PROJECT_ID are read; empty ones are not set.
    """
    organization, project = (
        environ.get(name) if argument is None else None
        for name, argument in zip(_SCOPE_VARIABLES, (settings.organization, settings.project), strict=True)
    )
    key, base_url = as_secret(environ.get("OPENAI_API_KEY")), as_secret(environ.get("OPENAI_BASE_URL"))
    del environ  # what follows may raise, and the environment's repr in a traceback would show the key
    insecure = checked_flag(settings.allow_insecure_http, "allow_insecure_http")
    defaults = ClientConfig(
        api_key=checked_key(key, _variable("OPENAI_API_KEY")) if settings.api_key is None else None,
        key_origin=_variable("OPENAI_API_KEY"),
        base_url=_environment_url(base_url, settings, allow_insecure_http=insecure),
        timeout=Timeout(),
        max_retries=2,
        retry_policy=RetryPolicy(),
        headers=_REQUEST_HEADERS | _scope(organization, project, tuple(map(_variable, _SCOPE_VARIABLES))),
        query={},
        strict=False,
        allow_insecure_http=insecure,
    )
    return changed_config(defaults, settings)


def _variable(name: str) -> str:
    return f"the environment variable {name}"


def _environment_url(url: str | None, settings: ClientSettings, *, allow_insecure_http: bool) -> str:
    """The base URL of the environment, else the API's; it is checked only if no argument replaces it."""
    if not url or settings.base_url is not None:
        return DEFAULT_BASE_URL
    return checked_base_url(url, _variable("OPENAI_BASE_URL"), allow_insecure_http=allow_insecure_http)


def changed_config(config: ClientConfig, settings: ClientSettings) -> ClientConfig:
    """A config with the given arguments changed."""
    api_key, key_origin = config.api_key, config.key_origin
    if settings.api_key is not None:
        api_key, key_origin = checked_key(settings.api_key, "api_key"), _ARGUMENT
    base_url, is_insecure_allowed = config.base_url, config.allow_insecure_http
    if settings.base_url is not None:
        base_url = checked_base_url(settings.base_url, "base_url", allow_insecure_http=is_insecure_allowed)
    return ClientConfig(
        api_key=api_key,
        key_origin=key_origin,
        base_url=base_url,
        timeout=config.timeout if settings.timeout is None else as_timeout(settings.timeout),
        max_retries=config.max_retries if settings.max_retries is None else checked_retries(settings.max_retries),
        retry_policy=config.retry_policy if settings.retry_policy is None else _policy(settings.retry_policy),
        headers=_headers(config, settings),
        query={**config.query, **checked_query(settings.default_query, "default_query")},
        strict=config.strict if settings.strict is None else checked_flag(settings.strict, "strict"),
        allow_insecure_http=is_insecure_allowed,
    )


def checked_key(key: ApiKey | None, subject: str) -> Secret | Callable[[], str] | Callable[[], Awaitable[str]] | None:
    """A key, stripped, or a callable that supplies one; None without a key.

    Raises:
        ConfigurationError: another type, or characters that no header can hold.
    """
    if key is None or (not isinstance(key, str) and callable(key)):
        return key
    text = checked_text(key, subject)
    return Secret(text) if text else None


def missing_key(config: ClientConfig) -> str:
    """What to do without a key, for a message."""
    if config.key_origin == _ARGUMENT:
        return "the given api_key is empty: pass a key, or leave api_key out and set OPENAI_API_KEY"
    return "no API key: set the environment variable OPENAI_API_KEY, or pass api_key="


def key_hint(config: ClientConfig) -> str:
    """The hint of a 401: where the key came from, and its last characters."""
    key = config.api_key
    if "authorization" in config.headers:
        return "The key came from default_headers."
    if not isinstance(key, Secret):
        return f"The key came from {config.key_origin}." if key else "No key was sent."
    end = f" and ends in …{key[-4:]}" if len(key) >= _SHORTEST_KEY_WITH_SHOWN_END else ""
    return f"The key came from {config.key_origin}{end}."


def _headers(config: ClientConfig, settings: ClientSettings) -> dict[str, str]:
    scope = _scope(settings.organization, settings.project, ("organization", "project"))
    return merge_headers(config.headers, scope, checked_headers(settings.default_headers, "default_headers"))


def _scope(organization: str | None, project: str | None, subjects: tuple[str, ...]) -> dict[str, str]:
    """The headers of organization and project; empty ones are left out."""
    given = zip(("openai-organization", "openai-project"), (organization, project), subjects, strict=True)
    return {
        name: checked_text(value, subject)
        for name, value, subject in given
        if value is not None and not (isinstance(value, str) and not value)
    }


def _policy(policy: RetryPolicy) -> RetryPolicy:
    if not isinstance(policy, RetryPolicy):
        raise ConfigurationError(f"retry_policy: a RetryPolicy, not {quoted(policy)}")
    return policy
