"""Parameters of the thread operations, checked when built."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import attrs

from .checks import path_segment, refuse, text, whole_number
from .params import Params
from .redacted import quoted
from .session_operations import MAX_USER_LENGTH

MAX_PAGE_SIZE = 100

Order: TypeAlias = Literal["asc", "desc"]
"""The order of a listing, by creation."""


def _cursor(value: str | None) -> str | None:
    return text(value)


def _page_size(value: int | None) -> int | None:
    return whole_number(value, minimum=1, maximum=MAX_PAGE_SIZE)


def _order(value: Order | None) -> Order | None:
    given: Any = value
    if given is None or (isinstance(given, str) and given in ("asc", "desc")):
        return value
    return refuse(value, "invalid_value", f"must be asc or desc, not {quoted(given)}")


def _user(value: str | None) -> str | None:
    return text(value, max_length=MAX_USER_LENGTH)


@attrs.frozen(kw_only=True, repr=False)
class ThreadListParams(Params):
    """Parameters of `threads.list`.

    Wire form: the query of `GET /chatkit/threads`.

    Args:
        user: only threads of this user, 1 to 512 characters; default: all of the project.
        after, before: an id; the page begins after it, or ends before it, in the given order.
        limit: items a page, 1 to 100; default: the API's, 20.
        order: by creation, `asc` or `desc`; default: the API's, `desc`.

    Source: ChatKit REST API, ListThreadsMethod.
    """

    user: str | None = attrs.field(default=None, converter=_user)
    after: str | None = attrs.field(default=None, converter=_cursor)
    before: str | None = attrs.field(default=None, converter=_cursor)
    limit: int | None = attrs.field(default=None, converter=_page_size)
    order: Order | None = attrs.field(default=None, converter=_order)


@attrs.frozen(kw_only=True, repr=False)
class ThreadListItemsParams(Params):
    """Parameters of `threads.list_items`.

    Wire form: a segment of the path, and the query, of `GET /chatkit/threads/{thread_id}/items`.

    Args:
        thread_id: the thread's id, `cthr_...`.
        after, before, limit, order: as for `ThreadListParams`.

    Source: ChatKit REST API, ListThreadItemsMethod.
    """

    thread_id: str = attrs.field(converter=path_segment)
    after: str | None = attrs.field(default=None, converter=_cursor)
    before: str | None = attrs.field(default=None, converter=_cursor)
    limit: int | None = attrs.field(default=None, converter=_page_size)
    order: Order | None = attrs.field(default=None, converter=_order)


@attrs.frozen(repr=False)
class ThreadRetrieveParams(Params):
    """Parameters of `threads.retrieve`: the thread's id, in the path of `GET /chatkit/threads/{thread_id}`."""

    thread_id: str = attrs.field(converter=path_segment)


@attrs.frozen(repr=False)
class ThreadDeleteParams(Params):
    """Parameters of `threads.delete`: the thread's id, in the path of `DELETE /chatkit/threads/{thread_id}`."""

    thread_id: str = attrs.field(converter=path_segment)
