"""Client secrets for browsers, one module a framework: `starlette` (FastAPI too), `aiohttp`, `django`, `flask`.

Each has the same few names: `setup` makes a broker that lives and dies with the app, `session_endpoint` the endpoint
that pages ask, `logout` ends what a visitor may do. No framework comes with this package.
"""

from .identity import Identity as Identity
from .options import BrokerOptions as BrokerOptions
from .options import EndpointOptions as EndpointOptions

__all__ = ["BrokerOptions", "EndpointOptions", "Identity"]
