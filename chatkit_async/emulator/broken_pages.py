"""Pages as a broken server gives them: pure functions of the real page and of the cursor that was asked with."""

from __future__ import annotations

import json
from collections.abc import Callable

import attrs

from ..types._json import JSON, JSONObject
from .wire import Answer, json_answer

Breaking = Callable[[JSONObject, str | None], JSONObject]


def empty_page(page: JSONObject, after: str | None) -> JSONObject:
    """A page without data that promises more."""
    return {**page, "data": [], "first_id": None, "last_id": after, "has_more": True}


def stuck_cursor(page: JSONObject, after: str | None) -> JSONObject:
    """The page with more promised behind the place where it began."""
    return {**page, "last_id": page.get("first_id") if after is None else after, "has_more": True}


def broken_page(answer: Answer, after: str | None, breaking: Breaking) -> Answer:
    """The answer with its page broken; an answer that is no page stays as it is."""
    try:
        page: JSON = json.loads(answer.body)
    except ValueError:
        return answer
    if not isinstance(page, dict) or page.get("object") != "list":
        return answer
    return attrs.evolve(answer, body=json_answer(answer.status, breaking(page, after)).body)
