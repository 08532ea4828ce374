"""The body of `sessions create`, one row for each field of the API with the option that sets it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import click

LONGEST_SHOWN: Final = 80  # characters: an argument may hold a whole document

# The first `=` or `:=` ends the name, as in HTTPie.
_PAIR = re.compile(r"(?P<name>.*?)(?P<sign>:?=)(?P<value>.*)", re.DOTALL)


def state_variables(
    ctx: click.Context, param: click.Parameter, arguments: tuple[str, ...]
) -> dict[str, str | int | float] | None:
    """All variables by name; None without any, so that the field is left out.

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
    """The JSON value, or None for text that is not JSON (null is not a state variable either)."""
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value


def _shown(text: str) -> str:
    return repr(text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}...")


class Field(NamedTuple):
    """A field of the create body: its path in the API's spelling, its option, and its text in `--help`."""

    path: str
    option: str
    kind: type
    metavar: str | None
    help: str

    @property
    def name(self) -> str:
        """The name of the argument that click passes."""
        return self.path.replace(".", "_")


REQUIRED: Final = frozenset({"user", "workflow.id"})
STATE_PATH: Final = "workflow.state_variables"  # one option for each entry of the map

# Arguments, as `--help` calls them, and options that are given several times.
IDS: Final = {"session_id": "ID", "thread_id": "ID", "users": "--user", "thread_ids": "--thread"}
QUERY: Final = frozenset({"after", "before", "order"})  # of listings; their options have the same names

# The client checks the ranges, so that all problems of a body are reported at once; the texts here only name them.
FIELDS: Final = (
    Field("user", "--user", str, "ID", "Your own id of the user who will chat, 1 to 512 characters."),
    Field("workflow.id", "--workflow", str, "ID", "The workflow to run, as in wf_68df4b13b3588190a09d19288d4610ec."),
    Field(
        "workflow.version", "--workflow-version", str, "VERSION",
        "The version to run. Left out: the latest that is deployed. (The word `latest` is refused.)",
    ),
    Field(
        STATE_PATH, "--state", str, "NAME=TEXT",
        "A state variable of the workflow, up to 64 of them; repeat the option. NAME=TEXT is a string; "
        "NAME:=JSON a number, true or false.",
    ),
    Field(
        "workflow.tracing.enabled", "--tracing/--no-tracing", bool, None,
        "Record traces of the workflow.  [API's default: on]",
    ),
    Field(
        "expires_after.seconds", "--expires-after", int, "SECONDS",
        "How long the client secret works, 1 to 600 seconds from now.  [API's default: 600]",
    ),
    Field(
        "rate_limits.max_requests_per_1_minute", "--max-requests-per-minute", int, "N",
        "Requests that the session may make in a minute, 1 or more.  [API's default: 10]",
    ),
    Field(
        "chatkit_configuration.automatic_thread_titling.enabled", "--titling/--no-titling", bool, None,
        "Give each thread a title automatically.  [API's default: on]",
    ),
    Field(
        "chatkit_configuration.file_upload.enabled", "--file-upload/--no-file-upload", bool, None,
        "Let the user upload files.  [API's default: off]",
    ),
    Field(
        "chatkit_configuration.file_upload.max_file_size", "--max-file-size", int, "MEGABYTES",
        "Largest file to upload, 1 to 512 megabytes; with --file-upload.  [API's default: 512]",
    ),
    Field(
        "chatkit_configuration.file_upload.max_files", "--max-files", int, "N",
        "Most files to upload to a session, 1 or more; with --file-upload.  [API's default: 10]",
    ),
    Field(
        "chatkit_configuration.history.enabled", "--history/--no-history", bool, None,
        "Let the user see earlier threads.  [API's default: on]",
    ),
    Field(
        "chatkit_configuration.history.recent_threads", "--recent-threads", int, "N",
        "Earlier threads to show, 1 or more.  [API's default: all]",
    ),
)  # fmt: skip


UPLOAD_LIMITS: Final = {
    "--max-files": "chatkit_configuration_file_upload_max_files",
    "--max-file-size": "chatkit_configuration_file_upload_max_file_size",
}


def body_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command one option for each field, in the table's order."""
    for field in reversed(FIELDS):
        command = _option(field)(command)
    return command


def check_dependent(values: Mapping[str, object]) -> None:
    """Refuses an option that has no effect without another.

    Raises:
        click.UsageError: as in `--max-files` without `--file-upload`.
    """
    uploads = values["chatkit_configuration_file_upload_enabled"]
    history = values["chatkit_configuration_history_enabled"]
    for option, name in UPLOAD_LIMITS.items():
        if values[name] is not None and not uploads:
            raise click.UsageError(f"{option} has no effect without --file-upload: add it, or leave {option} out.")
    if values["chatkit_configuration_history_recent_threads"] is not None and history is False:
        raise click.UsageError("--recent-threads has no effect with --no-history: leave one of them out.")


def body(values: Mapping[str, object]) -> dict[str, object]:
    """The create body in the API's spelling; options that were not given are left out."""
    result: dict[str, object] = {}
    for field in FIELDS:
        if (value := values[field.name]) is not None:
            _place(result, field.path.split("."), value)
    return result


def option_for(path: str) -> str:
    """The option for a path of a body or query, as in `--state['plan']`; the path itself if it has no option."""
    for field in FIELDS:
        rest = path.removeprefix(field.path)
        if rest != path and rest[:1] in ("", "["):
            return field.option.replace("/", " or ") + rest
    return f"--{path}" if path in QUERY else IDS.get(path.partition("[")[0], path)


def _option(field: Field) -> Callable[[Callable[..., None]], Callable[..., None]]:
    # A required option gets no default, because click takes even None for a value. A switch without one would be off.
    settings: dict[str, Any] = {"required": True} if field.path in REQUIRED else {"default": None}
    if field.path == STATE_PATH:
        settings |= {"multiple": True, "callback": state_variables}
    return click.option(
        field.option,
        field.name,
        type=field.kind,
        metavar=field.metavar,
        help=field.help,
        **settings,
    )


def _place(tree: dict[str, Any], path: list[str], value: object) -> None:
    for part in path[:-1]:
        tree = tree.setdefault(part, {})
    tree[path[-1]] = value
