"""The resources the API answers with, as one table. Source: the schemas of the OpenAPI document that each row names."""

from __future__ import annotations

from collections.abc import Mapping

from ..types._json import JSONObject
from .checks import Boolean, Check, Integer, Text
from .resource import Array, Nullable, Resource, Scalars, Tagged
from .sessions import UPLOAD_FILES, UPLOAD_MEGABYTES

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
    }
)
"""Schema ThreadItem and its six kinds."""

ANY_ITEM = item_of({}, {})
"""What also an item of an unknown kind has, since a list needs it."""

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
