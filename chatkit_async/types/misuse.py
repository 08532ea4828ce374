"""What a wrong use is answered with: the name or form that was meant. Hidden from type checkers, which refuse the line.

Each answer stays the error that Python itself would raise: a TypeError for a call, an AttributeError for a name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, TypeVar, cast

import attrs

from .redacted import quoted

_SYNONYMS = {
    "get": "retrieve",
    "fetch": "retrieve",
    "remove": "delete",
    "delete": "cancel",
    "items": "list_items",
    "close": "aclose",
    "aclose": "close",
}
"""Names that other clients use, with ours; one that a class does not have is not its advice."""

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])
ClassT = TypeVar("ClassT", bound=type[Any])


class Guiding:
    """The base of clients and resources: an unknown attribute is answered with those that there are."""

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            if hasattr(type(self), name):  # a property that raised
                return object.__getattribute__(self, name)
            text = f"{type(self).__name__!r} object has no attribute {name!r}"
            if name.startswith("_"):
                raise AttributeError(text)
            has = [one for one in dir(type(self)) if not one.startswith("_")]
            ours = _SYNONYMS.get(name)
            advice = f"did you mean {ours}?" if ours in has else nearest(name, has)
            there_is = f"it has {', '.join(has)}"
            raise AttributeError(f"{text}: {advice} ({there_is})" if advice else f"{text}: {there_is}")


class AsyncOnly:
    """The base of what `async with` enters: `with` raises a TypeError in our words."""

    if not TYPE_CHECKING:

        def __enter__(self) -> NoReturn:
            name = type(self).__name__
            raise TypeError(f"{name} is not entered by `with`: write `async with` (in code that blocks, use ChatKit)")

        __exit__ = None  # Python looks for it first; None keeps the class from counting as a context manager


class BlockingOnly:
    """The base of what `with` enters: `async with` raises a TypeError in our words."""

    if not TYPE_CHECKING:

        def __aenter__(self) -> NoReturn:
            name = type(self).__name__
            raise TypeError(f"{name} blocks, and is not entered by `async with`: write `with`, or use AsyncChatKit")

        __aexit__ = None


class UserBuilt:
    """The base of objects that users build: wrong arguments are answered with the right names.

    Its repr shows the fields that are set: a traceback with locals may show an object whose making failed. attrs' own
    repr raises there, and Python 3.11 then prints no traceback at all.
    """

    __slots__ = ()

    # Names that people write by mistake, and what to write instead.
    _KNOWN_MISTAKES: ClassVar[Mapping[str, str]] = MappingProxyType({})

    @classmethod
    def __attrs_init_subclass__(cls) -> None:
        made: Any = cls
        made.__init__ = answering(cls._KNOWN_MISTAKES)(made.__init__)

    def __repr__(self) -> str:
        fields = attrs.fields(cast("type[attrs.AttrsInstance]", type(self)))
        present = [field.name for field in fields if hasattr(self, field.name)]
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in present)})"


def answering(known_mistakes: Mapping[str, str] = MappingProxyType({})) -> Callable[[FunctionT], FunctionT]:
    """Makes a function or method say in our words which arguments it does not take.

    A coroutine function has `**unexpected: Never` instead: wrapped, `inspect` would not know it for one.

    Args:
        known_mistakes: names that people write by mistake, and what to write instead.
    """

    def wrapped(function: FunctionT) -> FunctionT:
        @wraps(function)
        def answered(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            except TypeError as error:
                if error.__traceback__ is None or error.__traceback__.tb_next is not None:  # raised inside it
                    raise
                raise wrong_call(function, kwargs, known_mistakes, positional=len(args)) or error from None
            finally:
                del args, kwargs  # a traceback would show them, and they may hold a key

        return cast("FunctionT", answered)

    return wrapped


def answering_methods(cls: ClassT) -> ClassT:
    """Makes `answering()` of a class and its public methods; a class decorator. It has no coroutine functions."""
    for name, method in list(vars(cls).items()):
        if callable(method) and (name == "__init__" or not name.startswith("_")):
            setattr(cls, name, answering()(method))
    return cls


def wrong_call(
    function: Callable[..., object], keywords: dict[str, Any], known_mistakes: Mapping[str, str], *, positional: float
) -> TypeError | None:
    """The error for arguments that a function does not take.

    Args:
        function: what was called.
        keywords: those given; removed, since a traceback may show their values.
        known_mistakes: names that people write by mistake, and what to write instead.
        positional: how many were given without a name, `self` included; `math.inf` is too many.

    Returns:
        The error; None if it takes all of them, as when one is missing.
    """
    from inspect import Parameter, signature  # noqa: PLC0415 - only this error needs it

    kinds = {Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY}
    every = [parameter for parameter in signature(function).parameters.values() if parameter.kind in kinds]
    parameters = [parameter for parameter in every if parameter.name != "self"]
    names = [parameter.name for parameter in parameters]
    unknown = [name for name in keywords if name not in names]
    keywords.clear()
    called = f"{function.__qualname__.removesuffix('.__init__')}()"
    taken = f"it takes {', '.join(names) or 'no arguments'}"
    if unknown:
        advice = known_mistakes.get(unknown[0]) or nearest(unknown[0], names)
        advice = f"{advice} ({taken})" if advice else taken
        return TypeError(f"{called} got an unexpected keyword argument {quoted(unknown[0])}: {advice}")
    by_name = [parameter.name for parameter in parameters if parameter.kind is Parameter.KEYWORD_ONLY]
    if positional > len(every) - len(by_name):
        example = (by_name or names or [""])[0]
        advice = f"pass them by name, as in {example}=... ({taken})" if example else taken
        return TypeError(f"{called} got too many positional arguments: {advice}")
    return None


def nearest(name: str, known: Iterable[str], *, cutoff: float = 0.75) -> str:
    """`did you mean limit?` for a misspelt name; empty if no known name resembles it by `cutoff`, 0 to 1."""
    from difflib import get_close_matches  # noqa: PLC0415 - only an error needs it

    near = get_close_matches(name, known, n=1, cutoff=cutoff)
    return f"did you mean {near[0]}?" if near else ""
