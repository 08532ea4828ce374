"""What the API accepts and what its resources hold, as tables.

Source: the operations and schemas of the OpenAPI document that each table names.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..types._json import JSONObject
from ._checks import (
    Array,
    Boolean,
    Check,
    Integer,
    IntegerText,
    Map,
    Nullable,
    Object,
    Resource,
    Scalar,
    Scalars,
    Tagged,
    Text,
)

# The API's defaults.
LIFETIME_S = 600
REQUESTS_PER_MINUTE = 10
UPLOAD_MEGABYTES = 512
UPLOAD_FILES = 10

ON_OR_OFF = Object({"enabled": Boolean()})

CREATE_SESSION_BODY = Object(
    {
        "workflow": Object(
            {
                "id": Text(),
                "version": Text(),
                "state_variables": Map(Text(max_length=64), Scalar(Text(max_length=10_485_760)), max_properties=64),
                "tracing": ON_OR_OFF,
            },
            required=("id",),
        ),
        "user": Text(min_length=1),
        "expires_after": Object(
            {"anchor": Text(one_of=("created_at",)), "seconds": Integer(1, 600)},
            required=("anchor", "seconds"),
        ),
        "rate_limits": Object({"max_requests_per_1_minute": Integer(1)}),
        "chatkit_configuration": Object(
            {
                "automatic_thread_titling": ON_OR_OFF,
                "file_upload": Object(
                    {"enabled": Boolean(), "max_file_size": Integer(1, 512), "max_files": Integer(1)}
                ),
                "history": Object({"enabled": Boolean(), "recent_threads": Integer(1)}),
            }
        ),
    },
    required=("workflow", "user"),
)
"""The body of sessions.create. Source: schema CreateChatSessionBody; keys of state variables: its prose."""

LIST_ITEMS_QUERY = Object(
    {
        "limit": IntegerText(Integer(0, 100)),
        "order": Text(one_of=("asc", "desc")),
        "after": Text(),
        "before": Text(),
    }
)
"""The query of threads.list_items. Source: the operation's parameters in the OpenAPI document."""

LIST_THREADS_QUERY = Object({**LIST_ITEMS_QUERY.fields, "user": Text(1, 512)})
"""The query of threads.list. Source: the operation's parameters in the OpenAPI document."""

ID = Text(1)
WITH_REASON = Resource({"type": Text(), "reason": Nullable(Text())}, {"reason": None})
STATUS = Tagged(
    {
        "active": Resource({"type": Text()}),
        "locked": WITH_REASON,
        "closed": WITH_REASON,
    }
)
"""Schemas ActiveStatus, LockedStatus, ClosedStatus."""

THREAD = Resource(
    {
        "id": ID,
        "object": Text(one_of=("chatkit.thread",)),
        "created_at": Integer(),
        "title": Nullable(Text()),
        "status": STATUS,
        "user": Text(),
    },
    {"object": "chatkit.thread", "title": None, "status": {"type": "active"}, "user": "user"},
)
"""Schema ThreadResource."""

INPUT_TEXT = Resource({"type": Text(), "text": Text()})
FILE_SOURCE = Resource({"type": Text(), "filename": Text()}, {"type": "file"})
URL_SOURCE = Resource({"type": Text(), "url": Text()}, {"type": "url"})
ANNOTATION = Tagged(
    {
        "file": Resource({"type": Text(), "source": FILE_SOURCE}),
        "url": Resource({"type": Text(), "source": URL_SOURCE}),
    }
)
OUTPUT_TEXT = Resource({"type": Text(), "text": Text(), "annotations": Array(ANNOTATION)}, {"annotations": []})
ATTACHMENT = Resource(
    {"type": Text(), "id": Text(), "name": Text(), "mime_type": Text(), "preview_url": Nullable(Text())},
    {"preview_url": None},
)
INFERENCE_OPTIONS = Resource(
    {"tool_choice": Nullable(Resource({"id": Text()})), "model": Nullable(Text())},
    {"tool_choice": None, "model": None},
)
TASK = Resource(
    {"type": Text(), "heading": Nullable(Text()), "summary": Nullable(Text())},
    {"heading": None, "summary": None},
)


def item_of(fields: Mapping[str, Check], defaults: JSONObject) -> Resource:
    """A kind of item: what all have, and what this one adds."""
    common: Mapping[str, Check] = {
        "id": ID,
        "object": Text(one_of=("chatkit.thread_item",)),
        "created_at": Integer(),
        "thread_id": Text(),
        "type": Text(),
    }
    return Resource({**common, **fields}, {"object": "chatkit.thread_item", **defaults})


ITEM = Tagged(
    {
        "chatkit.user_message": item_of(
            {
                "content": Array(Tagged({"input_text": INPUT_TEXT, "quoted_text": INPUT_TEXT})),
                "attachments": Array(ATTACHMENT),
                "inference_options": Nullable(INFERENCE_OPTIONS),
            },
            {"content": [], "attachments": [], "inference_options": None},
        ),
        "chatkit.assistant_message": item_of(
            {"content": Array(Tagged({"output_text": OUTPUT_TEXT}))},
            {"content": []},
        ),
        "chatkit.widget": item_of({"widget": Text()}, {}),
        "chatkit.client_tool_call": item_of(
            {
                "status": Text(),
                "call_id": Text(),
                "name": Text(),
                "arguments": Text(),
                "output": Nullable(Text()),
            },
            {"status": "completed", "arguments": "{}", "output": None},
        ),
        "chatkit.task": item_of(
            {"task_type": Text(), "heading": Nullable(Text()), "summary": Nullable(Text())},
            {"task_type": "custom", "heading": None, "summary": None},
        ),
        "chatkit.task_group": item_of({"tasks": Array(TASK)}, {"tasks": []}),
    },
    prefix="chatkit.",
)
"""Schema ThreadItem and its six kinds."""

ANY_ITEM = item_of({}, {})
"""The fields that every item has, those of unknown kinds included."""

SWITCHED_ON = Resource({"enabled": Boolean()}, {"enabled": True})
WORKFLOW = Resource(
    {"id": Text(), "version": Nullable(Text()), "state_variables": Nullable(Scalars()), "tracing": SWITCHED_ON},
    {"id": "wf_seeded", "version": None, "state_variables": None, "tracing": {}},
)
FILE_UPLOAD = Resource(
    {"enabled": Boolean(), "max_file_size": Nullable(Integer()), "max_files": Nullable(Integer())},
    {"enabled": False, "max_file_size": UPLOAD_MEGABYTES, "max_files": UPLOAD_FILES},
)
HISTORY = Resource(
    {"enabled": Boolean(), "recent_threads": Nullable(Integer())},
    {"enabled": True, "recent_threads": None},
)
CONFIGURATION = Resource(
    {"automatic_thread_titling": SWITCHED_ON, "file_upload": FILE_UPLOAD, "history": HISTORY},
    {"automatic_thread_titling": {}, "file_upload": {}, "history": {}},
)
SESSION = Resource(
    {
        "id": ID,
        "object": Text(one_of=("chatkit.session",)),
        "client_secret": Text(),
        "expires_at": Integer(),
        "user": Text(),
        "status": Text(one_of=("active", "expired", "cancelled")),
        "max_requests_per_1_minute": Integer(),
        "rate_limits": Resource({"max_requests_per_1_minute": Integer()}),
        "workflow": WORKFLOW,
        "chatkit_configuration": CONFIGURATION,
    },
    {
        "object": "chatkit.session",
        "user": "user",
        "status": "active",
        "workflow": {},
        "chatkit_configuration": {},
    },
)
"""Schema ChatSessionResource."""
