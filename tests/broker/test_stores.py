"""What every store has to keep to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from chatkit_async.broker import MemoryStore, RedisStore, Store
from chatkit_async.broker.store import REVOKED, Generations, Minted, Place

HERE, OTHER_DEVICE, OTHER_USER = Place("user", "device"), Place("user", "phone"), Place("other", "device")
LONG_S, SHORT_S = 60.0, 0.05


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
    else:
        made = RedisStore(request.getfixturevalue("redis_server").url)
        yield made
        await made.aclose()


async def kept(store: Store, session_id: str, place: Place = HERE, lives_s: float = LONG_S, **record: object) -> Minted:
    """A session that the store remembers, made under the generations that are."""
    generations = (await store.read(place, "first")).generations
    minted = Minted(session_id, lives_s, generations, **record)  # type: ignore[arg-type]
    await store.keep(place, minted)
    return minted


async def until_gone(store: Store, user: str = "user") -> None:
    async with asyncio.timeout(20):
        while await store.sessions(user):
            await asyncio.sleep(0.01)


async def test_nothing_is_held_at_first(store: Store) -> None:
    seen = await store.read(HERE, "first")
    assert (seen.generations, seen.record) == (Generations("first", ""), None)
    assert dict(await store.sessions("user")) == {}


async def test_a_generation_stays_until_it_is_revoked(store: Store) -> None:
    await store.read(HERE, "first")
    assert (await store.read(HERE, "second")).generations == Generations("first", "")
    assert (await store.read(OTHER_DEVICE, "second")).generations == Generations("first", "")
    assert (await store.read(OTHER_USER, "second")).generations == Generations("second", "")


async def test_a_session_is_remembered_with_its_device(store: Store) -> None:
    await kept(store, "cksess_1")
    await kept(store, "cksess_2", OTHER_DEVICE)
    await kept(store, "cksess_3", OTHER_USER)
    assert dict(await store.sessions("user")) == {"cksess_1": "device", "cksess_2": "phone"}
    assert dict(await store.sessions("other")) == {"cksess_3": "device"}


async def test_a_session_is_forgotten_when_it_expires(store: Store) -> None:
    await kept(store, "cksess_1", lives_s=SHORT_S)
    await kept(store, "cksess_2")
    async with asyncio.timeout(20):
        while "cksess_1" in await store.sessions("user"):
            await asyncio.sleep(0.01)
    assert set(await store.sessions("user")) == {"cksess_2"}


async def test_a_session_that_is_kept_again_lives_as_long_as_said_last(store: Store) -> None:
    await kept(store, "cksess_1", lives_s=SHORT_S)
    await kept(store, "cksess_1", lives_s=LONG_S)
    await kept(store, "cksess_2", lives_s=LONG_S)
    await kept(store, "cksess_2", lives_s=SHORT_S)
    async with asyncio.timeout(20):
        while "cksess_2" in await store.sessions("user"):
            await asyncio.sleep(0.01)
    assert set(await store.sessions("user")) == {"cksess_1"}


async def test_a_record_is_found_at_its_place_alone(store: Store) -> None:
    await kept(store, "cksess_1", record="sealed", record_lives_s=LONG_S)
    assert (await store.read(HERE, "x")).record == "sealed"
    assert (await store.read(OTHER_DEVICE, "x")).record is None
    assert (await store.read(OTHER_USER, "x")).record is None


async def test_a_record_may_vanish_before_its_session(store: Store) -> None:
    await kept(store, "cksess_1", record="sealed", record_lives_s=SHORT_S)
    async with asyncio.timeout(20):
        while (await store.read(HERE, "x")).record is not None:
            await asyncio.sleep(0.01)
    assert set(await store.sessions("user")) == {"cksess_1"}


async def test_a_session_without_record_leaves_the_record_that_is(store: Store) -> None:
    await kept(store, "cksess_1", record="sealed", record_lives_s=LONG_S)
    await kept(store, "cksess_2")
    assert (await store.read(HERE, "x")).record == "sealed"


async def test_to_revoke_gives_a_new_generation_and_says_what_there_was(store: Store) -> None:
    await kept(store, "cksess_1")
    await kept(store, "cksess_2", OTHER_DEVICE)
    await kept(store, "cksess_3", OTHER_USER)
    found = await store.revoke("user", f"{REVOKED}1")
    assert dict(found) == {"cksess_1": "device", "cksess_2": "phone"}
    assert (await store.read(HERE, "x")).generations == Generations(f"{REVOKED}1", "")
    assert (await store.read(OTHER_USER, "x")).generations == Generations("first", "")


async def test_to_revoke_a_user_nobody_knows_gives_him_a_generation_too(store: Store) -> None:
    assert dict(await store.revoke("user", f"{REVOKED}1")) == {}
    assert (await store.read(HERE, "x")).generations.user == f"{REVOKED}1"


async def test_to_revoke_one_device_leaves_the_others(store: Store) -> None:
    await kept(store, "cksess_1")
    await kept(store, "cksess_2", OTHER_DEVICE)
    assert dict(await store.revoke("user", "renewed", "device")) == {"cksess_1": "device"}
    assert (await store.read(HERE, "x")).generations == Generations("first", "renewed")
    assert (await store.read(OTHER_DEVICE, "x")).generations == Generations("first", "")


async def test_what_was_made_under_an_old_generation_is_remembered_but_not_its_record(store: Store) -> None:
    generations = (await store.read(HERE, "first")).generations
    await store.revoke("user", f"{REVOKED}1")
    now = await store.keep(HERE, Minted("cksess_1", LONG_S, generations, "sealed", LONG_S))
    assert now == Generations(f"{REVOKED}1", "")
    assert (await store.read(HERE, "x")).record is None
    assert set(await store.sessions("user")) == {"cksess_1"}


async def test_what_was_made_under_an_old_generation_of_the_device_has_no_record_either(store: Store) -> None:
    generations = (await store.read(HERE, "first")).generations
    await store.revoke("user", "renewed", "device")
    assert await store.keep(HERE, Minted("cksess_1", LONG_S, generations, "sealed", LONG_S)) != generations
    assert (await store.read(HERE, "x")).record is None


async def test_to_keep_says_the_generations_that_are(store: Store) -> None:
    minted = await kept(store, "cksess_1")
    assert await store.keep(HERE, minted) == Generations("first", "")


async def test_what_is_forgotten_is_gone(store: Store) -> None:
    for number in range(3):
        await kept(store, f"cksess_{number}")
    await store.forget("user", ["cksess_0", "cksess_2", "cksess_of_nobody"])
    assert set(await store.sessions("user")) == {"cksess_1"}
    await store.forget("user", [])
    await store.forget("nobody", ["cksess_1"])
    assert set(await store.sessions("user")) == {"cksess_1"}


async def test_a_count_goes_up_until_its_window_ends(store: Store) -> None:
    first, second = await store.count("user", LONG_S), await store.count("user", LONG_S)
    assert (first.number, second.number) == (1, 2)
    assert 0 < second.left_s <= first.left_s <= LONG_S
    assert (await store.count("other", LONG_S)).number == 1


async def test_a_count_begins_anew_after_its_window(store: Store) -> None:
    await store.count("user", SHORT_S)
    async with asyncio.timeout(20):
        while (await store.count("user", SHORT_S)).number > 1:
            await asyncio.sleep(2 * SHORT_S)


async def test_a_lease_is_one_holders_until_he_releases_it(store: Store) -> None:
    assert await store.lease(HERE, "me", LONG_S)
    assert await store.lease(HERE, "me", LONG_S)
    assert not await store.lease(HERE, "you", LONG_S)
    assert await store.lease(OTHER_DEVICE, "you", LONG_S)
    assert await store.lease(OTHER_USER, "you", LONG_S)
    await store.release(HERE, "me")
    assert await store.lease(HERE, "you", LONG_S)


async def test_nobody_releases_the_lease_of_another(store: Store) -> None:
    await store.lease(HERE, "me", LONG_S)
    await store.release(HERE, "you")
    assert not await store.lease(HERE, "you", LONG_S)


async def test_a_lease_ends_by_itself(store: Store) -> None:
    await store.lease(HERE, "me", SHORT_S)
    async with asyncio.timeout(20):
        while not await store.lease(HERE, "you", SHORT_S):
            await asyncio.sleep(0.01)


async def test_many_who_want_a_lease_at_once_make_one_holder(store: Store) -> None:
    got = await asyncio.gather(*(store.lease(HERE, f"holder {number}", LONG_S) for number in range(50)))
    assert got.count(True) == 1


async def test_many_who_count_at_once_are_all_counted(store: Store) -> None:
    counts = await asyncio.gather(*(store.count("user", LONG_S) for _ in range(50)))
    assert sorted(count.number for count in counts) == list(range(1, 51))


async def test_a_closed_store_opens_again_when_asked(store: Store) -> None:
    await store.aclose()
    await store.read(HERE, "first")
    await store.aclose()
    await store.aclose()
