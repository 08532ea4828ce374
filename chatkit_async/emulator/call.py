"""A call of an operation, as behaviours see it, and what a behaviour is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

from ..types._json import JSONObject
from .checks import Object
from .paging import Line
from .state import State


@attrs.frozen
class Call:
    """One call of an operation: what its path, its checked query and body hold, and the time it arrived."""

    path_params: Mapping[str, str]
    query: JSONObject
    body: JSONObject
    now_s: int


@attrs.frozen
class Behaviour:
    """What the emulator does for an operation, and the query and body it accepts (None: that is not looked at).

    A listing also has the `line` that it pages through, where there is one.
    """

    run: Callable[[State, Call], JSONObject]
    query: Object | None = None
    body: Object | None = None
    line: Callable[[State, Call], Line] | None = None
