"""The command `chatkit`, also run as `python -m chatkit_async`."""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec

NOT_INSTALLED = "chatkit: the command line needs an extra that is not installed: pip install 'chatkit-async[cli]'"


def main() -> None:
    """Runs the command line given to this process, and exits with its code (`chatkit --help` lists the codes)."""
    try:
        sys.exit(_run(sys.argv[1:]))
    except KeyboardInterrupt:  # before or after the command itself, which ends the same way on Ctrl-C
        sys.exit(130)


def _run(arguments: list[str]) -> int | str:
    if not all(map(find_spec, ("click", "rich"))):
        return NOT_INSTALLED  # sys.exit prints a string on stderr, and the exit code is 1
    # Not an import statement, because this file must load without click.
    code: int = importlib.import_module("chatkit_async.cli.main").run(arguments)
    return code


if __name__ == "__main__":
    main()
