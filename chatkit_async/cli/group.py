"""Groups of commands: listed in the order of their use, and with a guess at what a misspelt name means."""

from __future__ import annotations

import click


class OrderedGroup(click.Group):
    """A group that lists its commands as they were added, not by the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the order they are explained."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the words begin with; raises click.UsageError, with the nearest name if there is one."""
        if self.get_command(ctx, args[0]) is None and not ctx.resilient_parsing:
            self._suggest(ctx, args[0])
        return super().resolve_command(ctx, args)

    def _suggest(self, ctx: click.Context, name: str) -> None:
        # Here, because most command lines have no need of it; older versions of click do not guess.
        from difflib import get_close_matches  # noqa: PLC0415

        for near in get_close_matches(name, self.list_commands(ctx), n=1):
            ctx.fail(f"No such command {name!r}. Did you mean {near!r}?")
