"""Finds what `package.module:name` names, for the command: the store to move threads into, and its contexts."""

from __future__ import annotations

import difflib
import inspect
import sys
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ...errors import ConfigurationError
from ...types.redacted import quoted
from .server_types import server_types
from .store_access import described

if TYPE_CHECKING:
    from chatkit.store import Store


async def load_store(spec: str) -> Store[Any]:
    """The store that a name stands for.

    Example:
        store = await load_store("shop.chat:make_store")

    Args:
        spec: `package.module:name`, where `name` is a store, or a class or a function (`def` or `async def`) that makes
            one without arguments. The current directory is searched first, as `python -m` does.

    Returns:
        The store.

    Raises:
        ConfigurationError: the name is of another form, cannot be imported, or gives no store; the message says which.
    """
    server_types()
    found = _named(spec, "shop.chat:make_store")
    is_store = not inspect.isclass(found) and not _missing_methods(found)
    return _store(await _made(found, spec) if callable(found) and not is_store else found, spec)


def load_context_for(spec: str) -> Callable[[str | None], object]:
    """The function that a name stands for, as `migrate` takes it as `context_for`.

    Args:
        spec: `package.module:name`, where `name` is a function (`def` or `async def`) of one argument, the user.

    Returns:
        The function.

    Raises:
        ConfigurationError: the name is of another form, cannot be imported, or is no function of one argument.
    """
    found = _named(spec, "shop.chat:context_for")
    try:
        inspect.signature(found).bind("user_123")
    except (TypeError, ValueError) as error:
        problem = f"{spec} must be a function of one argument, the user (None for threads without one)"
        raise ConfigurationError(f"{problem}: {described(error)}") from error
    function: Callable[[str | None], object] = found
    return function


def _named(spec: str, example: str) -> Any:
    module_name, colon, name = spec.partition(":") if isinstance(spec, str) else ("", "", "")
    if not (colon and name and all(part.isidentifier() for part in [*module_name.split("."), *name.split(".")])):
        raise ConfigurationError(f"{quoted(spec)} is not of the form package.module:name, as in {example}")
    found: Any = _module(module_name, spec)
    for part in name.split("."):
        if not hasattr(found, part):
            near = difflib.get_close_matches(part, dir(found), n=3)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise ConfigurationError(f"{spec}: {getattr(found, '__name__', found)} has no {part}{hint}")
        found = getattr(found, part)
    return found


def _module(name: str, spec: str) -> Any:
    if "" not in sys.path:
        sys.path.insert(0, "")  # an installed command does not search the current directory, `python -m` does
    try:
        return import_module(name)
    except Exception as error:  # a module may raise anything as it is imported
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing and (name == missing or name.startswith(f"{missing}.")):
            hint = "Run the command where your package is, or install it."
            raise ConfigurationError(f"{spec}: there is no module {missing}. {hint}") from error
        raise ConfigurationError(f"{spec}: importing {name} failed: {described(error)}") from error


async def _made(make: Callable[[], Any], spec: str) -> Any:
    try:
        inspect.signature(make).bind()
    except TypeError as error:
        hint = "Name a function without arguments that makes the store."
        raise ConfigurationError(f"{spec} cannot be called without arguments: {described(error)}. {hint}") from error
    except ValueError:
        pass  # a signature that Python cannot tell: the call shows it
    try:
        made = make()
        return await made if inspect.isawaitable(made) else made
    except Exception as error:
        raise ConfigurationError(f"{spec} failed: {described(error)}") from error


def _store(found: Any, spec: str) -> Store[Any]:
    missing = _missing_methods(found)
    if missing:
        kind = "None" if found is None else f"an object of the class {type(found).__name__}"
        lacks = "it is no chatkit.store.Store" if len(missing) > 3 else f"it lacks {', '.join(missing)}"
        raise ConfigurationError(f"{spec} gives {kind}, which cannot be used as a store: {lacks}")
    store: Store[Any] = found
    return store


def _missing_methods(found: Any) -> list[str]:
    from chatkit.store import Store  # noqa: PLC0415 - an extra

    return [name for name in sorted(Store.__abstractmethods__) if not callable(getattr(found, name, None))]
