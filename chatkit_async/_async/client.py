"""`AsyncChatKit`: settings, resources and lifetime."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Never, NoReturn, Self

from .._core.config import ClientSettings, changed_config, first_config
from .._core.decode import decode_json
from .._core.headers import hidden_headers
from .._core.options import QueryValue, RequestOptions, Timeout, as_timeout, wrong_method_call
from .._core.prepared_call import prepare_raw
from .._core.retry import RetryPolicy
from ..errors import ConfigurationError
from ..types._json import JSON
from ..types.misuse import AsyncOnly, Guiding, answering
from ..types.secret import as_secret
from .caller import Caller, SharedTransport
from .proxies import ConnectionSettings

if TYPE_CHECKING:
    from ssl import SSLContext

    import aiohttp

    from .sessions import AsyncSessions
    from .threads import AsyncThreads


class AsyncChatKit(AsyncOnly, Guiding):
    """A client of the ChatKit REST API.

    One client serves any number of callers at once, opens its connections at the first call, and works after a fork.
    `async with` or `aclose()` closes it.

    Asyncio: tasks and event loops may share a client; each event loop has its own max_connections connections.

    Example:
        async with AsyncChatKit() as client:
            session = await client.sessions.create(user="user_123", workflow="wf_abc")

    Args:
        api_key: the key, or a callable (run in a worker thread) or async callable that is called before each attempt;
            default: the environment variable OPENAI_API_KEY.
        organization: sent as `OpenAI-Organization`; default: OPENAI_ORG_ID.
        project: sent as `OpenAI-Project`; default: OPENAI_PROJECT_ID.
        base_url: where the API is; default: OPENAI_BASE_URL, else `https://api.openai.com/v1`.
        timeout: seconds for a whole call, retries and waits included, or a `Timeout`; default 30; `math.inf`: no limit.
        max_retries: attempts after the first, at least 0; default 2.
        retry_policy: how long to wait between attempts where the API does not say.
        default_headers: sent with every request; None removes one.
        default_query: query fields sent with every request.
        strict: refuse responses with missing fields or undocumented values; default False.
        max_connections: open at once, at least 1; default 100.
        http_session: an aiohttp session of yours to use instead of our own; it stays yours to close. It excludes
            max_connections, trace_configs, ssl and proxy.
        trace_configs: aiohttp's, for tracing.
        middlewares: aiohttp's client middlewares, outermost first.
        ssl: aiohttp's `ssl`: an `SSLContext`, a `Fingerprint`, or False to check nothing; default: checked.
        proxy: the URL of an http(s) proxy; default: the environment's, which is never used for loopback.
        allow_insecure_http: permit a plain `http://` base_url that is not loopback; default False.

    Raises:
        ConfigurationError: settings that cannot work or exclude each other; a missing key is found by the first call.
    """

    @answering()
    def __init__(
        self,
        api_key: str | Callable[[], str] | Callable[[], Awaitable[str]] | None = None,
        *,
        organization: str | None = None,
        project: str | None = None,
        base_url: str | None = None,
        timeout: float | Timeout = 30.0,
        max_retries: int = 2,
        retry_policy: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
        default_headers: Mapping[str, str | None] | None = None,
        default_query: Mapping[str, QueryValue] | None = None,
        strict: bool = False,
        max_connections: int = 100,
        http_session: aiohttp.ClientSession | None = None,
        trace_configs: Sequence[aiohttp.TraceConfig] = (),
        middlewares: Sequence[aiohttp.ClientMiddlewareType] = (),
        ssl: SSLContext | aiohttp.Fingerprint | bool = True,
        proxy: str | None = None,
        allow_insecure_http: bool = False,
    ) -> None:
        # What is wrong with one setting must not show another in a traceback.
        api_key, proxy, base_url = as_secret(api_key), as_secret(proxy), as_secret(base_url)
        default_headers = hidden_headers(default_headers)
        settings = ClientSettings(
            api_key=api_key,
            organization=organization,
            project=project,
            base_url=base_url,
            timeout=as_timeout(timeout),
            max_retries=max_retries,
            retry_policy=retry_policy,
            default_headers=default_headers,
            default_query=default_query,
            strict=strict,
            allow_insecure_http=allow_insecure_http,
        )
        config = first_config(settings, os.environ)
        connections = ConnectionSettings(
            max_connections=max_connections,
            http_session=http_session,
            trace_configs=trace_configs,
            middlewares=middlewares,
            ssl=ssl,
            proxy=proxy,
        )
        self._caller = Caller(config, SharedTransport(connections))
        self._is_copy = False

    @cached_property
    def sessions(self) -> AsyncSessions:
        """Mint and cancel sessions."""
        from .sessions import AsyncSessions  # noqa: PLC0415 - loaded at its first use

        return AsyncSessions(self._caller)

    @cached_property
    def threads(self) -> AsyncThreads:
        """Read and delete threads and their items."""
        from .threads import AsyncThreads  # noqa: PLC0415 - loaded at its first use

        return AsyncThreads(self._caller)

    @answering()
    def with_options(
        self,
        *,
        api_key: str | Callable[[], str] | Callable[[], Awaitable[str]] | None = None,
        organization: str | None = None,
        project: str | None = None,
        base_url: str | None = None,
        timeout: float | Timeout | None = None,
        max_retries: int | None = None,
        retry_policy: RetryPolicy | None = None,
        default_headers: Mapping[str, str | None] | None = None,
        default_query: Mapping[str, QueryValue] | None = None,
        strict: bool | None = None,
    ) -> AsyncChatKit:
        """A client with some settings changed that shares this one's connections.

        Closing the copy does not close the original; closing the original closes both.

        Example:
            patient = client.with_options(timeout=120, max_retries=5)

        Args:
            api_key, organization, project, base_url, timeout, max_retries, retry_policy, strict: as for the client;
                None keeps the client's (no limit is `timeout=math.inf`).
            default_headers, default_query: added to the client's; a header of None is removed.

        Returns:
            The copy.

        Raises:
            ConfigurationError: settings that cannot work.
        """
        api_key, base_url = as_secret(api_key), as_secret(base_url)
        default_headers = hidden_headers(default_headers)
        settings = ClientSettings(
            api_key=api_key,
            organization=organization,
            project=project,
            base_url=base_url,
            timeout=timeout,
            max_retries=max_retries,
            retry_policy=retry_policy,
            default_headers=default_headers,
            default_query=default_query,
            strict=strict,
        )
        copy = object.__new__(type(self))
        copy._caller = Caller(changed_config(self._caller.config, settings), self._caller.shared)
        copy._is_copy = True
        return copy

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, object] | None = None,
        query: Mapping[str, QueryValue] | None = None,
        options: RequestOptions | None = None,
        **unexpected: Never,
    ) -> JSON:
        """Call an endpoint that this package does not know, with the client's key, headers, retries and errors.

        After a response is lost, GET, HEAD, OPTIONS, PUT and DELETE are sent again, other methods not (see
        `retry_ambiguous`).

        Wire form: as given.

        Example:
            thread = await client.request("GET", "/chatkit/threads/cthr_123")

        Args:
            method: the HTTP method.
            path: below the base URL, beginning with `/`, ids in it percent-encoded by you.
            body: the JSON object to send; default: no body.
            query: query fields to send.
            options: settings of this call alone.
            unexpected: refused with a `TypeError` that names the right keyword.

        Returns:
            The response's JSON; None if its body is empty.

        Raises:
            ParamsValidationError: a method or path that cannot be sent.
            APIStatusError, APITimeoutError, APIConnectionError, APIResponseValidationError: as for any call.

        Source: ChatKit REST API.
        """
        if unexpected:
            raise wrong_method_call(self.request, unexpected)
        call = prepare_raw(method, path, body, query, self._caller.config, options)
        response, info = await self._caller.exchange(call)
        return decode_json(call.operation, response, info)

    async def aclose(self) -> None:
        """Close the connections; calls in flight end with `ClientClosedError`. A copy closes nothing."""
        if not self._is_copy:
            await self._caller.shared.aclose()

    async def __aenter__(self) -> Self:
        """The client itself.

        Asyncio: aiohttp is imported here, so that the first request does not wait for it.
        """
        self._caller.shared.transport()
        return self

    async def __aexit__(
        self, error_class: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the client."""
        await self.aclose()

    def __reduce__(self) -> NoReturn:
        raise ConfigurationError(
            "a client cannot be pickled or copied: it holds a key and connections; make one in each process,"
            " or use with_options() for a copy"
        )

    def __repr__(self) -> str:
        caller: Caller | None = getattr(self, "_caller", None)  # a traceback also shows a client that was refused
        return f"{type(self).__name__}(base_url={caller.config.base_url!r})" if caller else f"{type(self).__name__}()"
