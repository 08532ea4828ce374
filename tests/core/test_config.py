"""A client's settings: where each comes from, the nearest wins, what cannot work is refused."""

from __future__ import annotations

import math
from typing import Any

import pytest

from chatkit_async import ConfigurationError, RetryPolicy, Secret, Timeout
from chatkit_async._core.config import ClientConfig, ClientSettings, changed_config, checked_key, first_config, key_hint

KEY = "sk-0123456789abcdef"
ENVIRONMENT = {
    "OPENAI_API_KEY": KEY,
    "OPENAI_BASE_URL": "https://gate.example/v1/",
    "OPENAI_ORG_ID": "org_env",
    "OPENAI_PROJECT_ID": "proj_env",
}


def config(environ: dict[str, str] | None = None, **settings: Any) -> ClientConfig:
    return first_config(ClientSettings(**settings), environ or {})


def test_without_anything_the_apis_defaults_hold() -> None:
    found = config()
    assert found.api_key is None
    assert found.base_url == "https://api.openai.com/v1"
    assert (found.timeout, found.max_retries, found.retry_policy) == (Timeout(30, connect=5), 2, RetryPolicy())
    assert (found.strict, found.query) == (False, {})
    assert found.headers.keys() == {"accept", "openai-beta", "user-agent"}
    assert found.headers["openai-beta"] == "chatkit_beta=v1"


def test_the_environment_is_read() -> None:
    found = config(ENVIRONMENT)
    assert found.api_key == KEY
    assert found.base_url == "https://gate.example/v1"
    assert found.headers["openai-organization"] == "org_env"
    assert found.headers["openai-project"] == "proj_env"


def test_an_argument_wins_over_the_environment() -> None:
    settings = {"api_key": "other", "base_url": "https://a", "organization": "org", "project": "proj"}
    found = config(ENVIRONMENT, **settings)
    assert (found.api_key, found.base_url) == ("other", "https://a")
    assert (found.headers["openai-organization"], found.headers["openai-project"]) == ("org", "proj")


def test_an_empty_variable_is_not_set() -> None:
    assert config(dict.fromkeys(ENVIRONMENT, "")) == config({})


def test_an_empty_key_argument_is_no_key_and_hides_that_of_the_environment() -> None:
    assert config(ENVIRONMENT, api_key="").api_key is None


@pytest.mark.parametrize("key", [" sk-abc ", "sk-abc\n", "\tsk-abc\r\n"])
def test_a_key_is_stripped_and_hidden(key: str) -> None:
    for found in (config(api_key=key), config({"OPENAI_API_KEY": key})):
        assert found.api_key == "sk-abc"
        assert isinstance(found.api_key, Secret)
        assert "sk-abc" not in repr(found)


@pytest.mark.parametrize("key", ["sk-\x00abc", "sk-a\nbc", "sk-é", "sk-\u200bx", b"sk-abc", 5, ["sk"]], ids=ascii)
@pytest.mark.parametrize("name", ["api_key", "organization", "project"])
def test_what_no_header_can_hold_is_refused_by_name_and_not_repeated(name: str, key: Any) -> None:
    with pytest.raises(ConfigurationError, match=name) as caught:
        config(**{name: key})
    assert "sk" not in str(caught.value)


@pytest.mark.parametrize("variable", ["OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"])
def test_what_no_header_can_hold_is_refused_in_the_environment_too(variable: str) -> None:
    with pytest.raises(
        ConfigurationError,
        match=f"^the environment variable {variable}: character 4 is a control or non-ASCII character",
    ):
        config({variable: "sk-é"})


def test_a_callable_key_is_kept_as_a_callable() -> None:
    def ask() -> str:
        return KEY

    async def ask_later() -> str:
        return KEY

    assert checked_key(ask, "api_key") is ask
    assert checked_key(ask_later, "api_key") is ask_later


@pytest.mark.parametrize(
    ("settings", "hint"),
    [
        ({"api_key": KEY}, "The key came from the argument api_key and ends in …cdef."),
        ({"api_key": "sk-short"}, "The key came from the argument api_key."),
        ({"api_key": lambda: KEY}, "The key came from the argument api_key."),
        ({}, "No key was sent."),
        ({"default_headers": {"Authorization": f"Bearer {KEY}"}}, "The key came from default_headers."),
    ],
    ids=["long", "short", "callable", "none", "header"],
)
def test_the_hint_of_a_401_names_the_source_of_the_key_and_at_most_its_end(settings: Any, hint: str) -> None:
    assert key_hint(config(**settings)) == hint


def test_the_hint_names_the_environment() -> None:
    assert (
        key_hint(config(ENVIRONMENT)) == "The key came from the environment variable OPENAI_API_KEY and ends in …cdef."
    )


def test_headers_are_merged_without_case_and_none_removes() -> None:
    found = config(ENVIRONMENT, default_headers={"X-A": "1", "OpenAI-Project": None, "ACCEPT": "x", "x-none": None})
    assert found.headers["x-a"] == "1"
    assert found.headers["accept"] == "x"
    assert not {"openai-project", "x-none"} & found.headers.keys()


def test_a_copy_changes_the_given_settings_and_keeps_the_others() -> None:
    first = config(ENVIRONMENT, default_headers={"a": "1", "b": "1"}, default_query={"p": 1, "q": 1}, max_retries=7)
    copy = changed_config(
        first, ClientSettings(timeout=3, strict=True, default_headers={"A": "2", "b": None}, default_query={"q": 2})
    )
    assert (copy.timeout, copy.strict) == (Timeout(3), True)
    assert (copy.max_retries, copy.api_key, copy.base_url) == (7, KEY, first.base_url)
    assert copy.headers["a"] == "2"
    assert "b" not in copy.headers
    assert copy.query == {"p": 1, "q": 2}
    assert first.headers["b"] == "1"
    assert first.timeout == Timeout()


def test_a_copy_without_changes_is_equal() -> None:
    first = config(ENVIRONMENT)
    assert changed_config(first, ClientSettings()) == first


def test_a_copy_may_go_where_the_original_was_allowed_to() -> None:
    plain = config(base_url="http://gate.example", allow_insecure_http=True)
    assert changed_config(plain, ClientSettings(base_url="http://other.example")).base_url == "http://other.example"
    with pytest.raises(ConfigurationError, match="unencrypted"):
        changed_config(config(), ClientSettings(base_url="http://other.example"))


def test_a_bad_url_of_the_environment_is_refused_by_the_name_of_its_variable() -> None:
    with pytest.raises(ConfigurationError, match=r"^the environment variable OPENAI_BASE_URL: .* unencrypted"):
        config({"OPENAI_BASE_URL": "http://gate.example"})
    with pytest.raises(ConfigurationError, match=r"^base_url: .* unencrypted"):
        config(base_url="http://gate.example")


def test_a_bad_key_is_refused_by_the_name_of_where_it_came_from() -> None:
    with pytest.raises(ConfigurationError, match=r"^the environment variable OPENAI_API_KEY: character 4"):
        config({"OPENAI_API_KEY": "sk-é"})
    with pytest.raises(ConfigurationError, match=r"^api_key: character 4"):
        config(api_key="sk-é")


def test_variables_that_an_argument_replaces_are_not_checked() -> None:
    bad = {"OPENAI_API_KEY": "é", "OPENAI_BASE_URL": "ftp://x", "OPENAI_ORG_ID": "é", "OPENAI_PROJECT_ID": "é"}
    good = {"api_key": KEY, "base_url": "https://gate.example/v1", "organization": "org", "project": "proj"}
    assert config(bad, **good) == config(**good)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"timeout": 0}, "timeout: seconds above 0 (math.inf for no limit), not 0"),
        ({"timeout": "5"}, "timeout: seconds above 0 (math.inf for no limit), not '5'"),
        ({"max_retries": -1}, "max_retries: a whole number of at least 0, not -1"),
        ({"max_retries": 1.0}, "max_retries: a whole number of at least 0, not 1.0"),
        ({"max_retries": True}, "max_retries: a whole number of at least 0, not True"),
        ({"retry_policy": 5}, "retry_policy: a RetryPolicy, not 5"),
        ({"retry_policy": RetryPolicy}, "retry_policy: a RetryPolicy, not <class"),
        ({"strict": "no"}, "strict: True or False, not 'no'"),
        ({"allow_insecure_http": 1}, "allow_insecure_http: True or False, not 1"),
        ({"default_headers": "a"}, "default_headers: a mapping, not a string"),
        ({"default_headers": {"a b": "1"}}, "default_headers: 'a b' is not a header name"),
        ({"default_headers": {"": "1"}}, "default_headers: '' is not a header name"),
        ({"default_headers": {5: "1"}}, "default_headers: 5 is not a header name"),
        ({"default_headers": {"a": "x\r\nb: c"}}, "default_headers: a: character 2 is a control"),
        ({"default_headers": {"a": 5}}, "default_headers: a: a string, not an integer"),
        ({"default_query": [1]}, "default_query: a mapping, not an array"),
        ({"default_query": {5: 1}}, "default_query: names are strings that UTF-8 can hold, not 5"),
        (
            {"default_query": {"a": []}},
            "default_query: 'a' must be a string, integer, boolean or number, not [] (an array)",
        ),
        ({"default_query": {"a": math.nan}}, "default_query: 'a' is nan"),
        (
            {"default_query": {"a": "\ud800"}},
            "default_query: 'a' holds half of a surrogate pair",
        ),
        ({"default_query": {"\ud800": "a"}}, "default_query: names are strings that UTF-8 can hold"),
        ({"default_query": {"a": 10**5000}}, "default_query: 'a' is an integer of 16,610 bits"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else value[:40],
)
def test_settings_that_cannot_work_are_refused_with_their_name_and_value(
    settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        config(**settings)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("name", ["authorization", "Cookie", "X-Api-Key"])
def test_the_value_of_a_secret_header_is_hidden(name: str) -> None:
    found = config(default_headers={name: "hush", "x-other": "seen"})
    assert found.headers[name.lower()] == "hush"
    assert "hush" not in repr(found)
    assert type(found.headers["x-other"]) is str
    assert "seen" in repr(found)
