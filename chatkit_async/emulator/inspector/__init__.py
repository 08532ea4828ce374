"""The inspector: a page that shows what the emulator holds, as three files that a browser reads as they are."""

from .files import FILES

__all__ = ["FILES"]
