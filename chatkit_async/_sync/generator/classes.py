"""The blocking twin of a class, for the generator: signatures and docstrings copied, bodies one forwarding line."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from .signature import docstring, forwarded, header, masking
from .source import Function, Source
from .twins import Class


@dataclass(frozen=True)
class Member:
    """A method of the class that is read, and the blocking names for those of the async half."""

    source: Source
    twin: Class
    node: Function
    words: Mapping[str, str]

    @property
    def blocking(self) -> str:
        """The name of the blocking class."""
        return self.words[self.twin.name]

    @property
    def returns(self) -> str:
        """The class the annotation names: `AsyncListing` for `AsyncListing[T]`."""
        return self.source.of(self.node.returns).partition("[")[0] if self.node.returns else ""

    @property
    def decorators(self) -> set[str]:
        return {self.source.of(decorator) for decorator in self.node.decorator_list}

    @property
    def is_async(self) -> bool:
        return isinstance(self.node, ast.AsyncFunctionDef)

    @property
    def is_coroutine(self) -> bool:
        """False for an async generator, which has no blocking twin."""
        yields = any(isinstance(node, ast.Yield) for node in ast.walk(self.node))
        return self.is_async and not yields and self.decorators <= {"overload"}

    def forwarding(self, before: str) -> str:
        """The statement that passes the arguments on, from the part before the first of them."""
        return f"{before}{', '.join(forwarded(self.node)[1:])})"


def class_twin(source: Source, twin: Class, words: Mapping[str, str]) -> str:
    """The text of the blocking class."""
    owner = source.definitions.get(twin.name)
    if not isinstance(owner, ast.ClassDef):
        raise source.refuse(source.tree, f"there is no class {twin.name}")
    members = "\n\n".join(_members(source, twin, owner, words))
    bases = ", ".join(words.get(name, name) for name in map(source.of, owner.bases))
    head = f"class {words[twin.name]}({bases}):" if bases else f"class {words[twin.name]}:"
    return f"{head}\n    {docstring(source, owner, words)}\n\n{members}"


def _members(source: Source, twin: Class, owner: ast.ClassDef, words: Mapping[str, str]) -> Iterator[str]:
    for node in owner.body[1:]:
        if not isinstance(node, Function):
            raise source.refuse(node, f"the generator knows methods, not {type(node).__name__}")
        if not node.name.startswith("_") or node.name in WRITTEN:
            yield _member(Member(source, twin, node, words))


def _member(member: Member) -> str:
    node, source = member.node, member.source
    decorators = [f"    @{name}" for name in sorted(member.decorators)]
    first = header(source, node, member.words)
    if "overload" in member.decorators:
        return "\n".join([*decorators, f"    {first} ..."])
    if node.name == "__init__" and member.twin.role == "resource":
        first = f"def __init__(self, asynchronous: {member.twin.name}, channel: Channel) -> None:"
    body = [docstring(source, node, member.words), *masking(source, node), *_body(member)]
    return "\n".join([*decorators, f"    {first}", *(f"        {line}" for line in body if line)])


def _body(member: Member) -> list[str]:
    for applies, body in MEMBER_KINDS:
        if applies(member):
            return body(member)
    name = f"{member.twin.name}.{member.node.name}"
    raise member.source.refuse(member.node, f"{name} is of no kind of member that the generator knows")


def _client_init(member: Member) -> list[str]:
    return [
        member.forwarding(f"self._async = {member.twin.name}("),
        f'self._channel = Channel(self._async.aclose, name="{member.blocking}", in_event_loop=in_event_loop)',
    ]


def _dependent_init(member: Member) -> list[str]:
    """The first parameter is the client, whose async half the async half takes."""
    client, *others = forwarded(member.node)[1:]
    half = f'checked_twin({client}, ChatKit, "{member.blocking}")._async'
    return [
        f"self._async = {member.twin.name}({', '.join([half, *others])})",
        f'self._channel = DependentChannel({client}, self._async.aclose, "{member.blocking}")',
    ]


def _resource_init(_: Member) -> list[str]:
    return ["self._async = asynchronous", "self._channel = channel"]


def _call(member: Member) -> list[str]:
    return [member.forwarding(f"return self._channel.call(self._async.{member.node.name}, ")]


def _listing(member: Member) -> list[str]:
    return [member.forwarding(f"return Listing(self._channel, self._async.{member.node.name}, ")]


def _context(member: Member) -> list[str]:
    return [member.forwarding(f"return self._channel.enter(self._async.{member.node.name}, ")]


def _copy(member: Member) -> list[str]:
    return [member.forwarding(f"return self._channel.copy(type(self), self._async.{member.node.name}, ")]


def _sub_resource(member: Member) -> list[str]:
    """Imported at its first use: a program that mints sessions does not load the classes of threads."""
    name, module = member.words[member.returns], member.node.name
    return [
        f"from .{module} import {name}  # noqa: PLC0415 - imported at its first use",
        f"return {name}(self._async.{member.node.name}, self._channel)",
    ]


def _is_plain(member: Member) -> bool:
    decorators = {name.partition("(")[0] for name in member.decorators}
    return not member.is_async and decorators <= {"overload", "answering"}


# The first that applies counts: lifetime, then the kinds of member that a class of the async half may have.
MEMBER_KINDS: tuple[tuple[Callable[[Member], bool], Callable[[Member], list[str]]], ...] = (
    (lambda member: member.node.name == "__init__" and member.twin.role == "client", _client_init),
    (lambda member: member.node.name == "__init__" and member.twin.role == "dependent", _dependent_init),
    (lambda member: member.node.name == "__init__", _resource_init),
    (lambda member: member.node.name == "__repr__", lambda _: ["return repr_of_twin(self)"]),
    (lambda member: member.node.name == "__aenter__", lambda _: ["return self"]),
    (lambda member: member.node.name == "__aexit__", lambda _: ["self.close()"]),
    (lambda member: member.node.name == "aclose", lambda _: ["self._channel.close()"]),
    (lambda member: member.is_coroutine, _call),
    (lambda member: _is_plain(member) and member.returns == "AsyncListing", _listing),
    (lambda member: _is_plain(member) and member.returns == "AbstractAsyncContextManager", _context),
    (lambda member: member.decorators == {"cached_property"} and member.returns in member.words, _sub_resource),
    (lambda member: _is_plain(member) and member.returns in {member.twin.name, "Self"}, _copy),
)
WRITTEN = {"__init__", "__repr__", "__aenter__", "__aexit__"}
