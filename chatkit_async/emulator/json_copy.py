"""A plain copy of a value written in Python, refused by its path where JSON cannot hold it."""

from __future__ import annotations

import json

from ..errors import Problem
from ..types._json import JSON
from ..types.json_value import json_value
from .refusal import Refusal


def json_copy(value: object, path: str) -> JSON:
    """A deep copy as JSON values.

    Raises:
        Refusal: 400, for the first part that JSON does not have; it names the path.
    """
    problems: list[Problem] = []
    copied = json_value(value, path, problems)
    if problems:
        first = problems[0]
        raise Refusal(400, f"Invalid value for '{first.path}': it {first.message}.", param=first.path)
    copy: JSON = json.loads(json.dumps(copied))  # a Secret becomes a plain string, as clients get it
    return copy
