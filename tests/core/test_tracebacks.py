"""No key and no secret in `traceback.TracebackException(capture_locals=True)` over our own frames."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import pytest

from chatkit_async import AsyncChatKit, ChatKit, ChatKitError, RequestOptions
from chatkit_async._core.config import ClientSettings, first_config
from chatkit_async._core.headers import checked_headers

HUSH = "sk-hush-0123456789"


def own_frames(action: Callable[[], object]) -> str:
    """What a logger that captures locals would write of our part of the traceback."""
    with pytest.raises(ChatKitError) as caught:
        action()
    found = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = [frame for frame in found.stack if "/chatkit_async/" in frame.filename]
    assert ours
    found.stack = traceback.StackSummary.from_list(ours)
    return "".join(found.format())


# what is wrong besides, so that the client is not made
WRONG: list[dict[str, Any]] = [
    {"base_url": "nowhere"},
    {"base_url": "http://gate.example"},
    {"timeout": 0},
    {"max_retries": -1},
    {"organization": "é"},
    {"default_headers": {"a b": "c"}},
    {"default_query": {"a": object()}},
    {"retry_policy": 5},
    {"strict": "yes"},
    {"max_connections": 0},
    {"proxy": "nowhere"},
]
each_wrong = pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: next(iter(wrong)))


@each_wrong
def test_a_key_given_does_not_show_when_another_setting_is_wrong(wrong: dict[str, Any]) -> None:
    assert HUSH not in own_frames(lambda: AsyncChatKit(HUSH, **wrong))


@each_wrong
def test_a_key_of_the_environment_does_not_show_either(wrong: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", HUSH)
    assert HUSH not in own_frames(lambda: AsyncChatKit(**wrong))


@pytest.mark.parametrize("wrong", WRONG[:-2], ids=lambda wrong: next(iter(wrong)))
def test_a_copy_with_a_key_does_not_show_it(wrong: dict[str, Any]) -> None:
    client = AsyncChatKit()
    assert HUSH not in own_frames(lambda: client.with_options(api_key=HUSH, **wrong))


@pytest.mark.parametrize("key", [f"{HUSH}é", f"{HUSH}\x00", f"{HUSH}\nx"])
def test_a_key_that_no_header_can_hold_does_not_show(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert HUSH not in own_frames(lambda: AsyncChatKit(key))
    monkeypatch.setattr("os.environ", {"OPENAI_API_KEY": key})
    assert HUSH not in own_frames(AsyncChatKit)


@pytest.mark.parametrize("bad", [("a b", "c"), ("x", "\x00"), ("x", 5), (5, "x")], ids=repr)
def test_a_header_with_a_key_does_not_show_when_another_is_wrong(bad: tuple[Any, Any]) -> None:
    headers = {"authorization": f"Bearer {HUSH}", bad[0]: bad[1]}
    assert HUSH not in own_frames(lambda: checked_headers(headers, "default_headers"))
    assert HUSH not in own_frames(lambda: first_config(ClientSettings(default_headers=headers), {}))
    assert HUSH not in own_frames(lambda: RequestOptions(headers=headers))


def test_a_header_that_cannot_be_sent_does_not_show() -> None:
    assert HUSH not in own_frames(lambda: checked_headers({"authorization": f"{HUSH}é"}, "headers"))


@pytest.mark.parametrize("wrong", [{"timeout": -1}, {"max_retries": -1}, {"query": 5}, {"strict": "yes"}], ids=str)
def test_headers_of_a_call_do_not_show_when_another_option_is_wrong(wrong: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {HUSH}"}
    assert HUSH not in own_frames(lambda: RequestOptions(headers=headers, **wrong))


@pytest.mark.parametrize("key", [HUSH.encode(), [HUSH], {"key": HUSH}], ids=lambda key: type(key).__name__)
def test_a_key_of_another_kind_does_not_show(key: Any) -> None:
    client = ChatKit()
    assert HUSH not in own_frames(lambda: AsyncChatKit(key))
    assert HUSH not in own_frames(lambda: ChatKit(key))
    assert HUSH not in own_frames(lambda: client.with_options(api_key=key))
    assert HUSH not in own_frames(lambda: RequestOptions(headers={"Authorization": key}))
    assert HUSH not in own_frames(lambda: RequestOptions(headers=key, timeout=-1))


@pytest.mark.parametrize(
    "url",
    [
        f"https://u:{HUSH}@gate.example/v1",
        f"https://u:{HUSH}@gate.example:99999/v1",
        f"ftp://u:{HUSH}@gate.example",
        f"https://u:{HUSH}@gate.example/\x00",
        f"https://gate.example/v1?key={HUSH}",
    ],
)
def test_a_password_in_a_base_url_does_not_show(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (ChatKit, AsyncChatKit):
        client = kind()
        assert HUSH not in own_frames(lambda kind=kind: kind(base_url=url))
        assert HUSH not in own_frames(lambda client=client: client.with_options(base_url=url))
    assert HUSH not in own_frames(lambda: first_config(ClientSettings(base_url=url), {}))
    monkeypatch.setattr("os.environ", {"OPENAI_BASE_URL": url})
    assert HUSH not in own_frames(AsyncChatKit)
