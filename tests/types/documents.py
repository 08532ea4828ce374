"""Shared by the tests of types: the documented responses, and documents made from the schema slice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_origin

from hypothesis import strategies as st

from chatkit_async import (
    ChatKitAttachment,
    ChatKitClientToolCallItem,
    ChatKitFileAnnotation,
    ChatKitFileAnnotationSource,
    ChatKitInferenceOptions,
    ChatKitInputText,
    ChatKitQuotedText,
    ChatKitResponseOutputText,
    ChatKitTaskGroupItem,
    ChatKitTaskGroupTask,
    ChatKitTaskItem,
    ChatKitThread,
    ChatKitThreadAssistantMessageItem,
    ChatKitThreadItem,
    ChatKitThreadStatusActive,
    ChatKitThreadStatusClosed,
    ChatKitThreadStatusLocked,
    ChatKitThreadUserMessageItem,
    ChatKitToolChoice,
    ChatKitURLAnnotation,
    ChatKitURLAnnotationSource,
    ChatKitWidgetItem,
    ChatKitWorkflow,
    ChatKitWorkflowTracing,
    ChatSession,
    ChatSessionAutomaticThreadTitling,
    ChatSessionChatKitConfiguration,
    ChatSessionFileUpload,
    ChatSessionHistory,
    ChatSessionRateLimits,
    Page,
    ThreadDeleteResponse,
)

SCHEMAS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "openapi-chatkit.json").read_text())["components"][
    "schemas"
]

RESULTS: dict[str, Any] = {
    "ChatSessionResource": ChatSession,
    "ChatkitWorkflow": ChatKitWorkflow,
    "ChatkitWorkflowTracing": ChatKitWorkflowTracing,
    "ChatSessionRateLimits": ChatSessionRateLimits,
    "ChatSessionChatkitConfiguration": ChatSessionChatKitConfiguration,
    "ChatSessionAutomaticThreadTitling": ChatSessionAutomaticThreadTitling,
    "ChatSessionFileUpload": ChatSessionFileUpload,
    "ChatSessionHistory": ChatSessionHistory,
    "ThreadResource": ChatKitThread,
    "ActiveStatus": ChatKitThreadStatusActive,
    "LockedStatus": ChatKitThreadStatusLocked,
    "ClosedStatus": ChatKitThreadStatusClosed,
    "DeletedThreadResource": ThreadDeleteResponse,
    "ThreadListResource": Page[ChatKitThread],
    "ThreadItemListResource": Page[ChatKitThreadItem],
    "UserMessageItem": ChatKitThreadUserMessageItem,
    "AssistantMessageItem": ChatKitThreadAssistantMessageItem,
    "WidgetMessageItem": ChatKitWidgetItem,
    "ClientToolCallItem": ChatKitClientToolCallItem,
    "TaskItem": ChatKitTaskItem,
    "TaskGroupItem": ChatKitTaskGroupItem,
    "TaskGroupTask": ChatKitTaskGroupTask,
    "UserMessageInputText": ChatKitInputText,
    "UserMessageQuotedText": ChatKitQuotedText,
    "ResponseOutputText": ChatKitResponseOutputText,
    "Attachment": ChatKitAttachment,
    "InferenceOptions": ChatKitInferenceOptions,
    "ToolChoice": ChatKitToolChoice,
    "FileAnnotation": ChatKitFileAnnotation,
    "FileAnnotationSource": ChatKitFileAnnotationSource,
    "UrlAnnotation": ChatKitURLAnnotation,
    "UrlAnnotationSource": ChatKitURLAnnotationSource,
}

WHOLE: dict[str, Any] = {
    "id": "cksess_123",
    "object": "chatkit.session",
    "client_secret": "ek_0123456789abcdef",
    "expires_at": 1_712_349_876,
    "user": "user_789",
    "status": "active",
    "max_requests_per_1_minute": 10,
    "rate_limits": {"max_requests_per_1_minute": 10},
    "workflow": {"id": "wf_1", "version": None, "state_variables": {"a": 1, "b": True}, "tracing": {"enabled": True}},
    "chatkit_configuration": {
        "automatic_thread_titling": {"enabled": True},
        "file_upload": {"enabled": False, "max_file_size": None, "max_files": 10},
        "history": {"enabled": True, "recent_threads": None},
    },
}
CREATED: dict[str, Any] = {
    "client_secret": "chatkit_token_123",
    "expires_at": 1_735_689_600,
    "workflow": {"id": "workflow_alpha", "version": "2024-10-01"},
    "scope": {"project": "alpha", "environment": "staging"},
    "max_requests_per_1_minute": 60,
    "max_requests_per_session": 500,
    "status": "active",
}
CANCELLED: dict[str, Any] = {
    "id": "cksess_123",
    "object": "chatkit.session",
    "workflow": {"id": "workflow_alpha", "version": "1"},
    "scope": {"customer_id": "cust_456"},
    "max_requests_per_1_minute": 30,
    "ttl_seconds": 900,
    "status": "cancelled",
    "cancelled_at": 1_712_345_678,
}
WITHOUT_STATE: dict[str, Any] = {**WHOLE, "workflow": {"id": "wf_1", "version": None}, "status": "cancelled"}
SECRETLESS: dict[str, Any] = {**WHOLE, "client_secret": ""}
DOCUMENTED: dict[str, dict[str, Any]] = {
    "whole": WHOLE,
    "the documented response to create": CREATED,
    "the documented response to cancel": CANCELLED,
    "the session example": WITHOUT_STATE,
    "cancelled, its secret empty": SECRETLESS,
}

TEXT = st.text(max_size=20)
INTEGERS = st.integers(-(2**63), 2**64 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | INTEGERS | FLOATS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
_UNKNOWN_KINDS = st.builds(
    lambda fields, kind: {**fields, "type": kind}, st.dictionaries(TEXT, ANY_JSON, max_size=3), TEXT
)
_SCALARS: dict[str, Any] = {"string": TEXT, "integer": INTEGERS, "boolean": st.booleans(), "number": FLOATS}


def documents(schema: dict[str, Any]) -> Any:
    """Responses as the schema allows them, fields dropped, undocumented ones added, unknown kinds mixed in."""
    schema = resolved(schema)
    if "anyOf" in schema or "oneOf" in schema:
        unknown = [_UNKNOWN_KINDS] if "discriminator" in schema else []
        return st.one_of([*(documents(part) for part in schema.get("anyOf", schema.get("oneOf"))), *unknown])
    if schema["type"] == "null":
        return st.none()
    if "enum" in schema:
        return st.sampled_from(spellings(schema["enum"])) | TEXT
    if schema["type"] == "array":
        return st.lists(documents(schema["items"]), max_size=3)
    if schema["type"] != "object":
        return _SCALARS[schema["type"]]
    if "properties" not in schema:
        return st.dictionaries(TEXT, documents(schema["additionalProperties"]), max_size=3)
    known = {name: documents(part) for name, part in schema["properties"].items()}
    extra = st.dictionaries(TEXT.filter(lambda name: name not in known), ANY_JSON, max_size=2)
    return st.builds(lambda fields, more: {**fields, **more}, st.fixed_dictionaries({}, optional=known), extra)


def spellings(kinds: list[str]) -> list[str]:
    """Kinds as the schema and as the documentation's examples spell them: `chatkit.task` and `task`."""
    return sorted({spelling for kind in kinds for spelling in (kind, kind.removeprefix("chatkit."))})


def whole(schema: dict[str, Any]) -> Any:
    """One response with every documented field: of choices the first, of arrays one item."""
    schema = resolved(schema)
    if "anyOf" in schema or "oneOf" in schema:
        return whole(schema.get("anyOf", schema.get("oneOf"))[0])
    if "enum" in schema:
        return schema["enum"][0]
    if schema["type"] == "array":
        return [whole(schema["items"])]
    if schema["type"] == "object":
        return {name: whole(part) for name, part in schema.get("properties", {}).items()}
    return {"string": "text", "integer": 5, "boolean": True}[schema["type"]]


def class_of(cls: Any) -> type[Any]:
    """The class itself of a filled generic one: `Page` of `Page[ChatKitThread]`."""
    return get_origin(cls) or cls


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema a reference names."""
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = SCHEMAS[schema["$ref"].rpartition("/")[2]]
    return found
