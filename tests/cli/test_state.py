"""`--state`: arguments become typed variables, and what cannot is named."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from chatkit_async.cli.state import state_variables


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
def test_what_is_no_variable_is_a_usage_error_that_names_the_argument(argument: str) -> None:
    answer = shown(argument)
    assert answer.startswith("2 ")
    assert "--state" in answer
    assert repr(argument)[:40] in answer


def test_a_name_given_twice_is_a_usage_error_that_names_it() -> None:
    answer = shown("plan=a", "seats:=1", "plan:=2")
    assert answer.startswith("2 ")
    assert "'plan' is given more than once" in answer
    assert "seats" not in answer
