"""The operations under measurement, as rows: what is asked and the bytes the stub answers with."""

import json
from dataclasses import dataclass

USER = "user_123"
WORKFLOW = "wf_68df4b13b3588190a09d19288d4610ec0df388c3983f58d1"
SESSION_ID = "cksess_68df4b13b3588190a09d19288d4610ec0df388c3983f58d1"
PREFIX = "/v1"


@dataclass(frozen=True)
class Case:
    """One operation: its name in the client's table, its request without the prefix, its documented answer."""

    name: str
    method: str
    path: str
    body: dict[str, object] | None
    answer: dict[str, object]

    @property
    def request_line(self) -> bytes:
        """How a request for this case begins on the wire."""
        return f"{self.method} {PREFIX}{self.path} ".encode()

    @property
    def response(self) -> bytes:
        """The whole response, ready to be written."""
        body = json.dumps(self.answer, separators=(",", ":")).encode()
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: req_1\r\nContent-Length: {len(body)}"
        )
        return head.encode() + b"\r\n\r\n" + body


def _session(status: str) -> dict[str, object]:
    return {
        "id": SESSION_ID,
        "object": "chatkit.session",
        "client_secret": "ek_68df4b13b3588190a09d19288d4610ec0df388c3983f58d1_00eyJleHBpcmVzX2F0IjogMTc1OTQ2MDQzOX0=",
        "expires_at": 1759460439,
        "user": USER,
        "status": status,
        "max_requests_per_1_minute": 10,
        "rate_limits": {"max_requests_per_1_minute": 10},
        "workflow": {"id": WORKFLOW, "version": None, "state_variables": None, "tracing": {"enabled": True}},
        "chatkit_configuration": {
            "automatic_thread_titling": {"enabled": True},
            "file_upload": {"enabled": False, "max_file_size": None, "max_files": None},
            "history": {"enabled": True, "recent_threads": None},
        },
    }


CREATE_BODY: dict[str, object] = {"user": USER, "workflow": {"id": WORKFLOW}}
CASES = (
    Case("sessions.create", "POST", "/chatkit/sessions", CREATE_BODY, _session("active")),
    Case("sessions.cancel", "POST", f"/chatkit/sessions/{SESSION_ID}/cancel", None, _session("cancelled")),
)
