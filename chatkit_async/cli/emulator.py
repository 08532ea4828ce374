"""`chatkit emulator`: the API on this machine, until Ctrl-C."""

from __future__ import annotations

import asyncio
import errno
import shlex
import signal
import sys
from types import FrameType

import click

import chatkit_async
from chatkit_async.cli.output import is_terminal, require_stdout
from chatkit_async.emulator import Emulator, Responses, Seed, load_seed
from chatkit_async.emulator import sample_seed as sample_seed_text


def _not_blank(ctx: click.Context, param: click.Parameter, keys: tuple[str, ...]) -> tuple[str, ...]:
    if not all(key.strip() for key in keys):
        raise click.BadParameter("a key cannot be blank.", ctx, param)
    return keys


@click.command()
@click.option(
    "--host",
    metavar="ADDRESS",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on. Other machines cannot reach the default.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="N",
    default=8787,
    show_default=True,
    help="The port to listen on; 0 picks a free one.",
)
@click.option(
    "--api-key",
    "api_keys",
    multiple=True,
    metavar="KEY",
    callback=_not_blank,
    help="A key that the emulator accepts. Invent one: a real key does not belong on a command line. Clients send it"
    " from OPENAI_API_KEY. Repeat it for several.  [default: any key]",
)
@click.option(
    "--state",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="A file that keeps sessions and threads over restarts; created if missing, readable only by you. Client"
    " secrets in it are not encrypted.  [default: only in memory]",
)
@click.option(
    "--responses",
    type=click.Choice(["real", "examples"]),
    default="real",
    show_default=True,
    help="`real`: respond as the API does. `examples`: respond as the examples in its documentation, which differ from"
    " its schema and accept every id.",
)
@click.option(
    "--seed",
    "seed_file",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="A JSON file with the threads and sessions to start with; --sample-seed prints one.",
)
@click.option("--sample-seed", is_flag=True, help="Print a seed file to start from, and exit.")
def emulator(
    *,
    host: str,
    port: int,
    api_keys: tuple[str, ...],
    state: str | None,
    responses: Responses,
    seed_file: str | None,
    sample_seed: bool,
) -> None:
    """Serve the ChatKit API on this machine, for tests: it accepts and refuses what the API does.

    Prints its address when it is ready. Ctrl-C or SIGTERM stops it, with exit code 0. In a browser,
    the same address without /v1 shows requests, threads and sessions.

    \b
    Examples:
      chatkit emulator
      chatkit emulator --port 0 --api-key test-key
      chatkit emulator --state chatkit.sqlite
      chatkit emulator --sample-seed > seed.json
      chatkit emulator --seed seed.json

    \b
    Any client of the API can use it, such as this one in another terminal:
      export OPENAI_BASE_URL=http://127.0.0.1:8787/v1 OPENAI_API_KEY=test
      chatkit sessions create --user user_123 --workflow wf_abc
    """
    require_stdout()
    if sample_seed:
        click.echo(sample_seed_text(), nl=False)
        return
    seed = load_seed(seed_file) if seed_file else None
    try:
        server = Emulator(host=host, port=port, api_keys=api_keys, state=state, responses=responses)
        asyncio.run(_serve_until_signal(server, seed, api_key=api_keys[0] if api_keys else "any"))
    except chatkit_async.ConfigurationError as error:
        if not isinstance(error.__cause__, OSError):
            raise
        raise click.ClickException(_why_not(error, error.__cause__, host, port)) from error


async def _serve_until_signal(server: Emulator, seed: Seed | None, *, api_key: str) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop_soon(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop_soon)  # not loop.add_signal_handler, which Windows lacks
    async with server:
        if seed:
            server.seed(**seed)
        _print_ready(server.base_url, api_key)
        await stop.wait()


def _print_ready(base_url: str, api_key: str) -> None:
    click.echo(f"chatkit emulator ready at {base_url}")  # click flushes, which a program that reads a pipe needs
    if is_terminal(sys.stdout):
        settings = f"OPENAI_BASE_URL={base_url} OPENAI_API_KEY={shlex.quote(api_key)}"
        inspector = f"In a browser, its requests, threads and sessions:\n  {base_url.removesuffix('/v1')}/"
        click.echo(f"In another terminal:\n  export {settings}\n{inspector}\nCtrl-C stops it.")


def _why_not(error: chatkit_async.ConfigurationError, cause: OSError, host: str, port: int) -> str:
    if cause.errno == errno.EADDRINUSE:
        return (
            f"Port {port} of {host} is taken: stop what listens there, or choose another (--port 0 picks a free one)."
        )
    return f"{error}."
