"""`--state`: the state variables of the workflow, from one argument each."""

from __future__ import annotations

import json
import re
from typing import Final

import click

LONGEST_SHOWN: Final = 80  # characters: an argument may hold a whole document

# As HTTPie does: the first `=` or `:=` ends the name.
_PAIR = re.compile(r"(?P<name>.*?)(?P<sign>:?=)(?P<value>.*)", re.DOTALL)


def state_variables(
    ctx: click.Context, param: click.Parameter, arguments: tuple[str, ...]
) -> dict[str, str | int | float] | None:
    """All variables by name; None if there are none, so that the field is left out.

    Args:
        ctx, param: whose arguments these are, for error messages.
        arguments: `NAME=TEXT`, or `NAME:=JSON` with a string, number or boolean.

    Raises:
        click.BadParameter: an argument is neither, or a name is given twice.
    """
    variables: dict[str, str | int | float] = {}
    for argument in arguments:
        try:
            name, value = _pair(argument)
        except ValueError as error:
            raise click.BadParameter(f"{_shown(argument)} {error}", ctx, param) from error
        if name in variables:
            raise click.BadParameter(f"{_shown(name)} is given more than once.", ctx, param)
        variables[name] = value
    return variables or None


def _pair(argument: str) -> tuple[str, str | int | float]:
    pair = _PAIR.fullmatch(argument)
    if pair is None or not pair["name"]:
        raise ValueError("is neither NAME=TEXT nor NAME:=JSON.")
    if pair["sign"] == "=":
        return pair["name"], pair["value"]
    value = _decoded(pair["value"])
    if not isinstance(value, str | int | float):
        raise ValueError("has something else after := than a JSON string, number, true or false.")
    return pair["name"], value


def _decoded(text: str) -> object:
    """The JSON value, or None if it is none (null is no state variable either)."""
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value


def _shown(text: str) -> str:
    return repr(text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}...")
