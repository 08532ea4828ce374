"""Python text in the shape that ruff's formatter leaves alone, for the generator."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

LINE_LENGTH = 120


def bracketed(head: str, parts: Iterable[str], tail: str, *, indent: int) -> str:
    """`head`, the parts between commas, `tail`: on one line if it fits, else one part a line, each with its comment."""
    margin, parts = " " * indent, list(parts)
    line = f"{margin}{head}{', '.join(parts)}{tail}"
    if len(line) <= LINE_LENGTH and "  # " not in line:
        return line
    lines = [f"{margin}    {text},{gap}{comment}" for text, gap, comment in (part.partition("  # ") for part in parts)]
    return "\n".join([f"{margin}{head}", *lines, f"{margin}{tail}"])


def imports(names: Iterable[tuple[str, str]], package: str, *, indent: int = 0) -> str:
    """Sorted import statements in their sections.

    Args:
        names: (name, module it comes from); without a module the name is one itself.
        package: the one they are imported into, for relative imports.
        indent: spaces before each.
    """
    by_module: dict[str, set[str]] = {}
    for name, module in names:
        by_module.setdefault(module and _relative(module, package), set()).add(name)
    plain = [(name, f"import {name}") for name in by_module.pop("", ())]
    froms = [(module, _import_from(module, found, indent)) for module, found in by_module.items()]
    lines = [(_section(name), 0, name, " " * indent + text) for name, text in plain]
    lines += [(_section(module), 1, _order(module), text) for module, text in froms]
    return "\n\n".join(_sections(sorted(lines)))


def _sections(lines: list[tuple[int, int, str, str]]) -> Iterator[str]:
    for section in sorted({line[0] for line in lines}):
        yield "\n".join(text for number, _, _, text in lines if number == section)


def _import_from(module: str, names: Iterable[str], indent: int) -> str:
    in_order = sorted(names, key=lambda name: (_kind(name), name))
    line = f"{' ' * indent}from {module} import {', '.join(in_order)}"
    return line if len(line) <= LINE_LENGTH else bracketed(f"from {module} import (", in_order, ")", indent=indent)


def _kind(name: str) -> int:
    """Constants, then classes, then the rest."""
    return 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2


def _relative(module: str, package: str) -> str:
    """As seen from `package`: `..errors` for a.errors in a.b; what is not of the same root stays absolute."""
    theirs, ours = module.split("."), package.split(".")
    if theirs[0] != ours[0]:
        return module
    shared = next(
        (i for i, (a, b) in enumerate(zip(theirs, ours, strict=False)) if a != b), min(len(theirs), len(ours))
    )
    return "." * (len(ours) - shared + 1) + ".".join(theirs[shared:])


def _section(module: str) -> int:
    """The standard library, other people's packages, our own."""
    if module.startswith("."):
        return 2
    return 0 if module.split(".", maxsplit=1)[0] in sys.stdlib_module_names else 1


def _order(module: str) -> str:
    """Relative imports go from the furthest to the closest."""
    dots = len(module) - len(module.lstrip("."))
    return f"{9 - dots}{module.lstrip('.')}" if dots else module
