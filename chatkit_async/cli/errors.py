"""How failures are reported on stderr, to people and to programs, and the exit codes."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import click

import chatkit_async
from chatkit_async.cli.fields import option_for
from chatkit_async.cli.output import Line, print_error_lines, print_json

FAILURE: Final = 1
USAGE: Final = 2
AUTHENTICATION: Final = 4
INTERRUPTED: Final = 130  # what shells report for a process ended by Ctrl-C: 128 + SIGINT

# The fields of an APIError that a program can act on; every error has `message` and `kind` besides.
API_FIELDS: Final = (
    "operation", "status", "code", "param", "type", "request_id",
    "attempts", "elapsed_s", "retry_after_s", "outcome", "hint",
)  # fmt: skip


NO_ARGUMENTS: Final = getattr(click.exceptions, "NoArgsIsHelpError", ())  # click has it since 8.2
BASE_URL: Final = "the base URL (--base-url or OPENAI_BASE_URL)"
SETTINGS: Final = {
    "api_key": "OPENAI_API_KEY",
    "base_url": "--base-url",
    "timeout": "--timeout",
    "max_retries": "--max-retries",
    "organization": "OPENAI_ORG_ID",
    "project": "OPENAI_PROJECT_ID",
    "allow_insecure_http": "--allow-insecure-http",
}

# Words that can only be settings inside a message; `timeout` alone may be the plain word.
KEYWORDS: Final = re.compile(
    r"(?<![\w-])(base_url|max_retries|allow_insecure_http|timeout(?=, max_retries))(?:=True)?\b"
)

# Calls of the package that messages advise, and the commands for them.
COMMANDS_FOR_CALLS: Final = {
    "archive(client, path)": "`chatkit archive FILE`",
    "Archive.verify()": "`chatkit verify FILE`",
}


class NoKeyError(click.ClickException):
    """OPENAI_API_KEY is not set."""

    exit_code = AUTHENTICATION

    def __init__(self) -> None:
        super().__init__("No API key. Set one: export OPENAI_API_KEY=sk-... (`chatkit demo` needs none).")


def report_usage(error: click.ClickException, *, as_json: bool) -> int:
    """Reports an error that click or the command line itself found, and returns its exit code."""
    message = " ".join(error.format_message().split())
    if as_json:
        print_json({"error": {"kind": type(error).__name__, "message": message}}, err=True)
    elif isinstance(error, NO_ARGUMENTS):
        error.show()  # the help
    else:
        if isinstance(error, click.UsageError) and error.ctx is not None:
            click.echo(f"{error.ctx.get_usage()}\nTry '{error.ctx.command_path} --help' for help.\n", err=True)
        print_error_lines([("Error", message)])
    return error.exit_code


def report_failure(error: chatkit_async.ChatKitError, *, as_json: bool) -> int:
    """Reports an error of the package, and returns its exit code."""
    if as_json:
        print_json({"error": {"kind": type(error).__name__, **_fields(error)}}, err=True)
    else:
        print_error_lines(_lines(error))
    return exit_code(error)


def exit_code(error: chatkit_async.ChatKitError) -> int:
    """4 for a key that the API refuses, 2 for values refused before anything was sent, else 1."""
    if isinstance(error, chatkit_async.AuthenticationError | chatkit_async.PermissionDeniedError):
        return AUTHENTICATION
    if isinstance(error, chatkit_async.ParamsValidationError | chatkit_async.ConfigurationError):
        return USAGE
    return FAILURE


class _OptionProblem(NamedTuple):
    option: str
    path: str
    code: str
    message: str


def _problems(error: chatkit_async.ParamsValidationError) -> list[_OptionProblem]:
    return [_OptionProblem(option_for(it.path), it.path, it.code, it.message) for it in error.problems]


def _fields(error: chatkit_async.ChatKitError) -> dict[str, object]:
    if isinstance(error, chatkit_async.ParamsValidationError):
        return {"message": str(error), "problems": [problem._asdict() for problem in _problems(error)]}
    if isinstance(error, chatkit_async.APIError):
        fields = {name: getattr(error, name) for name in API_FIELDS}
        return {"message": error.message, **fields, "hint": error.hint and as_options(error.hint)}
    return {"message": as_options(str(error))}


def _lines(error: chatkit_async.ChatKitError) -> list[Line]:
    if isinstance(error, chatkit_async.ParamsValidationError):
        return [("Error", f"{problem.option} {problem.message}") for problem in _problems(error)]
    if isinstance(error, chatkit_async.APIError):
        return [("Error", _sentence(error)), *_advice(error)]
    return [("Error", as_options(str(error)))]


def as_options(message: str) -> str:
    """The message with settings and jobs named as the command names them; it may begin with an option and its value."""
    for call, command in COMMANDS_FOR_CALLS.items():
        message = message.replace(call, command)
    name, colon, rest = message.partition(":")
    named = f"{SETTINGS[name]}{colon}{rest}" if name in SETTINGS else message
    return KEYWORDS.sub(lambda found: (SETTINGS | {"base_url": BASE_URL})[found[1]], named)


def _sentence(error: chatkit_async.APIError) -> str:
    parts = (error.operation and f"{error.operation}:", error.status and str(error.status), error.message)
    return " ".join(part for part in parts if part)


def _advice(error: chatkit_async.APIError) -> list[Line]:
    """The known facts that help to continue."""
    rows = (
        ("Hint", error.hint and as_options(error.hint)),
        ("Wait", None if error.retry_after_s is None else f"{error.retry_after_s:g} s, then try again"),
        ("Tried", f"{error.attempts} times in {error.elapsed_s:.1f} s" if error.attempts > 1 else None),
        ("Outcome", "unknown: the request may have been carried out" if _may_have_changed(error) else None),
        ("Request", error.request_id),
    )
    return [(label, text) for label, text in rows if text]


def _may_have_changed(error: chatkit_async.APIError) -> bool:
    """Whether the API may have done the work; a read that fails changed nothing."""
    from chatkit_async._core.operations import OPERATIONS  # noqa: PLC0415 - `--help` needs none of it

    reads = {operation.name for operation in OPERATIONS if operation.method == "GET"}
    return error.outcome == "unknown" and error.operation not in reads
