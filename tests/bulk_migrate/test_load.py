"""Naming a store on the command line: every way to get it wrong has an error that says what is wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chatkit_async import ConfigurationError
from chatkit_async.bulk import check_store, load_context_for, load_store, migrate

from .sources import ListSource, hosted_thread
from .stores import MemoryStore

SHOP = """
from tests.bulk_migrate.stores import MemoryStore

store = MemoryStore()
class Nested:
    store = store
def make_store(): return store
async def make_store_later(): return store
def make_with(path): return store
def make_badly(): raise OSError("cannot reach postgresql://admin:hunter2@db")
def make_nothing(): return None
class HalfAStore(MemoryStore):
    load_item = None
half = HalfAStore()
class Abstract(MemoryStore.__mro__[1]):
    pass
number = 7
def context_for(user): return {"user": user}
def context_of_two(user, request): return None
"""


@pytest.fixture(autouse=True)
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "migrated_shop.py").write_text(SHOP)
    (tmp_path / "migrated_broken.py").write_text("import no_such_module_at_all")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield
    for name in ("migrated_shop", "migrated_broken"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("name", ["store", "make_store", "make_store_later", "Nested.store"])
async def test_a_store_or_what_makes_one_is_found_in_the_current_directory(name: str) -> None:
    assert isinstance(await load_store(f"migrated_shop:{name}"), MemoryStore)


async def test_a_class_is_called() -> None:
    assert type(await load_store("tests.bulk_migrate.stores:MemoryStore")) is MemoryStore


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("migrated_shop", "'migrated_shop' is not of the form package.module:name, as in shop.chat:make_store"),
        ("migrated_shop:", "'migrated_shop:' is not of the form"),
        ("shop/chat.py:store", "'shop/chat.py:store' is not of the form"),
        ("", "'' is not of the form"),
        ("no_such_shop.chat:store", "there is no module no_such_shop. Run the command where your package is"),
        ("migrated_shop.chat:store", "there is no module migrated_shop.chat"),
        ("migrated_broken:store", "importing migrated_broken failed: ModuleNotFoundError: No module named 'no_such"),
        ("migrated_shop:make_stor", "migrated_shop has no make_stor; did you mean make_store"),
        (
            "migrated_shop:make_with",
            "cannot be called without arguments: TypeError: missing a required argument: 'path'",
        ),
        ("migrated_shop:make_badly", "migrated_shop:make_badly failed: OSError: cannot reach postgresql://***@db"),
        ("migrated_shop:make_nothing", "gives None, which cannot be used as a store: it is not a chatkit.store.Store"),
        ("migrated_shop:number", "gives an object of the class int, which cannot be used as a store"),
        ("migrated_shop:half", "which cannot be used as a store: it lacks load_item"),
        ("migrated_shop:Abstract", "failed: TypeError: Can't instantiate abstract class Abstract"),
    ],
)
async def test_each_wrong_name_says_what_is_wrong(spec: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        await load_store(spec)
    assert message in str(caught.value)


def test_a_context_function_takes_the_user() -> None:
    assert load_context_for("migrated_shop:context_for")("user_1") == {"user": "user_1"}
    for name in ("context_of_two", "number"):
        with pytest.raises(ConfigurationError, match="must be a function of one argument, the user"):
            load_context_for(f"migrated_shop:{name}")


async def test_without_the_package_the_error_says_how_to_install_it(monkeypatch: Any) -> None:
    from chatkit_async.bulk._server.store_access import server_types

    server_types.cache_clear()
    monkeypatch.setitem(sys.modules, "chatkit.store", None)
    for call in (
        load_store("migrated_shop:store"),
        check_store(MemoryStore()),
        migrate(ListSource((hosted_thread(), [])), MemoryStore(), context_for=lambda user: user),
    ):
        with pytest.raises(ConfigurationError, match=r"pip install 'chatkit-async\[server\]'"):
            await call
    server_types.cache_clear()
