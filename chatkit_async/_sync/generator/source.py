"""A module's source text and its syntax tree, for the generator."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cached_property

PACKAGE = "chatkit_async"
Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = ast.Module | ast.ClassDef | Function


class GeneratorError(Exception):
    """The generator has no rule for this; the message begins with the file and line."""


class Source:
    """One module of the async half."""

    def __init__(self, path: str, text: str) -> None:
        """`path` is relative to the package's folder, as in `_async/client.py`."""
        self.path = path
        self.text = text
        self.tree = ast.parse(text)

    @property
    def module(self) -> str:
        return module_name(self.path)

    @cached_property
    def definitions(self) -> dict[str, ast.stmt]:
        """The classes and functions of the module, by name."""
        return {node.name: node for node in self.tree.body if isinstance(node, ast.ClassDef | Function)}

    @cached_property
    def names(self) -> dict[str, tuple[str, bool]]:
        """Every name the module imports or defines: from which module, and whether for type checkers only."""
        found = {name: (module, checkers_only) for name, module, checkers_only in self._imports()}
        return found | dict.fromkeys([*self.definitions, *self._variables()], (self.module, False))

    def of(self, node: ast.AST) -> str:
        """The text of a node as it stands, the same on every Python."""
        return ast.get_source_segment(self.text, node) or ""

    def before_body(self, node: Function) -> str:
        """The text of a function from `def` to the colon, comments included."""
        body = node.body[0]
        span = ast.Pass(
            lineno=node.lineno,
            col_offset=node.col_offset,
            end_lineno=body.lineno,
            end_col_offset=body.col_offset,
        )
        return self.of(span).rstrip()

    def refuse(self, node: ast.AST, reason: str) -> GeneratorError:
        return GeneratorError(f"{PACKAGE}/{self.path}:{getattr(node, 'lineno', 1)}: {reason}")

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

    def _variables(self) -> Iterator[str]:
        for node in self.tree.body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def module_name(path: str) -> str:
    """`chatkit_async._async.client` for `_async/client.py`."""
    return f"{PACKAGE}.{path.removesuffix('.py').replace('/', '.')}"


def renamed(text: str, names: Mapping[str, str]) -> str:
    """The text with whole words replaced."""
    return re.sub(r"\b\w+\b", lambda word: names.get(word[0], word[0]), text)
