"""The operations under measurement, as rows: what is asked and the bytes the stub answers with."""

import json
from dataclasses import dataclass
from functools import cache

from .items import items_of_all_kinds

USER = "user_123"
WORKFLOW = "wf_68df4b13b3588190a09d19288d4610ec0df388c3983f58d1"
SESSION_ID = "cksess_68df4b13b3588190a09d19288d4610ec0df388c3983f58d1"
THREAD_ID = "cthr_1"
DELETED: dict[str, object] = {"id": THREAD_ID, "object": "chatkit.thread.deleted", "deleted": True}
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
        return _response(self.answer)


def _response(answer: dict[str, object]) -> bytes:
    body = json.dumps(answer, separators=(",", ":")).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: req_1\r\nContent-Length: {len(body)}"
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


def _thread(number: int) -> dict[str, object]:
    return {
        "id": f"cthr_{number}",
        "object": "chatkit.thread",
        "created_at": 1759460000 + number,
        "title": f"Opening hours of gate {number}",
        "status": {"type": "active"},
        "user": USER,
    }


def _page(data: list[dict[str, object]], *, has_more: bool = False) -> dict[str, object]:
    return {"object": "list", "data": data, "first_id": data[0]["id"], "last_id": data[-1]["id"], "has_more": has_more}


@cache
def page_after(cursor: str | None) -> bytes:
    """The response with the page of the long thread behind an item, or its first."""
    start = int(cursor.removeprefix("cthi_")) + 1 if cursor else 0
    items = items_of_all_kinds(PAGE_SIZE, start)
    return _response(_page(items, has_more=start + PAGE_SIZE < LONG_THREAD_ITEMS))


PAGE_SIZE = 100
LONG_THREAD_ITEMS = 10_000
LONG_THREAD_ID = "cthr_long"
CREATE_BODY: dict[str, object] = {"user": USER, "workflow": {"id": WORKFLOW}}
CREATE = Case("sessions.create", "POST", "/chatkit/sessions", CREATE_BODY, _session("active"))
# Its pages are made by `page_after`.
LONG_THREAD = Case("threads.list_items", "GET", f"/chatkit/threads/{LONG_THREAD_ID}/items", None, {})
CASES = (
    CREATE,
    Case("sessions.cancel", "POST", f"/chatkit/sessions/{SESSION_ID}/cancel", None, _session("cancelled")),
    Case("threads.list", "GET", "/chatkit/threads", None, _page([_thread(number) for number in range(PAGE_SIZE)])),
    Case("threads.retrieve", "GET", f"/chatkit/threads/{THREAD_ID}", None, _thread(1)),
    Case("threads.delete", "DELETE", f"/chatkit/threads/{THREAD_ID}", None, DELETED),
    Case(
        "threads.list_items", "GET", f"/chatkit/threads/{THREAD_ID}/items", None, _page(items_of_all_kinds(PAGE_SIZE))
    ),
)
