"""Objects whose making failed: a traceback with locals shows them, and on Python 3.11 a repr that raises ends it."""

from __future__ import annotations

import importlib
import inspect
import sys
import traceback
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from chatkit_async import AsyncChatKit, ChatKit, ChatKitError, NotFoundError, SessionCreateParams
from chatkit_async._sync.channel import _SharedConnection
from chatkit_async.emulator import Emulator, Fault
from chatkit_async.types.result import Result

PACKAGES = ["chatkit_async", "chatkit_async.broker", "chatkit_async.bulk", "chatkit_async.emulator"]


def is_record(kind: type[Any]) -> bool:
    """Whether making it only stores its arguments, in one step that cannot fail."""
    if not attrs.has(kind) or issubclass(kind, Result) or hasattr(kind, "__attrs_post_init__"):
        return False
    return not any(field.converter or field.validator for field in attrs.fields(kind))


def public_classes() -> dict[str, type[Any]]:
    found = {}
    for package in map(importlib.import_module, PACKAGES):
        values = [getattr(package, name) for name in package.__all__]
        found |= {f"{package.__name__}.{value.__name__}": value for value in values if inspect.isclass(value)}
    return {name: kind for name, kind in found.items() if not inspect.isabstract(kind) and not is_record(kind)}


@pytest.mark.parametrize("kind", public_classes().values(), ids=public_classes())
def test_the_repr_of_a_half_made_object_does_not_raise(kind: type[Any]) -> None:
    assert repr(kind.__new__(kind))


def with_locals(error: BaseException) -> str:
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


def test_a_listing_whose_first_page_failed_has_a_traceback_with_locals(emulator: Emulator) -> None:
    with ChatKit("sk-test", base_url=emulator.base_url) as client, pytest.raises(NotFoundError) as caught:
        client.threads.list_items("cthr_missing")
    assert "self = Listing()" in with_locals(caught.value)


class BrokenMapping(dict[str, object]):
    def items(self) -> Any:
        raise ChatKitError("broken")

    def get(self, *_: object) -> Any:
        raise ChatKitError("broken")


@pytest.mark.parametrize("make", [AsyncChatKit, ChatKit, AsyncChatKit().with_options, ChatKit().with_options])
def test_headers_that_cannot_be_read_show_no_key(make: Callable[..., object]) -> None:
    with pytest.raises(ChatKitError, match="broken") as caught:
        make(api_key="sk-test-hush", base_url="https://user:hush@example.com/v1", default_headers=BrokenMapping())
    assert "hush" not in ours(caught.value)


def ours(error: BaseException) -> str:
    """The local variables of this package's frames."""
    found = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(str(frame.locals) for frame in found.stack if "/chatkit_async/" in frame.filename)


def test_a_client_whose_making_was_interrupted_is_collected_silently(monkeypatch: pytest.MonkeyPatch) -> None:
    ignored: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", ignored.append)
    half_made = _SharedConnection.__new__(_SharedConnection)
    del half_made
    assert ignored == []


def test_params_and_faults_that_cannot_be_made_have_a_traceback_with_locals() -> None:
    with pytest.raises(ChatKitError) as params:
        SessionCreateParams(user="u", workflow="wf_1", rate_limits=BrokenMapping(max_requests_per_1_minute=1))
    assert "self = SessionCreateParams(" in with_locals(params.value)
    with pytest.raises(ChatKitError) as fault:
        Fault(times=0)
    assert "self = Fault(" in with_locals(fault.value)
