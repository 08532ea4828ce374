"""The control plane: what tests in any language drive the emulator by, under `/__emulator__/`."""

from .plane import answered, is_served

__all__ = ["answered", "is_served"]
