"""Who takes part."""

from collections.abc import Iterable
from importlib.util import find_spec

CHATKIT = "chatkit-async"
CHATKIT_BLOCKING = "chatkit-async, blocking"
AIOHTTP = "aiohttp + json"
OPENAI = "openai"
OPENAI_AIOHTTP = "openai, aiohttp transport"
OPENAI_BLOCKING = "openai, blocking"
FLOOR = "raw protocol, typed"
API_KEY = "sk-benchmark"

# One of these modules must be there; the extra `bench` brings them.
_NEEDED = {
    OPENAI: ("openai",),
    OPENAI_BLOCKING: ("openai",),
    OPENAI_AIOHTTP: ("openai._vendor.httpx_aiohttp", "httpx_aiohttp"),
}


def available(names: Iterable[str]) -> list[str]:
    """Those of the contenders that can run here."""
    return [name for name in names if name not in _NEEDED or any(map(_is_installed, _NEEDED[name]))]


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # its package is not there
        return False
