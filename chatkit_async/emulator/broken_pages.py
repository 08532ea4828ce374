"""Pages as a broken server gives them: pure functions of the real page and of the query it answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import attrs

from ..types._json import JSON, JSONObject
from .wire import Answer, json_answer

Query = Mapping[str, str]
Breaking = Callable[[JSONObject, Query], JSONObject]


def empty_page(page: JSONObject, query: Query) -> JSONObject:
    """A page without data that promises more."""
    return {**page, "data": [], "first_id": None, "last_id": None, **_asked_with(query), "has_more": True}


def stuck_cursor(page: JSONObject, query: Query) -> JSONObject:
    """The page with more promised behind the place where it began."""
    begun = _asked_with(query)
    if begun.get("last_id", "") is None:
        begun["last_id"] = page.get("first_id")
    return {**page, **begun, "has_more": True}


def _asked_with(query: Query) -> JSONObject:
    """The cursor of the query under the name by which the page's reader goes on."""
    if "before" in query and "after" not in query:
        return {"first_id": query["before"]}
    return {"last_id": query.get("after")}


def broken_page(answer: Answer, query: Query, breaking: Breaking) -> Answer:
    """The answer with its page broken; an answer that is no page stays as it is."""
    try:
        page: JSON = json.loads(answer.body)
    except ValueError:
        return answer
    if not isinstance(page, dict) or page.get("object") != "list":
        return answer
    return attrs.evolve(answer, body=json_answer(answer.status, breaking(page, query)).body)
