"""What belongs to an event loop is closed with it, by its owner, or when the owner is collected."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref

import pytest

from chatkit_async._async.per_loop import PerLoop


class Resource:
    """Notes how it ended."""

    def __init__(self) -> None:
        self.ended: list[str] = []

    async def aclose(self) -> None:
        await asyncio.sleep(0)
        self.ended.append("closed")

    def discard(self) -> None:
        if not self.ended:
            self.ended.append("discarded")


async def use(owner: PerLoop[Resource]) -> Resource:
    return owner.here()


async def test_a_loop_has_one_object() -> None:
    owner = PerLoop(Resource)
    assert owner.here() is owner.here()
    assert owner.all() == {asyncio.get_running_loop(): owner.here()}
    await owner.aclose()


def test_each_loop_has_its_own_and_closes_it_when_it_ends() -> None:
    owner = PerLoop(Resource)
    first, second = asyncio.run(use(owner)), asyncio.run(use(owner))
    assert first is not second
    assert (first.ended, second.ended, owner.all()) == (["closed"], ["closed"], {})


async def test_after_the_owner_has_closed_the_next_use_makes_a_new_one() -> None:
    owner = PerLoop(Resource)
    first = owner.here()
    await owner.aclose()
    assert first.ended == ["closed"]
    assert owner.here() is not first
    await owner.aclose()


async def test_the_owner_closes_the_object_of_a_loop_in_another_thread() -> None:
    owner, found = PerLoop(Resource), list[Resource]()

    async def use_and_stay() -> None:
        found.append(owner.here())
        while not found[0].ended:
            await asyncio.sleep(0.001)

    thread = threading.Thread(target=asyncio.run, args=(use_and_stay(),))
    thread.start()
    while not found:
        await asyncio.sleep(0.001)
    await owner.aclose()
    await asyncio.to_thread(thread.join)
    assert found[0].ended == ["discarded"]


def test_an_object_made_while_the_old_one_is_closed_from_another_loop_stays() -> None:
    owner = PerLoop(Resource)
    loop = asyncio.new_event_loop()
    old = loop.run_until_complete(use(owner))
    asyncio.run(owner.aclose())
    new = loop.run_until_complete(use(owner))
    loop.run_until_complete(asyncio.sleep(0.01))
    assert (old.ended, new.ended) == (["discarded"], [])
    assert loop.run_until_complete(use(owner)) is new
    loop.run_until_complete(owner.aclose())
    loop.close()


def test_an_owner_that_is_collected_closes_what_is_open_and_warns_once() -> None:
    async def main() -> Resource:
        owner = PerLoop(Resource, unclosed="unclosed thing")
        resource = owner.here()
        with pytest.warns(ResourceWarning, match="unclosed thing") as warned:  # noqa: PT031 - dropped here
            del owner
            gc.collect()
        await asyncio.sleep(0.01)
        assert (resource.ended, len(warned)) == (["discarded"], 1)
        return resource

    asyncio.run(main())


def test_an_owner_whose_loops_have_ended_is_collected_without_a_warning() -> None:
    owner = PerLoop(Resource, unclosed="unclosed thing")
    asyncio.run(use(owner))
    del owner
    gc.collect()


@pytest.mark.filterwarnings("ignore:unclosed thing:ResourceWarning")
def test_an_owner_dropped_in_the_last_step_of_a_loop_is_closed_with_it() -> None:
    async def main() -> Resource:
        return PerLoop(Resource, unclosed="unclosed thing").here()

    assert len(asyncio.run(main()).ended) == 1


def test_what_a_loop_leaves_open_is_discarded_at_the_next_use() -> None:
    owner = PerLoop(Resource)
    left = asyncio.new_event_loop()
    resource = left.run_until_complete(use(owner))
    left.close()
    asyncio.run(use(owner))
    assert resource.ended == ["discarded"]


def test_what_a_loop_leaves_open_is_discarded_with_the_owner() -> None:
    owner = PerLoop(Resource, unclosed="never shown")
    left = asyncio.new_event_loop()
    resource = left.run_until_complete(use(owner))
    left.close()
    del owner
    assert resource.ended == ["discarded"]


@pytest.mark.filterwarnings("ignore:unclosed thing:ResourceWarning")
def test_an_owner_dropped_in_the_last_step_of_a_loop_that_only_stops_is_discarded() -> None:
    async def main() -> Resource:
        return PerLoop(Resource, unclosed="unclosed thing").here()

    left = asyncio.new_event_loop()
    resource = left.run_until_complete(main())
    left.close()
    gc.collect()
    assert resource.ended == ["discarded"]


def test_nothing_keeps_an_owner_or_an_ended_loop_alive() -> None:
    owner, loop = PerLoop(Resource), asyncio.new_event_loop()
    loop.run_until_complete(use(owner))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    gone = [weakref.ref(owner), weakref.ref(loop)]
    del owner, loop
    while any(ref() is not None for ref in gone):  # one collection does nothing while another thread collects
        gc.collect()


async def test_an_object_made_after_a_loop_has_closed_its_generators_is_closed_by_the_owner() -> None:
    owner = PerLoop(Resource)
    loop = asyncio.new_event_loop()

    def late() -> Resource:
        loop.run_until_complete(loop.shutdown_asyncgens())
        resource = loop.run_until_complete(use(owner))
        loop.run_until_complete(owner.aclose())
        loop.close()
        return resource

    assert (await asyncio.to_thread(late)).ended == ["closed"]
