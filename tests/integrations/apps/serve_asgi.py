"""`python -m tests.integrations.apps.serve_asgi MODULE`: its `app` behind uvicorn, on the socket of the test."""

from __future__ import annotations

import sys

import uvicorn

from .shared import listening

if __name__ == "__main__":
    config = uvicorn.Config(f"tests.integrations.apps.{sys.argv[1]}:app", log_level="warning")
    uvicorn.Server(config).run(sockets=[listening()])
