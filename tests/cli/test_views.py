"""Sessions and threads as people see them, whatever the API left out or added."""

from __future__ import annotations

import pytest

from chatkit_async.cli.views import HIDDEN, expiry, session_lines, thread_lines
from chatkit_async.emulator import Emulator, Fault

from .running import chatkit

NOW_S = 1_763_600_000.0
SECRET = "ek_68f0c0ffee_00secret"
WHOLE = {
    "id": "cksess_1",
    "object": "chatkit.session",
    "client_secret": SECRET,
    "expires_at": 1_763_600_300,
    "user": "ada",
    "status": "active",
    "max_requests_per_1_minute": 10,
    "rate_limits": {"max_requests_per_1_minute": 10},
    "workflow": {
        "id": "wf_1",
        "version": "3",
        "state_variables": {"plan": "pro", "seats": 3},
        "tracing": {"enabled": True},
    },
    "chatkit_configuration": {
        "automatic_thread_titling": {"enabled": False},
        "file_upload": {"enabled": True, "max_file_size": 64, "max_files": 5},
        "history": {"enabled": True, "recent_threads": 7},
    },
}


def lines_of(session: dict[str, object], *, show_secret: bool = False) -> dict[str, str]:
    return dict(session_lines(session, now_s=NOW_S, show_secret=show_secret))  # type: ignore[arg-type]


def test_a_whole_session_reads_from_top_to_bottom() -> None:
    assert lines_of(WHOLE) == {
        "session": "cksess_1",
        "status": "active",
        "client secret": HIDDEN,
        "expires": "2025-11-20 00:58:20 UTC, in 300 s",
        "user": "ada",
        "workflow": "wf_1",
        "version": "3",
        "state": '{"plan": "pro", "seats": 3}',
        "tracing": "on",
        "requests/minute": "10",
        "titling": "off",
        "file upload": "on, up to 5 files, up to 64 MB each",
        "history": "on, the 7 most recent threads",
    }


def test_the_secret_is_shown_only_with_show_secret() -> None:
    assert SECRET not in repr(lines_of(WHOLE))
    assert lines_of(WHOLE, show_secret=True)["client secret"] == SECRET


def test_a_cancelled_session_with_an_empty_secret_has_none_to_show() -> None:
    assert lines_of({**WHOLE, "client_secret": ""})["client secret"] == "none"


def test_a_feature_that_is_off_or_unlimited_shows_no_limit() -> None:
    configuration = {
        "file_upload": {"enabled": False, "max_file_size": 512, "max_files": 10},
        "history": {"enabled": True, "recent_threads": None},
    }
    shown = lines_of({"chatkit_configuration": configuration})
    assert shown == {"file upload": "off", "history": "on"}


def test_an_absent_field_has_no_line_and_an_undocumented_one_its_json() -> None:
    documented = {
        "id": "cksess_123",
        "object": "chatkit.session",
        "workflow": {"id": "workflow_alpha", "version": "1"},
        "scope": {"customer_id": "cust_456"},
        "ttl_seconds": 900,
        "status": "cancelled",
    }
    assert lines_of(documented) == {
        "session": "cksess_123",
        "status": "cancelled",
        "workflow": "workflow_alpha",
        "version": "1",
        "scope": '{"customer_id": "cust_456"}',
        "ttl_seconds": "900",
    }


@pytest.mark.parametrize(
    ("expires_at", "text"),
    [
        (1_763_600_001, "2025-11-20 00:53:21 UTC, in 1 s"),
        (1_763_600_000, "2025-11-20 00:53:20 UTC, 0 s ago"),
        (1_763_599_988, "2025-11-20 00:53:08 UTC, 12 s ago"),
        (10**18, f"Unix time {10**18}, in {10**18 - 1_763_600_000} s"),
    ],
)
def test_an_expiry_is_a_time_in_utc_and_its_distance(expires_at: int, text: str) -> None:
    assert expiry(expires_at, now_s=NOW_S) == text


def test_a_thread_without_fields_has_a_row_of_dashes(emulator: Emulator, env: dict[str, str]) -> None:
    odd = {"id": "cthr_1", "created_at": 10**18, "status": {"type": "frozen"}, "user": "u" * 512}
    page = {"object": "list", "data": [{}, odd], "has_more": False, "first_id": "cthr_0", "last_id": "cthr_1"}
    emulator.add_faults(Fault(method="GET", path="/chatkit/threads", status=200, body=page))
    _, absent, found = chatkit("threads", "list", env=env).stdout.splitlines()
    assert absent.split() == ["-"] * 5
    assert [it.strip() for it in found.split("  ") if it] == ["cthr_1", f"Unix time {10**18}", "frozen", "u" * 512, "-"]


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ({"type": "active"}, "active"),
        ({"type": "closed", "reason": None}, "closed"),
        ({"type": "frozen", "reason": {"by": "ada"}}, 'frozen: {"by": "ada"}'),
        ({}, "{}"),
    ],
)
def test_every_status_has_a_text(status: dict[str, object], text: str) -> None:
    assert thread_lines({"status": status}) == [("status", text)]  # type: ignore[dict-item]
