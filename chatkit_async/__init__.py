"""OpenAI's ChatKit from Python: an asyncio-first client, and its blocking twin.

    from chatkit_async import AsyncChatKit, ChatKit

Every name is imported when it is first used, so that `import chatkit_async` costs next to nothing.
"""

from typing import TYPE_CHECKING, Any

from . import _version
from ._exports import MODULE_OF

# The public names: a new one is imported here, and the generator of `_sync` writes its row in `_exports`.
if TYPE_CHECKING:
    from ._async.client import AsyncChatKit as AsyncChatKit
    from ._async.listing import AsyncListing as AsyncListing
    from ._async.sessions import AsyncSessions as AsyncSessions
    from ._async.threads import AsyncThreads as AsyncThreads
    from ._core.options import QueryValue as QueryValue
    from ._core.options import RequestOptions as RequestOptions
    from ._core.options import Timeout as Timeout
    from ._core.retry import RetryPolicy as RetryPolicy
    from ._core.transcript import TranscriptFormat as TranscriptFormat
    from ._core.transcript import transcript as transcript
    from ._sync.client import ChatKit as ChatKit
    from ._sync.listing import Listing as Listing
    from ._sync.sessions import Sessions as Sessions
    from ._sync.threads import Threads as Threads
    from .errors import APIConnectionError as APIConnectionError
    from .errors import APIError as APIError
    from .errors import APIResponseValidationError as APIResponseValidationError
    from .errors import APIStatusError as APIStatusError
    from .errors import APITimeoutError as APITimeoutError
    from .errors import ArchiveError as ArchiveError
    from .errors import AuthenticationError as AuthenticationError
    from .errors import BadRequestError as BadRequestError
    from .errors import ChatKitError as ChatKitError
    from .errors import ClientClosedError as ClientClosedError
    from .errors import ConfigurationError as ConfigurationError
    from .errors import ConflictError as ConflictError
    from .errors import ErrorDetails as ErrorDetails
    from .errors import InternalServerError as InternalServerError
    from .errors import MintingLimitError as MintingLimitError
    from .errors import MissingFieldError as MissingFieldError
    from .errors import NotFoundError as NotFoundError
    from .errors import Outcome as Outcome
    from .errors import ParamsValidationError as ParamsValidationError
    from .errors import PermissionDeniedError as PermissionDeniedError
    from .errors import Problem as Problem
    from .errors import RateLimit as RateLimit
    from .errors import RateLimitError as RateLimitError
    from .errors import ReentrantCallError as ReentrantCallError
    from .errors import ResponseInfo as ResponseInfo
    from .errors import SessionRevokedError as SessionRevokedError
    from .errors import UnprocessableEntityError as UnprocessableEntityError
    from .types._json import JSON as JSON
    from .types._json import JSONObject as JSONObject
    from .types.configuration_params import (
        ChatSessionAutomaticThreadTitlingParam as ChatSessionAutomaticThreadTitlingParam,
    )
    from .types.configuration_params import (
        ChatSessionAutomaticThreadTitlingParamDict as ChatSessionAutomaticThreadTitlingParamDict,
    )
    from .types.configuration_params import ChatSessionChatKitConfigurationParam as ChatSessionChatKitConfigurationParam
    from .types.configuration_params import (
        ChatSessionChatKitConfigurationParamDict as ChatSessionChatKitConfigurationParamDict,
    )
    from .types.configuration_params import ChatSessionFileUploadParam as ChatSessionFileUploadParam
    from .types.configuration_params import ChatSessionFileUploadParamDict as ChatSessionFileUploadParamDict
    from .types.configuration_params import ChatSessionHistoryParam as ChatSessionHistoryParam
    from .types.configuration_params import ChatSessionHistoryParamDict as ChatSessionHistoryParamDict
    from .types.configuration_params import FileUploadLike as FileUploadLike
    from .types.configuration_params import HistoryLike as HistoryLike
    from .types.configuration_params import TitlingLike as TitlingLike
    from .types.content import ChatKitAnnotation as ChatKitAnnotation
    from .types.content import ChatKitAssistantContent as ChatKitAssistantContent
    from .types.content import ChatKitAttachment as ChatKitAttachment
    from .types.content import ChatKitFileAnnotation as ChatKitFileAnnotation
    from .types.content import ChatKitFileAnnotationSource as ChatKitFileAnnotationSource
    from .types.content import ChatKitInferenceOptions as ChatKitInferenceOptions
    from .types.content import ChatKitInputText as ChatKitInputText
    from .types.content import ChatKitQuotedText as ChatKitQuotedText
    from .types.content import ChatKitResponseOutputText as ChatKitResponseOutputText
    from .types.content import ChatKitToolChoice as ChatKitToolChoice
    from .types.content import ChatKitURLAnnotation as ChatKitURLAnnotation
    from .types.content import ChatKitURLAnnotationSource as ChatKitURLAnnotationSource
    from .types.content import ChatKitUserContent as ChatKitUserContent
    from .types.items import ChatKitClientToolCallItem as ChatKitClientToolCallItem
    from .types.items import ChatKitTaskGroupItem as ChatKitTaskGroupItem
    from .types.items import ChatKitTaskGroupTask as ChatKitTaskGroupTask
    from .types.items import ChatKitTaskItem as ChatKitTaskItem
    from .types.items import ChatKitThreadAssistantMessageItem as ChatKitThreadAssistantMessageItem
    from .types.items import ChatKitThreadItem as ChatKitThreadItem
    from .types.items import ChatKitThreadUserMessageItem as ChatKitThreadUserMessageItem
    from .types.items import ChatKitWidgetItem as ChatKitWidgetItem
    from .types.page import Page as Page
    from .types.secret import Secret as Secret
    from .types.session import BrowserSecret as BrowserSecret
    from .types.session import ChatKitWorkflow as ChatKitWorkflow
    from .types.session import ChatKitWorkflowTracing as ChatKitWorkflowTracing
    from .types.session import ChatSession as ChatSession
    from .types.session import ChatSessionAutomaticThreadTitling as ChatSessionAutomaticThreadTitling
    from .types.session import ChatSessionChatKitConfiguration as ChatSessionChatKitConfiguration
    from .types.session import ChatSessionFileUpload as ChatSessionFileUpload
    from .types.session import ChatSessionHistory as ChatSessionHistory
    from .types.session import ChatSessionRateLimits as ChatSessionRateLimits
    from .types.session import ChatSessionStatus as ChatSessionStatus
    from .types.session_operations import ChatKitConfigurationLike as ChatKitConfigurationLike
    from .types.session_operations import ExpiresAfterLike as ExpiresAfterLike
    from .types.session_operations import RateLimitsLike as RateLimitsLike
    from .types.session_operations import SessionCancelParams as SessionCancelParams
    from .types.session_operations import SessionCreateParams as SessionCreateParams
    from .types.session_operations import WorkflowLike as WorkflowLike
    from .types.session_params import ChatSessionExpiresAfterParam as ChatSessionExpiresAfterParam
    from .types.session_params import ChatSessionExpiresAfterParamDict as ChatSessionExpiresAfterParamDict
    from .types.session_params import ChatSessionRateLimitsParam as ChatSessionRateLimitsParam
    from .types.session_params import ChatSessionRateLimitsParamDict as ChatSessionRateLimitsParamDict
    from .types.session_params import ChatSessionWorkflowParam as ChatSessionWorkflowParam
    from .types.session_params import ChatSessionWorkflowParamDict as ChatSessionWorkflowParamDict
    from .types.session_params import ChatSessionWorkflowTracingParam as ChatSessionWorkflowTracingParam
    from .types.session_params import ChatSessionWorkflowTracingParamDict as ChatSessionWorkflowTracingParamDict
    from .types.session_params import StateVariables as StateVariables
    from .types.session_params import TracingLike as TracingLike
    from .types.thread import ChatKitThread as ChatKitThread
    from .types.thread import ChatKitThreadStatus as ChatKitThreadStatus
    from .types.thread import ChatKitThreadStatusActive as ChatKitThreadStatusActive
    from .types.thread import ChatKitThreadStatusClosed as ChatKitThreadStatusClosed
    from .types.thread import ChatKitThreadStatusLocked as ChatKitThreadStatusLocked
    from .types.thread import ThreadDeleteResponse as ThreadDeleteResponse
    from .types.thread_operations import Order as Order
    from .types.thread_operations import ThreadDeleteParams as ThreadDeleteParams
    from .types.thread_operations import ThreadListItemsParams as ThreadListItemsParams
    from .types.thread_operations import ThreadListParams as ThreadListParams
    from .types.thread_operations import ThreadRetrieveParams as ThreadRetrieveParams
    from .types.unknown import UnknownAnnotation as UnknownAnnotation
    from .types.unknown import UnknownContent as UnknownContent
    from .types.unknown import UnknownThreadItem as UnknownThreadItem
    from .types.unknown import UnknownThreadStatus as UnknownThreadStatus

__version__ = _version.VERSION

__all__ = ["__version__", *MODULE_OF]  # noqa: PLE0604 # pyright: ignore[reportUnsupportedDunderAll]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module  # noqa: PLC0415 - so that the bare import costs nothing

        value = getattr(import_module(f".{MODULE_OF[name]}", __name__), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *MODULE_OF})
