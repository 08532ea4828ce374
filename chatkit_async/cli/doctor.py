"""`chatkit doctor`: where the settings come from, and whether a call works with them; each finding says what to do."""

from __future__ import annotations

import os
import platform
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from importlib import metadata
from typing import Final, Literal, NamedTuple
from urllib.parse import urlsplit

import click

import chatkit_async
from chatkit_async._core.base_url import DEFAULT_BASE_URL
from chatkit_async.cli.connection import Connection, connection_options
from chatkit_async.cli.errors import FAILURE, as_options
from chatkit_async.cli.output import colour, command_to_paste, print_json, printable, wrapped

HOSTED_END: Final = date(2026, 11, 30)
MAX_SKEW_S: Final = 30.0  # a session may live one second, and its end is compared with this machine's clock
PACKAGES: Final = ("aiohttp", "attrs", "cattrs", "anyio", "orjson", "cryptography", "redis", "openai-chatkit")
INDENT: Final = 24  # cells before the text of a finding
COLOURS: Final = {"ok": "green", "warning": "yellow", "problem": "red"}


class Finding(NamedTuple):
    """What was found about one setting or step.

    Attributes:
        level: "problem" if no call can work, "warning" if a call may surprise.
        subject: the setting or step.
        text: what was found, secrets masked.
        advice: what to do about it.
    """

    level: Literal["ok", "warning", "problem"]
    subject: str
    text: str
    advice: str | None = None


@click.command()
@connection_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with all findings.")
@click.pass_context
def doctor(ctx: click.Context, /, *, connection: Connection, as_json: bool) -> None:
    """Show where key, base URL, proxy and TLS settings come from, and try them with one request.

    The request lists one thread; it changes nothing. The key is never printed whole. Exit code 0 only
    if there is no problem.

    \b
    Examples:
      chatkit doctor
      chatkit doctor --base-url http://127.0.0.1:8787/v1
    """
    findings = []
    for finding in look(connection):
        findings.append(finding)
        if not as_json:
            _print(finding)
    has_problem = any(finding.level == "problem" for finding in findings)
    if as_json:
        print_json({"ok": not has_problem, "findings": [finding._asdict() for finding in findings]})
    if has_problem:
        ctx.exit(FAILURE)


def look(connection: Connection) -> Iterator[Finding]:
    """All findings; a request is sent only if neither the key nor the settings are a problem."""
    base_url = connection.base_url or os.environ.get("OPENAI_BASE_URL", "").strip() or DEFAULT_BASE_URL
    yield Finding("ok", "versions", _versions())
    yield (key := _key())
    yield _scope()
    if (problem := _settings_problem(connection)) is not None:
        yield problem
    else:
        found = [_base_url(connection, base_url), _proxy(base_url), _tls(base_url)]
        yield from found
        if key.level != "problem" and all(finding.level != "problem" for finding in found):
            yield from _try(connection)
    yield _announced_end()


def _print(finding: Finding) -> None:
    level = click.style(finding.level.ljust(7), fg=COLOURS[finding.level], bold=finding.level != "ok")
    first, *rest = wrapped(printable(finding.text), INDENT)
    click.echo(f"{level}  {finding.subject.ljust(INDENT - 11)}  {first}", color=colour())
    for line in rest:
        click.echo(f"{' ' * INDENT}{line}")
    for line in wrapped(printable(finding.advice or ""), INDENT):
        click.echo(f"{' ' * INDENT}{click.style(line, bold=True)}", color=colour())


def _versions() -> str:
    found = [f"{name} {metadata.version(name)}" for name in PACKAGES if _is_installed(name)]
    return ", ".join([f"chatkit-async {chatkit_async.__version__}", f"Python {platform.python_version()}", *found])


def _is_installed(name: str) -> bool:
    try:
        return bool(metadata.version(name))
    except metadata.PackageNotFoundError:
        return False


def _key() -> Finding:
    given = os.environ.get("OPENAI_API_KEY", "")
    key = given.strip()
    if not key:
        advice = "Set one: export OPENAI_API_KEY=sk-... (the demo needs none)."
        return Finding("problem", "key", "OPENAI_API_KEY is not set", advice)
    shown = f"from OPENAI_API_KEY, {len(key)} characters" + (f", ends in …{key[-4:]}" if len(key) >= 16 else "")
    if key[0] in "\"'" or key.startswith("Bearer "):
        return Finding(
            "warning", "key", shown, "Remove the quotes, or the word Bearer, that OPENAI_API_KEY begins with."
        )
    if given != key:
        return Finding("warning", "key", shown, "It begins or ends with spaces or line breaks, which are removed.")
    return Finding("ok", "key", shown)


def _settings_problem(connection: Connection) -> Finding | None:
    """The problem if no client can be made with these settings."""
    try:
        chatkit_async.ChatKit("unused", **connection._asdict()).close()
    except chatkit_async.ConfigurationError as error:
        return Finding("problem", "settings", as_options(str(error)), "Correct it: no request can be sent with it.")
    return None


def _base_url(connection: Connection, base_url: str) -> Finding:
    origin = "from --base-url" if connection.base_url else "from OPENAI_BASE_URL"
    if base_url == DEFAULT_BASE_URL and not connection.base_url:
        origin = "from OPENAI_BASE_URL" if os.environ.get("OPENAI_BASE_URL") else "the default"
    shown = f"{base_url} ({origin})"
    if not urlsplit(base_url).path.rstrip("/").endswith("/v1"):
        return Finding("warning", "base URL", shown, "Add /v1 to its end: the API's paths begin with it.")
    return Finding("ok", "base URL", shown)


def _scope() -> Finding:
    names = ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID")
    found = [f"{name}={os.environ[name]}" for name in names if os.environ.get(name)]
    return Finding("ok", "project", ", ".join(found) or "the key's own (OPENAI_PROJECT_ID is not set)")


def _proxy(base_url: str) -> Finding:
    from chatkit_async._async.proxies import environment_proxy  # noqa: PLC0415 - imports the network

    scheme = urlsplit(base_url).scheme
    names = (f"{scheme}_proxy", f"{scheme}_proxy".upper(), "all_proxy", "ALL_PROXY")
    variable = next((name for name in names if os.environ.get(name)), "")
    try:
        proxy = environment_proxy(base_url)
    except chatkit_async.ConfigurationError as error:
        advice = f"Correct the variable {variable}, or name the host in NO_PROXY."
        return Finding("problem", "proxy", str(error), advice)
    if proxy is None:
        return Finding("ok", "proxy", "none")
    return Finding("ok", "proxy", f"{proxy.url} (from {variable}; NO_PROXY excludes hosts)")


def _tls(base_url: str) -> Finding:
    if urlsplit(base_url).scheme == "http":
        return Finding("ok", "TLS", "none: the base URL is plain http")
    names = [name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)]
    missing = [name for name in names if not os.path.exists(os.environ[name])]
    if missing:
        text = ", ".join(f"{name}={os.environ[name]}" for name in missing)
        return Finding("problem", "TLS", f"{text} does not exist", "Correct the variable, or unset it.")
    paths = ssl.get_default_verify_paths()
    origin = " and ".join(names) or "the system"
    return Finding("ok", "TLS", f"certificates from {origin}: {paths.cafile or paths.capath or 'none found'}")


def _try(connection: Connection) -> Iterator[Finding]:
    began_s = time.monotonic()
    try:
        with connection._replace(max_retries=0).client() as client:
            response = next(client.threads.list(limit=1).pages()).response
            took_ms = (time.monotonic() - began_s) * 1000
    except chatkit_async.APIStatusError as error:
        yield Finding("ok", "connection", f"the server responds (request {error.request_id or 'without an id'})")
        yield Finding("problem", "call", f"{error.status} {error.message}", error.hint and as_options(error.hint))
        yield from _skew(error.response)
    except chatkit_async.APIConnectionError as error:
        advice = "Check base URL, proxy and TLS settings above, and the firewall."
        yield Finding("problem", "connection", error.message, advice)
    except chatkit_async.ChatKitError as error:
        yield Finding("problem", "call", as_options(str(error)))
    else:
        yield Finding("ok", "connection", f"a response in {took_ms:.0f} ms")
        yield Finding("ok", "call", "threads.list works: the key is accepted")
        yield from _skew(response)


def _skew(response: chatkit_async.ResponseInfo | None) -> Iterator[Finding]:
    sent = None if response is None else response.headers.get("date")
    if not sent:
        return
    try:
        skew_s = time.time() - parsedate_to_datetime(sent).timestamp()
    except (ValueError, TypeError, OverflowError):
        return
    if abs(skew_s) <= MAX_SKEW_S:
        yield Finding("ok", "clock", "agrees with the server's")
        return
    direction = "ahead of" if skew_s > 0 else "behind"
    text = f"{abs(skew_s):.0f} s {direction} the server's"
    yield Finding("warning", "clock", text, "Set the clock: client secrets live ten minutes at most.")


def _announced_end() -> Finding:
    days = (HOSTED_END - datetime.now(UTC).date()).days
    when = f"in {days} days" if days > 1 else "tomorrow" if days == 1 else "today" if days == 0 else "which has passed"
    text = f"hosted workflows are announced to end on 30 November 2026, {when}"
    advice = f"Save their threads: {command_to_paste(['archive', 'threads.chatkit'])}"
    return Finding("warning", "announced end", text, advice)
