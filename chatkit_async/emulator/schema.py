"""The bodies the API accepts, as one table."""

from __future__ import annotations

from .checks import Boolean, Integer, Map, Object, Scalar, Text

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
"""The body of sessions.create. Source: schema CreateChatSessionBody; keys of state variables: its prose (WIRE.md)."""
