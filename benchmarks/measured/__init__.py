"""What is measured: one file for each kind of work, with a function `measure` that returns its figures."""

from dataclasses import dataclass

from ..method.variants import JSON, PUBLIC, SPEED


@dataclass(frozen=True)
class Section:
    """One file here, run once for each of its variants, each time in a process of its own."""

    module: str
    variants: tuple[str, ...] = (SPEED,)


STUB_SHARE = "stub, share busy"


def run_name(module: str, variant: str = SPEED) -> str:
    """How results and goals call the figures of one run, such as `create, json`."""
    return f"{module}, {variant}"


SECTIONS = (
    Section("create", (SPEED, JSON, PUBLIC)),
    Section("growth"),
    Section("function_calls", (SPEED, PUBLIC)),
    Section("operations"),
    Section("list_items", (SPEED, JSON)),
    Section("paging"),
    Section("prefetch"),
    Section("blocking"),
    Section("process_start"),
    Section("imports"),
    Section("another_client"),
    Section("many_calls"),
    Section("held_sessions"),
    Section("emulator"),
)
