"""What importing costs, beyond the interpreter's own start; and `chatkit --help` as a whole process."""

from ..contenders import CHATKIT, OPENAI
from ..method.effort import Effort
from ..method.figure import Figures
from ..method.processes import program
from ..method.slices import compare

NOTHING, ASYNCIO, CLICK, HELP = "python", "import asyncio", "import click", "chatkit --help"
IMPORTS = {
    NOTHING: "",
    CHATKIT: "from chatkit_async import AsyncChatKit, ChatKit, ChatSession",
    ASYNCIO: "import asyncio",
    OPENAI: "import openai",
}
# The second is what the installed command runs.
COMMANDS = {CLICK: "import click", HELP: "import sys; from chatkit_async.__main__ import main; sys.exit(main())"}


def measure(effort: Effort, variant: str) -> Figures:
    """CPU of each process; imports as ratios of what they add to the bare interpreter."""
    imports = [program(name, IMPORTS[name]) for name in IMPORTS]
    commands = [program(name, code, "--help") for name, code in COMMANDS.items()]
    samples = compare([*imports, *commands], effort, effort.processes)
    ratios = {f"{CHATKIT} / {other}": samples.ratio_beyond(CHATKIT, other, NOTHING) for other in (ASYNCIO, OPENAI)}
    return samples.costs() | ratios | {f"{HELP} / {CLICK}": samples.ratio(HELP, CLICK)}
