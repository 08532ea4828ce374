"""A helpful TypeError where `with` and `async with` are mixed up; hidden from type checkers, which refuse the line."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn


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
