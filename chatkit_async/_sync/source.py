"""A module's source text and its syntax tree, for the generator."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cached_property

PACKAGE = "chatkit_async"


class UnknownMemberError(Exception):
    """The generator has no rule for this; says where it stands."""


class Source:
    """One module of the async half."""

    def __init__(self, path: str, text: str) -> None:
        """`path` is relative to the package's folder, as in `_async/client.py`."""
        self.path = path
        self.text = text
        self.tree = ast.parse(text)

    @property
    def module(self) -> str:
        return f"{PACKAGE}.{self.path.removesuffix('.py').replace('/', '.')}"

    @cached_property
    def classes(self) -> dict[str, ast.ClassDef]:
        return {node.name: node for node in self.tree.body if isinstance(node, ast.ClassDef)}

    @cached_property
    def names(self) -> dict[str, tuple[str, bool]]:
        """Every name the module imports or defines: from which module, and whether for type checkers only."""
        found = {name: (module, checkers_only) for name, module, checkers_only in self._imports()}
        return found | dict.fromkeys(self._definitions(), (self.module, False))

    def of(self, node: ast.expr | ast.stmt) -> str:
        """The text of a node as it stands, the same on every Python."""
        return ast.get_source_segment(self.text, node) or ""

    def flat(self, node: ast.expr) -> str:
        """The text of an expression on one line."""
        text = re.sub(r"\s+", " ", self.of(node))
        return re.sub(r"([\[(]) | ?,? (?=[\])])", r"\1", text)

    def refuse(self, node: ast.stmt, reason: str) -> UnknownMemberError:
        return UnknownMemberError(f"{PACKAGE}/{self.path}:{node.lineno}: {reason}")

    def _imports(self) -> Iterator[tuple[str, str, bool]]:
        for statement, checkers_only in self._import_statements():
            for alias in statement.names:
                if alias.asname not in {None, alias.name}:
                    raise self.refuse(statement, f"the generator does not follow `as {alias.asname}`")
                if isinstance(statement, ast.Import):
                    yield alias.name, "", checkers_only
                else:
                    yield alias.name, self._absolute(statement), checkers_only

    def _import_statements(self) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
        for node in self.tree.body:
            checked = node.body if isinstance(node, ast.If) and self.of(node.test) == "TYPE_CHECKING" else []
            for statement in [node, *checked]:
                if isinstance(statement, ast.Import | ast.ImportFrom):
                    yield statement, statement is not node

    def _absolute(self, statement: ast.ImportFrom) -> str:
        parents = self.module.split(".")[: -statement.level] if statement.level else []
        return ".".join([*parents, *([statement.module] if statement.module else [])])

    def _definitions(self) -> Iterator[str]:
        for node in self.tree.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                yield node.name
            targets = (
                node.targets
                if isinstance(node, ast.Assign)
                else [node.target]
                if isinstance(node, ast.AnnAssign)
                else []
            )
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def renamed(text: str, names: Mapping[str, str]) -> str:
    """The text with whole words replaced."""
    return re.sub(r"\b\w+\b", lambda word: names.get(word[0], word[0]), text)
