"""The ChatKit REST API on this machine: a local server to develop and test against."""

from ._api import Responses
from ._emulator import Emulator
from ._faults import Fault
from ._request_log import RecordedRequest, RecordedResponse
from ._seeding import Seed, load_seed, sample_seed

__all__ = ["Emulator", "Fault", "RecordedRequest", "RecordedResponse", "Responses", "Seed", "load_seed", "sample_seed"]
