"""Which operation a method and a path ask for: the table of operations, read by a server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import unquote

import attrs

from .._core.operations import OPERATIONS
from .call import Behaviour
from .refusal import invalid_url, wrong_method

PREFIX = "/v1"


@attrs.frozen
class Route:
    """A path of the API with the behaviours behind it, by method."""

    segments: tuple[str, ...]
    behaviours: Mapping[str, Behaviour]

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """The path's parameters, decoded, where the segments fit; else None."""
        if len(segments) != len(self.segments):
            return None
        found: dict[str, str] = {}
        for template, segment in zip(self.segments, segments, strict=True):
            if template[:1] == "{" and segment:
                found[template[1:-1]] = unquote(segment)
            elif template != segment:
                return None
        return found


def routes(behaviours: Mapping[str, Behaviour]) -> tuple[Route, ...]:
    """A route for each path in the table of operations, with the behaviours of these names."""
    by_path: dict[str, dict[str, Behaviour]] = {}
    for operation in OPERATIONS:
        by_path.setdefault(PREFIX + operation.path, {})[operation.method] = behaviours[operation.name]
    return tuple(Route(tuple(path.split("/")), of_path) for path, of_path in by_path.items())


def find(known: Iterable[Route], method: str, path: str) -> tuple[Behaviour, Mapping[str, str]]:
    """The behaviour behind this method and path, and the path's parameters; raises Refusal (404, 405)."""
    segments = path.split("/")
    for route in known:
        path_params = route.match(segments)
        if path_params is not None:
            behaviour = route.behaviours.get(method)
            if behaviour is None:
                raise wrong_method(", ".join(route.behaviours))
            return behaviour, path_params
    raise invalid_url(method, path)
