"""The ChatKit REST API on this machine: a local server to develop and test against."""

from .emulator import Emulator
from .faults import Fault
from .record import RecordedRequest

__all__ = ["Emulator", "Fault", "RecordedRequest"]
