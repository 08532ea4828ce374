"""What both halves do around `os.fork()`: hooks that never print, and objects a child must never free."""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Callable

_kept: list[object] = []


def at_fork(
    *,
    before: Callable[[], None] | None = None,
    after_in_parent: Callable[[], None] | None = None,
    after_in_child: Callable[[], None] | None = None,
) -> None:
    """Registers hooks around `os.fork()`, in the order of `os.register_at_fork`; where there is no fork, does nothing.

    Args:
        before: run in the parent before the fork, the hook registered last first.
        after_in_parent: run in the parent after the fork.
        after_in_child: run in the child; `leak` is ready for use there.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=_quiet(_import_ctypes, before),
            after_in_parent=_quiet(after_in_parent),
            after_in_child=_quiet(after_in_child),
        )


def leak(thing: object) -> None:
    """Keeps `thing` alive until this process ends, so that no finaliser behind it ever runs.

    Finalising an inherited session or loop in a child removes the parent's sockets from the epoll set both share.
    """
    _kept.append(thing)
    # The list alone is emptied when the interpreter exits; a reference nobody owns is not.
    with contextlib.suppress(ImportError):
        import ctypes  # noqa: PLC0415 - 10 ms that only a process that forks has to pay

        ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


def _import_ctypes() -> None:
    """Imports ctypes while other threads still run: in the child one of them may have died holding an import lock."""
    with contextlib.suppress(ImportError):
        importlib.import_module("ctypes")


def _quiet(*hooks: Callable[[], None] | None) -> Callable[[], None]:
    def run() -> None:
        for hook in filter(None, hooks):
            # Whatever a hook raises, Python prints and forgets; a fork of the user's is no place for our output.
            with contextlib.suppress(BaseException):
                hook()

    return run
