"""Client secrets for browsers: `starlette` (FastAPI too), `aiohttp`, `django`, `flask`; `asgi` for other frameworks.

Each module has the same names: `setup` makes a broker that starts and ends with the app, `session_endpoint` the
endpoint that pages ask, `logout` cancels a visitor's sessions. `celery` and `taskiq` have `bulk_tasks`, which archives
and erases threads with many workers. No framework is installed with this package.
"""

from ._identity import Identity as Identity
from ._options import BrokerOptions as BrokerOptions
from ._options import EndpointOptions as EndpointOptions

__all__ = ["BrokerOptions", "EndpointOptions", "Identity"]
