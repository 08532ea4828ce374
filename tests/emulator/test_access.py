"""Keys and the beta header."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit_async.emulator import Emulator
from chatkit_async.errors import ConfigurationError
from tests.emulator.raw import cancel, exchange, post, request_bytes

NO_KEYS = [None, "", "Bearer", "Bearer ", "Basic c2stdGVzdA==", "sk-test", "Token sk-test"]


@pytest.mark.parametrize("authorization", NO_KEYS)
async def test_a_request_without_a_key_is_refused(base_url: str, authorization: str | None) -> None:
    response = await post(base_url, Authorization=authorization)
    assert (response.status, response.error["code"]) == (401, "invalid_api_key")
    assert response.error["message"].startswith("You didn't provide an API key.")
    assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("key", ["sk-anything", "x", "k\u00e9y"])
async def test_any_key_passes_where_none_was_given(base_url: str, key: str) -> None:
    assert (await post(base_url, Authorization=f"bearer {key}")).status == 200


async def test_only_the_keys_given_pass() -> None:
    async with Emulator(api_keys=["sk-one", " sk-two "]) as emulator:
        assert (await post(emulator.base_url, Authorization="Bearer sk-one")).status == 200
        assert (await post(emulator.base_url, Authorization="Bearer  sk-two")).status == 200
        assert (await post(emulator.base_url, Authorization="Bearer sk-three")).error["code"] == "invalid_api_key"


async def test_a_wrong_key_is_masked_in_the_message() -> None:
    async with Emulator(api_keys=["sk-right"]) as emulator:
        long = await post(emulator.base_url, Authorization="Bearer sk-wrong-and-secret-6789")
        assert (long.status, long.error["code"]) == (401, "invalid_api_key")
        assert long.error["message"].startswith("Incorrect API key provided: sk-w****************6789. You can find")
        short = await post(emulator.base_url, Authorization="Bearer sk-wrong")
        assert "provided: ********." in short.error["message"]


async def test_a_key_that_is_not_utf_8_is_refused_in_json() -> None:
    async with Emulator(api_keys=["sk-right"]) as emulator:
        response = await post(
            emulator.base_url, Authorization="Bearer \udcff\udcfe\udcff\udcff----------------\udcff\udcff"
        )
        assert response.status == 401
        response.error["message"].encode()


@pytest.mark.parametrize("beta", [None, "", "assistants=v2", "chatkit_beta=v2", "chatkit_beta=v10", "chatkit_beta"])
async def test_a_request_that_does_not_name_the_beta_is_refused(base_url: str, beta: str | None) -> None:
    response = await post(base_url, OpenAI_Beta=beta)
    assert (response.status, response.error["code"], response.error["param"]) == (400, "invalid_beta", None)
    assert "'OpenAI-Beta: chatkit_beta=v1'" in response.error["message"]


@pytest.mark.parametrize("beta", ["chatkit_beta=v1", "assistants=v2, chatkit_beta=v1", "chatkit_beta=v1,realtime=v1"])
async def test_the_beta_header_may_name_other_betas_too(base_url: str, beta: str) -> None:
    assert (await post(base_url, OpenAI_Beta=beta)).status == 200


async def test_the_key_is_checked_before_the_body(base_url: str) -> None:
    assert (await post(base_url, b"[", Authorization=None, OpenAI_Beta=None)).status == 401
    assert (await post(base_url, b"[", OpenAI_Beta=None)).error["code"] == "invalid_beta"


async def test_cancel_requires_key_and_beta_too(base_url: str) -> None:
    target = "/v1/chatkit/sessions/cksess_1/cancel"
    no_key = await exchange(base_url, request_bytes("POST", target, headers={"Authorization": None}))
    assert no_key.error["code"] == "invalid_api_key"
    no_beta = await exchange(base_url, request_bytes("POST", target, headers={"OpenAI-Beta": None}))
    assert no_beta.error["code"] == "invalid_beta"
    assert (await cancel(base_url, "cksess_1")).status == 404


@pytest.mark.parametrize("api_keys", ["sk-test", [""], ["sk-test", " "], [None]])
def test_blank_keys_and_a_single_string_are_refused(api_keys: Any) -> None:
    with pytest.raises(ConfigurationError, match="api_keys"):
        Emulator(api_keys=api_keys)
