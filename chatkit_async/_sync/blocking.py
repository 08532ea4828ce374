"""The blocking twin of a class as source text, for the generator: signatures and docstrings copied, bodies one line."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from . import layout
from .docstring import docstring
from .signature import Function, definition, forwarded
from .source import PACKAGE, Source
from .twins import MODULES, SECRET_PARAMETERS, TWINS, WORDS, Twin

COMMAND = "python -m chatkit_async._sync.generate"


@dataclass(frozen=True)
class Member:
    """A method of the class that is read."""

    source: Source
    twin: Twin
    node: Function

    @property
    def returns(self) -> str:
        """The class the annotation names: `AsyncListing` for `AsyncListing[T]`."""
        return self.source.flat(self.node.returns).partition("[")[0] if self.node.returns else ""

    @property
    def decorators(self) -> set[str]:
        return {self.source.flat(decorator) for decorator in self.node.decorator_list}

    @property
    def is_async(self) -> bool:
        return isinstance(self.node, ast.AsyncFunctionDef)

    @property
    def is_coroutine(self) -> bool:
        """Not so an async generator, which has no blocking twin."""
        yields = any(isinstance(node, ast.Yield) for node in ast.walk(self.node))
        return self.is_async and not yields and self.decorators <= {"overload"}


def module(source: Source, twin: Twin) -> str:
    """The text of the file that holds the twin."""
    body = _class(source, twin)
    used = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    parts = [_header(twin), docstring(source, source.tree), "", _imports(source, twin, used), "", "", body]
    return "\n".join(parts) + "\n"


def _header(twin: Twin) -> str:
    origin = f"# Generated from {PACKAGE}/{twin.source} by `{COMMAND}`."
    return f"{origin}\n# Edit that file and generate again: changes made here are lost."


def _imports(source: Source, twin: Twin, used: set[str]) -> str:
    package = f"{PACKAGE}.{twin.target.rpartition('/')[0]}".replace("/", ".")
    known = source.names | {name: (module, False) for name, module in MODULES.items()}
    for other in TWINS:
        known[other.asynchronous] = (_module(other.source), False)
        known[other.blocking] = (_module(other.target), other.role == "resource")  # see _sub_resource
    del known[twin.blocking]
    found = {name: known[name] for name in sorted(used & set(known))}
    always = [(name, module) for name, (module, checked) in found.items() if not checked]
    checked = [(name, module) for name, (module, checked) in found.items() if checked]
    if checked:
        always.append(("TYPE_CHECKING", "typing"))
    text = "from __future__ import annotations\n\n" + layout.imports(always, package)
    return f"{text}\n\nif TYPE_CHECKING:\n{layout.imports(checked, package, indent=4)}" if checked else text


def _module(path: str) -> str:
    return f"{PACKAGE}.{path.removesuffix('.py').replace('/', '.')}"


def _class(source: Source, twin: Twin) -> str:
    node = source.classes[twin.asynchronous]
    members = "\n\n".join(_members(source, twin, node))
    return f"class {twin.blocking}:\n    {docstring(source, node)}\n\n{members}"


def _members(source: Source, twin: Twin, owner: ast.ClassDef) -> Iterator[str]:
    for node in owner.body[1:]:
        if not isinstance(node, Function):
            raise source.refuse(node, f"the generator knows methods, not {type(node).__name__}")
        if not node.name.startswith("_") or node.name in WRITTEN:
            yield _member(Member(source, twin, node))


def _member(member: Member) -> str:
    node, source = member.node, member.source
    lines = [f"    @{name}" for name in sorted(member.decorators)]
    if "overload" in member.decorators:
        return "\n".join([*lines, f"{definition(source, node)} ..."])
    body = [*_masked(node), *_kind(member)(member)]
    if body[0].startswith("    def "):
        return "\n".join([*lines, *body])
    documentation = docstring(source, node)
    lines += [definition(source, node), *([f"        {documentation}"] if documentation else [])]
    return "\n".join([*lines, *body])


def _kind(member: Member) -> Callable[[Member], list[str]]:
    for applies, body in KINDS:
        if applies(member):
            return body
    name = f"{member.twin.asynchronous}.{member.node.name}"
    raise member.source.refuse(member.node, f"{name} is none of the kinds of member the generator knows")


def _client_init(member: Member) -> list[str]:
    name = member.twin.blocking
    return [
        *_forwarding(member, f"self._async = {member.twin.asynchronous}("),
        f'        self._channel = Channel(self._async.aclose, name="{name}", in_event_loop=in_event_loop)',
    ]


def _guest_init(member: Member) -> list[str]:
    """The first parameter is the client, whose async half the async half takes."""
    name, client = member.twin.blocking, member.node.args.args[1].arg
    head, first = f"self._async = {member.twin.asynchronous}(", f'async_half({client}, "{name}")'
    return [
        layout.bracketed(head, [first, *forwarded(member.node)[1:]], ")", indent=8),
        f'        self._channel = GuestChannel({client}, self._async.aclose, "{name}")',
    ]


def _masked(node: Function) -> list[str]:
    """The first thing a method does that is given a secret: tracebacks may show the locals of its frame."""
    parameters = [arg.arg for arg in [*node.args.args, *node.args.kwonlyargs]]
    secrets = {name: hide for name, hide in SECRET_PARAMETERS.items() if name in parameters}
    return [f"        {name} = {hide}({name})" for name, hide in secrets.items()]


def _resource_init(member: Member) -> list[str]:
    return [
        f"    def __init__(self, asynchronous: {member.twin.asynchronous}, channel: Channel) -> None:",
        "        self._async = asynchronous",
        "        self._channel = channel",
    ]


def _forwarding(member: Member, head: str, *first: str) -> list[str]:
    """The one statement that passes the arguments on."""
    return [layout.bracketed(head, [*first, *forwarded(member.node)], ")", indent=8)]


def _call(member: Member) -> list[str]:
    return _forwarding(member, "return self._channel.call(", f"self._async.{member.node.name}")


def _listing(member: Member) -> list[str]:
    return _forwarding(member, "return Listing(", "self._channel", f"self._async.{member.node.name}")


def _context(member: Member) -> list[str]:
    return _forwarding(member, "return self._channel.enter(", f"self._async.{member.node.name}")


def _sub_resource(member: Member) -> list[str]:
    """Its module is loaded by who uses it: a program that mints sessions need not load what threads consist of."""
    name = WORDS[member.returns]
    module = next(twin.target.rpartition("/")[2].removesuffix(".py") for twin in TWINS if twin.blocking == name)
    return [
        f"        from .{module} import {name}  # noqa: PLC0415 - loaded by who uses it",
        "",
        f"        return {name}(self._async.{member.node.name}, self._channel)",
    ]


def _copy(member: Member) -> list[str]:
    return _forwarding(member, "return self._channel.copy(", "type(self)", f"self._async.{member.node.name}")


def _is_plain(member: Member) -> bool:
    return not member.is_async and member.decorators <= {"overload"}


Applies = Callable[[Member], bool]

# The first that applies counts. Lifetime, then the kinds of member that a class of the async half may have.
KINDS: tuple[tuple[Applies, Callable[[Member], list[str]]], ...] = (
    (lambda member: member.node.name == "__init__" and member.twin.role == "client", _client_init),
    (lambda member: member.node.name == "__init__" and member.twin.role == "guest", _guest_init),
    (lambda member: member.node.name == "__init__", _resource_init),
    (
        lambda member: member.node.name == "__repr__",
        lambda _: ["        return described(self)"],
    ),
    (lambda member: member.node.name == "__aenter__", lambda _: ["        return self"]),
    (lambda member: member.node.name == "__aexit__", lambda _: ["        self.close()"]),
    (lambda member: member.node.name == "aclose", lambda _: ["        self._channel.close()"]),
    (lambda member: member.is_coroutine, _call),
    (lambda member: _is_plain(member) and member.returns == "AsyncListing", _listing),
    (lambda member: _is_plain(member) and member.returns == "AbstractAsyncContextManager", _context),
    (lambda member: member.decorators == {"cached_property"} and member.returns in WORDS, _sub_resource),
    (lambda member: _is_plain(member) and member.returns in {member.twin.asynchronous, "Self"}, _copy),
)
WRITTEN = {"__init__", "__repr__", "__aenter__", "__aexit__"}
