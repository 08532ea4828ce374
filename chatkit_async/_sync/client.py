# Generated from chatkit_async/_async/client.py by `python -m chatkit_async._sync.generate`.
# Edit that file and generate again: changes made here are lost.
"""`ChatKit`: settings, resources and lifetime, forwarded to the async client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from .._async.client import AsyncChatKit
from .._core.headers import hidden_headers
from .._core.options import QueryValue, RequestOptions, Timeout
from .._core.retry import RetryPolicy
from ..types._json import JSON
from ..types.secret import as_secret
from .channel import Channel, described

if TYPE_CHECKING:
    from ssl import SSLContext

    import aiohttp

    from .sessions import Sessions
    from .threads import Threads


class ChatKit:
    """The ChatKit REST API, for code that blocks.

    One client serves any number of threads, opens its connections at the first call, and works
    after a fork. `with` or `close()` closes it.

    Example:
        with ChatKit() as client:
            session = client.sessions.create(user="user_123", workflow="wf_abc")

    Args:
        api_key: the key, or a callable (run in a worker thread) or async callable that is asked before each attempt;
            default: the environment variable OPENAI_API_KEY.
        organization: sent as `OpenAI-Organization`; default: OPENAI_ORG_ID.
        project: sent as `OpenAI-Project`; default: OPENAI_PROJECT_ID.
        base_url: where the API is; default: OPENAI_BASE_URL, else `https://api.openai.com/v1`.
        timeout: seconds for a whole call, retries and waits included, or a `Timeout`; default 30; `math.inf`: no limit.
        max_retries: attempts after the first, at least 0; default 2.
        retry_policy: how long to wait between attempts where the API does not say.
        default_headers: sent with every request; None removes one.
        default_query: query fields sent with every request.
        strict: refuse answers with missing fields or undocumented values; default False.
        max_connections: open at once, at least 1; default 100.
        in_event_loop: what a call gets in a thread whose running event loop it would block: nothing ("allow"), a
            RuntimeWarning at your line ("warn", the default; none in IPython) or a ReentrantCallError ("error").
        trace_configs: aiohttp's, for tracing.
        middlewares: aiohttp's client middlewares, outermost first.
        ssl: aiohttp's `ssl`: an `SSLContext`, a `Fingerprint`, or False to check nothing; default: checked.
        proxy: the URL of an http(s) proxy; default: the environment's, which is never used for loopback.
        allow_insecure_http: permit a plain `http://` base_url that is not loopback; default False.

    Raises:
        ConfigurationError: settings that cannot work or exclude each other; a missing key waits for the first call.
    """

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
        in_event_loop: Literal["allow", "warn", "error"] = "warn",
        trace_configs: Sequence[aiohttp.TraceConfig] = (),
        middlewares: Sequence[aiohttp.ClientMiddlewareType] = (),
        ssl: SSLContext | aiohttp.Fingerprint | bool = True,
        proxy: str | None = None,
        allow_insecure_http: bool = False,
    ) -> None:
        api_key = as_secret(api_key)
        base_url = as_secret(base_url)
        default_headers = hidden_headers(default_headers)
        proxy = as_secret(proxy)
        self._async = AsyncChatKit(
            api_key,
            organization=organization,
            project=project,
            base_url=base_url,
            timeout=timeout,
            max_retries=max_retries,
            retry_policy=retry_policy,
            default_headers=default_headers,
            default_query=default_query,
            strict=strict,
            max_connections=max_connections,
            trace_configs=trace_configs,
            middlewares=middlewares,
            ssl=ssl,
            proxy=proxy,
            allow_insecure_http=allow_insecure_http,
        )
        self._channel = Channel(self._async.aclose, name="ChatKit", in_event_loop=in_event_loop)

    @cached_property
    def sessions(self) -> Sessions:
        """Mint and cancel sessions."""
        from .sessions import Sessions  # noqa: PLC0415 - loaded by who uses it

        return Sessions(self._async.sessions, self._channel)

    @cached_property
    def threads(self) -> Threads:
        """Read and delete threads and their items."""
        from .threads import Threads  # noqa: PLC0415 - loaded by who uses it

        return Threads(self._async.threads, self._channel)

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
    ) -> ChatKit:
        """A client with some settings changed that shares this one's connections.

        Closing the copy does not close the original; closing the original closes both.

        Example:
            patient = client.with_options(timeout=120, max_retries=5)

        Args:
            api_key, organization, project, base_url, timeout, max_retries, retry_policy, strict: as for the client;
                None keeps.
            default_headers, default_query: added to the client's; a header of None is removed.

        Returns:
            The copy.

        Raises:
            ConfigurationError: settings that cannot work.
        """
        api_key = as_secret(api_key)
        base_url = as_secret(base_url)
        default_headers = hidden_headers(default_headers)
        return self._channel.copy(
            type(self),
            self._async.with_options,
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

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, object] | None = None,
        query: Mapping[str, QueryValue] | None = None,
        options: RequestOptions | None = None,
    ) -> JSON:
        """Call an endpoint that this package does not know, with the client's key, headers, retries and errors.

        After an answer is lost, GET, PUT and DELETE are sent again, other methods not (see `retry_ambiguous`).

        Wire form: as given.

        Example:
            thread = client.request("GET", "/chatkit/threads/cthr_123")

        Args:
            method: the HTTP method.
            path: below the base URL, beginning with `/`, ids in it percent-encoded by you.
            body: the JSON object to send; default: no body.
            query: query fields to send.
            options: settings of this call alone.

        Returns:
            The answer's JSON; None if its body is empty.

        Raises:
            ParamsValidationError: a method or path that cannot be sent.
            APIStatusError, APITimeoutError, APIConnectionError, APIResponseValidationError: as for any call.

        Source: ChatKit REST API.
        """
        return self._channel.call(self._async.request, method, path, body=body, query=query, options=options)

    def close(self) -> None:
        """Close the connections; calls under way end with `ClientClosedError`. A copy closes nothing."""
        self._channel.close()

    def __enter__(self) -> Self:
        """The client itself."""
        return self

    def __exit__(
        self,
        error_class: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the client."""
        self.close()

    def __repr__(self) -> str:
        return described(self)
