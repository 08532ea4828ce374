"""`chatkit completion`: the script that teaches a shell to complete this command."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from chatkit_async.cli.output import require_stdout


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script for SHELL: bash (4.4 or later), zsh or fish.

    \b
    Put one line into the file that your shell reads at its start:
      ~/.bashrc                      eval "$(chatkit completion bash)"
      ~/.zshrc, after compinit       eval "$(chatkit completion zsh)"
      ~/.config/fish/config.fish     chatkit completion fish | source
    """
    require_stdout()
    kind = get_completion_class(shell)
    if kind is None:  # pragma: no cover - click has the three of them
        raise click.ClickException(f"click knows no completion for {shell}.")
    click.echo(kind(ctx.find_root().command, {}, "chatkit", "_CHATKIT_COMPLETE").source())
