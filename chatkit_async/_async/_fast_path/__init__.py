"""Requests written straight to aiohttp's connection pool, and every private part of aiohttp that this package touches.

Without this folder all requests go through `ClientSession.request`: slower, and with aiohttp's own behaviour where an
`http_session` is passed.
"""

from .pool import FastPool as FastPool
