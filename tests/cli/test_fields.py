"""The options of `sessions create` and the body they make."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from chatkit_async.cli.fields import (
    FIELDS,
    REQUIRED,
    STATE_PATH,
    Field,
    body,
    body_options,
    option_for,
    state_variables,
)

LEAST = ["--user", "ada", "--workflow", "wf_1"]


@click.command()
@body_options
def create(**values: object) -> None: ...


def body_of(*arguments: str) -> dict[str, object]:
    return body(create.make_context("create", [*LEAST, *arguments]).params)


def test_only_what_is_given_is_sent() -> None:
    assert body_of() == {"user": "ada", "workflow": {"id": "wf_1"}}


def test_every_option_has_its_place_in_the_body() -> None:
    arguments = (
        "--workflow-version 3 --state plan=pro --state seats:=3 --no-tracing --expires-after 300"
        " --max-requests-per-minute 20 --no-titling --file-upload --max-file-size 64 --max-files 5"
        " --history --recent-threads 7"
    )
    assert body_of(*arguments.split()) == {
        "user": "ada",
        "workflow": {
            "id": "wf_1",
            "version": "3",
            "state_variables": {"plan": "pro", "seats": 3},
            "tracing": {"enabled": False},
        },
        "expires_after": {"seconds": 300},
        "rate_limits": {"max_requests_per_1_minute": 20},
        "chatkit_configuration": {
            "automatic_thread_titling": {"enabled": False},
            "file_upload": {"enabled": True, "max_file_size": 64, "max_files": 5},
            "history": {"enabled": True, "recent_threads": 7},
        },
    }


@pytest.mark.parametrize("switch", ["tracing", "titling", "file-upload", "history"])
def test_a_switch_that_is_not_given_is_left_to_the_api(switch: str) -> None:
    assert f"'{switch}'" not in repr(body_of())
    assert "True" in repr(body_of(f"--{switch}"))
    assert "False" in repr(body_of(f"--no-{switch}"))


def test_every_field_that_the_client_takes_has_an_option() -> None:
    from chatkit_async import SessionCreateParams

    everything = SessionCreateParams(
        user="u",
        workflow={"id": "w", "version": "1", "state_variables": {"k": 1}, "tracing": {"enabled": True}},
        expires_after=1,
        rate_limits={"max_requests_per_1_minute": 1},
        chatkit_configuration={
            "automatic_thread_titling": {"enabled": True},
            "file_upload": {"enabled": True, "max_file_size": 1, "max_files": 1},
            "history": {"enabled": True, "recent_threads": 1},
        },
    )
    filled_in = {"expires_after.anchor"}  # has one value only, which the client knows
    assert leaves(everything.to_dict()) == {field.path for field in FIELDS} | filled_in


def leaves(tree: object, path: str = "") -> set[str]:
    if not isinstance(tree, dict) or path == "workflow.state_variables":
        return {path}
    return {leaf for name, value in tree.items() for leaf in leaves(value, f"{path}.{name}".lstrip("."))}


@pytest.mark.parametrize("path", sorted(REQUIRED))
def test_a_missing_required_option_is_a_usage_error_that_names_it(path: str) -> None:
    option = option_for(path)
    place = LEAST.index(option)
    with pytest.raises(click.MissingParameter) as caught:
        create.make_context("create", LEAST[:place] + LEAST[place + 2 :])
    assert option in caught.value.format_message()
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("path", "option"),
    [
        ("user", "--user"),
        ("workflow.id", "--workflow"),
        ("expires_after.seconds", "--expires-after"),
        ("chatkit_configuration.history.enabled", "--history or --no-history"),
        ("workflow.state_variables['seats']", "--state['seats']"),
        ("session_id", "ID"),
        ("thread_id", "ID"),
        ("users[0]", "--user"),
        ("colour", "colour"),
    ],
)
def test_a_path_of_the_body_is_named_as_its_option(path: str, option: str) -> None:
    assert option_for(path) == option


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.option)
def test_help_names_the_range_of_a_number_and_the_default_of_an_optional_field(field: Field) -> None:
    if field.kind is int:
        assert "1 to" in field.help or "1 or more" in field.help
    if field.path not in REQUIRED and field.path != STATE_PATH:
        assert "API's default" in field.help or "Left out:" in field.help


@click.command()
@click.option("--state", multiple=True, callback=state_variables)
def show(state: object) -> None:
    click.echo(repr(state))


def shown(*arguments: str) -> str:
    result = CliRunner().invoke(show, [word for it in arguments for word in ("--state", it)], catch_exceptions=False)
    return result.output.strip() if result.exit_code == 0 else f"{result.exit_code} {result.output}"


@pytest.mark.parametrize(
    ("argument", "variables"),
    [
        ("plan=pro", {"plan": "pro"}),
        ("plan=", {"plan": ""}),
        ("plan=7", {"plan": "7"}),
        ("plan=a=b", {"plan": "a=b"}),
        ("plan=a:=b", {"plan": "a:=b"}),
        ("a:b=c", {"a:b": "c"}),
        ("text=two\nlines", {"text": "two\nlines"}),
        ("seats:=7", {"seats": 7}),
        ("price:=1.5", {"price": 1.5}),
        ("trial:=false", {"trial": False}),
        ('plan:="pro"', {"plan": "pro"}),
    ],
)
def test_an_argument_is_one_variable_of_its_type(argument: str, variables: dict[str, object]) -> None:
    assert shown(argument) == repr(variables)


def test_several_arguments_are_one_map() -> None:
    assert shown("plan=pro", "seats:=3") == repr({"plan": "pro", "seats": 3})


def test_no_argument_leaves_the_field_out() -> None:
    assert shown() == "None"


@pytest.mark.parametrize(
    "argument",
    [
        "plan",
        "",
        "=pro",
        ":=7",
        "seats:=",
        "seats:=seven",
        "seats:=null",
        "seats:=[1]",
        'seats:={"a": 1}',
        "a:=" + "[" * 100_000,
    ],
)
def test_an_argument_that_is_not_a_variable_is_a_usage_error_that_names_it(argument: str) -> None:
    output = shown(argument)
    assert output.startswith("2 ")
    assert "--state" in output
    assert repr(argument)[:40] in output


def test_a_name_given_twice_is_a_usage_error_that_names_it() -> None:
    output = shown("plan=a", "seats:=1", "plan:=2")
    assert output.startswith("2 ")
    assert "'plan' is given more than once" in output
    assert "seats" not in output
