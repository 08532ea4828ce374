"""What every part that owns a socket, a lock or a thread does around `os.fork()`."""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Callable

_leaked: list[object] = []


def at_fork(
    *,
    before: Callable[[], object] | None = None,
    after_in_parent: Callable[[], None] | None = None,
    after_in_child: Callable[[], None] | None = None,
) -> None:
    """Registers hooks around `os.fork()`, in the order of `os.register_at_fork`; without fork, does nothing.

    Args:
        before: run in the parent before the fork, the hook registered last first.
        after_in_parent: run in the parent after the fork.
        after_in_child: run in the child; `leak` is ready for use there.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=_silent(_import_ctypes, before),
            after_in_parent=_silent(after_in_parent),
            after_in_child=_silent(after_in_child),
        )


def leak(inherited: object) -> None:
    """Keeps an object alive until this process ends, so that no finaliser of what it holds runs.

    Finalising an inherited session or loop in a child removes the parent's sockets from the epoll set both share.
    """
    _leaked.append(inherited)
    # The interpreter empties the list when it exits; a reference without an owner stays.
    with contextlib.suppress(ImportError):
        import ctypes  # noqa: PLC0415 - only a process that forks pays these 10 ms

        ctypes.pythonapi.Py_IncRef(ctypes.py_object(inherited))


def _import_ctypes() -> None:
    """Imports ctypes before the fork: in the child a thread that is gone may still hold an import lock."""
    with contextlib.suppress(ImportError):
        importlib.import_module("ctypes")


def _silent(*hooks: Callable[[], object] | None) -> Callable[[], None]:
    def run() -> None:
        for hook in filter(None, hooks):
            # Python prints what a hook raises and goes on; our hooks print nothing into the user's process.
            with contextlib.suppress(BaseException):
                hook()

    return run
