"""What `migrate` and `check_store` are given: checked settings, and the objects that `package.module:name` names."""

from __future__ import annotations

import difflib
import inspect
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs

from ...errors import ConfigurationError, ParamsValidationError, Problem
from ...types.redacted import quoted
from .store_access import error_text, server_types

if TYPE_CHECKING:
    from chatkit.store import Store


Ids: TypeAlias = Literal["keep", "store"]
Attachments: TypeAlias = Literal["text", "keep"]
PendingToolCalls: TypeAlias = Literal["completed", "pending", "skip"]
HiddenContext: TypeAlias = Literal["keep", "skip"]

LONGEST_STEP_US = 1_000_000

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "ids": ("keep", "store"),
    "times": ("local", "utc"),
    "attachments": ("text", "keep"),
    "pending_tool_calls": ("completed", "pending", "skip"),
    "hidden_context": ("keep", "skip"),
}


@attrs.frozen
class MappingOptions:
    """How items are carried over where there is a choice; see `migrate`."""

    attachments: Attachments = "text"
    pending_tool_calls: PendingToolCalls = "completed"
    hidden_context: HiddenContext = "keep"


def check_settings(subject: str, *, store: object, time_step_us: object, timeout_s: object, **choices: object) -> None:
    """Raises `ParamsValidationError` with all settings that are out of their range."""
    problems = [_not_a_choice(name, value) for name, value in choices.items() if value not in _CHOICES[name]]
    if isinstance(time_step_us, bool) or not isinstance(time_step_us, int) or not 1 <= time_step_us <= LONGEST_STEP_US:
        limit = f"whole microseconds from 1 to {LONGEST_STEP_US:,}"
        problems.append(_out_of_range("time_step_us", time_step_us, limit))
    if isinstance(timeout_s, bool) or not isinstance(timeout_s, int | float) or not timeout_s > 0:
        problems.append(_out_of_range("timeout_s", timeout_s, "seconds above 0"))
    if isinstance(store, type):
        message = f"store must be an object, got the class {store.__name__}: call it"
        problems.append(Problem("store", "invalid_type", message))
    if problems:
        raise ParamsValidationError(subject, tuple(problems))


def _not_a_choice(name: str, value: object) -> Problem:
    allowed = " or ".join(repr(choice) for choice in _CHOICES[name])
    return Problem(name, "invalid_value", f"{name} must be {allowed}, got {quoted(value)}", None, allowed)


def _out_of_range(name: str, value: object, limit: str) -> Problem:
    return Problem(name, "invalid_value", f"{name} must be {limit}, got {quoted(value)}", None, limit)


async def load_store(spec: str) -> Store[Any]:
    """The store that a name stands for.

    Example:
        store = await load_store("shop.chat:make_store")

    Args:
        spec: `package.module:name`, where `name` is a store, or a class, callable or async callable that makes one
            without arguments. The current directory is searched first, as `python -m` does.

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
        spec: `package.module:name`, where `name` is a callable or async callable of one argument, the user.

    Returns:
        The function.

    Raises:
        ConfigurationError: the name is of another form, cannot be imported, or is not a function of one argument.
    """
    found = _named(spec, "shop.chat:context_for")
    try:
        inspect.signature(found).bind("user_123")
    except (TypeError, ValueError) as error:
        problem = f"{spec} must be a function of one argument, the user (None for threads without one)"
        raise ConfigurationError(f"{problem}: {error_text(error)}") from error
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
        raise ConfigurationError(f"{spec}: importing {name} failed: {error_text(error)}") from error


async def _made(make: Callable[[], Any], spec: str) -> Any:
    try:
        inspect.signature(make).bind()
    except TypeError as error:
        hint = "Name a function without arguments that makes the store."
        raise ConfigurationError(f"{spec} cannot be called without arguments: {error_text(error)}. {hint}") from error
    except ValueError:
        pass  # a signature that Python cannot tell: the call shows it
    try:
        made = make()
        return await made if inspect.isawaitable(made) else made
    except Exception as error:
        raise ConfigurationError(f"{spec} failed: {error_text(error)}") from error


def _store(found: Any, spec: str) -> Store[Any]:
    missing = _missing_methods(found)
    if missing:
        kind = "None" if found is None else f"an object of the class {type(found).__name__}"
        lacks = "it is not a chatkit.store.Store" if len(missing) > 3 else f"it lacks {', '.join(missing)}"
        raise ConfigurationError(f"{spec} gives {kind}, which cannot be used as a store: {lacks}")
    store: Store[Any] = found
    return store


def _missing_methods(found: Any) -> list[str]:
    from chatkit.store import Store  # noqa: PLC0415 - an extra

    return [name for name in sorted(Store.__abstractmethods__) if not callable(getattr(found, name, None))]
