"""What an operation does in the emulator: the shape of the rows in `_session_behaviours` and `_thread_behaviours`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

from ..types._json import JSONObject
from ._checks import Object
from ._data import ApiData, ResourceList


@attrs.frozen
class OperationCall:
    """One call of an operation: path parameters, checked query and body, and the time by the emulator's clock."""

    path_params: Mapping[str, str]
    query: JSONObject
    body: JSONObject
    now_s: int


@attrs.frozen
class Behaviour:
    """What the emulator does for an operation.

    Attributes:
        run: does the work and returns the result, as the API does; raises RequestRefused.
        example: returns the result that the API's documentation shows, and changes nothing.
        query: the query parameters it accepts; None: any.
        body: the body it accepts; None: any.
        listed: for a listing, the whole list that it pages through; raises RequestRefused.
    """

    run: Callable[[ApiData, OperationCall], JSONObject]
    example: Callable[[ApiData, OperationCall], JSONObject]
    query: Object | None = None
    body: Object | None = None
    listed: Callable[[ApiData, OperationCall], ResourceList] | None = None
