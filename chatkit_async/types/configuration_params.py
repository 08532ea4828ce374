"""Parts of `SessionCreateParams`: the ChatKit features of a session. Each is a class, and a mapping."""

from __future__ import annotations

from typing import TypeAlias, TypedDict

import attrs

from .checks import count, switch, whole_number
from .params import Params, build
from .session import (
    ChatSessionAutomaticThreadTitling,
    ChatSessionFileUpload,
    ChatSessionHistory,
)

MAX_FILE_SIZE_MEGABYTES = 512


def _megabytes(value: int | None) -> int | None:
    return whole_number(value, minimum=1, maximum=MAX_FILE_SIZE_MEGABYTES)


@attrs.frozen(kw_only=True, repr=False)
class ChatSessionAutomaticThreadTitlingParam(Params):
    """Whether threads get titles by themselves.

    Args:
        enabled: default: the API's, true.
    """

    enabled: bool | None = attrs.field(default=None, converter=switch)


class ChatSessionAutomaticThreadTitlingParamDict(TypedDict, total=False):
    """The same as a mapping."""

    enabled: bool | None


@attrs.frozen(kw_only=True, repr=False)
class ChatSessionFileUploadParam(Params):
    """Whether files may be uploaded.

    Args:
        enabled: default: the API's, false.
        max_file_size: of each file, megabytes, 1 to 512; default: the API's, 512.
        max_files: per session, at least 1; default: the API's, 10.
    """

    enabled: bool | None = attrs.field(default=None, converter=switch)
    max_file_size: int | None = attrs.field(default=None, converter=_megabytes)
    max_files: int | None = attrs.field(default=None, converter=count)


class ChatSessionFileUploadParamDict(TypedDict, total=False):
    """The same as a mapping."""

    enabled: bool | None
    max_file_size: int | None
    max_files: int | None


@attrs.frozen(kw_only=True, repr=False)
class ChatSessionHistoryParam(Params):
    """Whether earlier threads of the user are shown.

    Args:
        enabled: default: the API's, true.
        recent_threads: how many, at least 1; default: the API's, all.
    """

    enabled: bool | None = attrs.field(default=None, converter=switch)
    recent_threads: int | None = attrs.field(default=None, converter=count)


class ChatSessionHistoryParamDict(TypedDict, total=False):
    """The same as a mapping."""

    enabled: bool | None
    recent_threads: int | None


TitlingLike: TypeAlias = (
    ChatSessionAutomaticThreadTitlingParam
    | ChatSessionAutomaticThreadTitling
    | ChatSessionAutomaticThreadTitlingParamDict
)
"""What `automatic_thread_titling` takes."""
FileUploadLike: TypeAlias = ChatSessionFileUploadParam | ChatSessionFileUpload | ChatSessionFileUploadParamDict
"""What `file_upload` takes."""
HistoryLike: TypeAlias = ChatSessionHistoryParam | ChatSessionHistory | ChatSessionHistoryParamDict
"""What `history` takes."""


def _titling(value: TitlingLike | None) -> ChatSessionAutomaticThreadTitlingParam | None:
    return build(ChatSessionAutomaticThreadTitlingParam, value, result_class=ChatSessionAutomaticThreadTitling)


def _file_upload(value: FileUploadLike | None) -> ChatSessionFileUploadParam | None:
    return build(ChatSessionFileUploadParam, value, result_class=ChatSessionFileUpload)


def _history(value: HistoryLike | None) -> ChatSessionHistoryParam | None:
    return build(ChatSessionHistoryParam, value, result_class=ChatSessionHistory)


@attrs.frozen(kw_only=True, repr=False)
class ChatSessionChatKitConfigurationParam(Params):
    """The ChatKit features of a session; what is left out keeps the API's default.

    Args:
        automatic_thread_titling, file_upload, history: each its class, or a mapping in the API's spelling.

    Source: ChatKit REST API, schema ChatkitConfigurationParam.
    """

    automatic_thread_titling: ChatSessionAutomaticThreadTitlingParam | None = attrs.field(
        default=None, converter=_titling
    )
    file_upload: ChatSessionFileUploadParam | None = attrs.field(default=None, converter=_file_upload)
    history: ChatSessionHistoryParam | None = attrs.field(default=None, converter=_history)


class ChatSessionChatKitConfigurationParamDict(TypedDict, total=False):
    """The same as a mapping."""

    automatic_thread_titling: TitlingLike | None
    file_upload: FileUploadLike | None
    history: HistoryLike | None
