"""Unions beside the slice of OpenAI's document: a member is chosen by its `type`, and by nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit_async._core.codec import Mismatch, structure
from tests.types.documents import RESULTS, SCHEMAS, resolved, spellings, whole


def unions() -> list[tuple[str, str]]:
    """Classes with a union among their fields, by schema and field; an array's items count as its field."""
    found = []
    for schema in RESULTS:
        for name, part in SCHEMAS[schema]["properties"].items():
            if "discriminator" in resolved(part.get("items", part)):
                found.append((schema, name))
    return found


@pytest.mark.parametrize(("schema", "name"), unions())
def test_a_unions_member_is_chosen_by_its_type_in_both_spellings(schema: str, name: str) -> None:
    part = SCHEMAS[schema]["properties"][name]
    is_array = "items" in part
    for choice in resolved(part.get("items", part))["oneOf"]:
        for spelling in spellings(resolved(choice)["properties"]["type"]["enum"]):
            document = {**whole(choice), "type": spelling}
            found = getattr(structure({name: [document] if is_array else document}, RESULTS[schema]), name)
            assert type(found[0] if is_array else found) is RESULTS[choice["$ref"].rpartition("/")[2]]


@pytest.mark.parametrize(("schema", "name"), unions())
@pytest.mark.parametrize("kind", [None, 7, True, [], {}])
def test_a_type_other_than_a_string_is_refused_with_its_path(schema: str, name: str, kind: Any) -> None:
    is_array = "items" in SCHEMAS[schema]["properties"][name]
    document = {"id": "x", "type": kind}
    with pytest.raises(Mismatch, match="should be a string") as caught:
        structure({name: [{"type": "new"}, document] if is_array else document}, RESULTS[schema])
    assert caught.value.path == (f"{name}[1].type" if is_array else f"{name}.type")


def test_the_document_has_the_unions_we_know() -> None:
    assert unions() == [
        ("ThreadResource", "status"),
        ("ThreadItemListResource", "data"),
        ("UserMessageItem", "content"),
        ("ResponseOutputText", "annotations"),
    ]
