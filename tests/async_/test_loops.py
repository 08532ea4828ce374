"""One client over the life of many loops and processes: nothing is left open, nothing is printed."""

from __future__ import annotations

import pytest

from chatkit_async.emulator import Emulator

from .running import run

pytestmark = [pytest.mark.slow, pytest.mark.transport]

TEN_RUNS = """
    for _ in range(10):
        asyncio.run(create())
    print("done")
"""
TEN_RUNS_OF_A_BLOCK = """
    async def main():
        async with client.with_options():
            await asyncio.gather(*(create() for _ in range(3)))
    for _ in range(10):
        asyncio.run(main())
    print("done")
"""
RUNNER = """
    with asyncio.Runner() as runner:
        for _ in range(3):
            runner.run(create())
    print("done")
"""
ANYIO = """
    import anyio
    for _ in range(3):
        anyio.run(create)
    print("done")
"""
BY_HAND = """
    for _ in range(3):
        loop = asyncio.new_event_loop()
        loop.run_until_complete(create())
        loop.close()
    print("done")
"""
BY_HAND_THEN_COLLECTED = BY_HAND.replace('print("done")', 'del client; gc.collect(); print("done")')
BY_HAND_THEN_CLOSED = BY_HAND.replace('print("done")', 'asyncio.run(client.aclose()); print("done")')
STOPPED_AND_CONTINUED = """
    loop = asyncio.new_event_loop()
    for _ in range(3):
        loop.run_until_complete(create())
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.run_until_complete(create())
    loop.run_until_complete(client.aclose())
    loop.close()
    print("done")
"""
KEY_CALLABLE = """
    client = AsyncChatKit(lambda: KEY, base_url=BASE_URL)
    for _ in range(3):
        asyncio.run(create())
    print("done")
"""
LOOPS_SIDE_BY_SIDE = """
    threads = [threading.Thread(target=lambda: [asyncio.run(create()) for _ in range(3)]) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    print("done")
"""
LEFT_BY_AN_ERROR = """
    async def main():
        await create()
        raise SystemExit(0)
    print("done")
    asyncio.run(main())
"""
CLOSED_FROM_ANOTHER_LOOP = """
    first = asyncio.new_event_loop()
    first.run_until_complete(create())
    asyncio.run(client.aclose())
    first.run_until_complete(asyncio.sleep(0.05))
    first.close()
    print("done")
"""
ABANDONED_GENERATOR = """
    async def numbers():
        async with client.sessions.open(user="u1", workflow="wf_1"):
            yield 1
            yield 2
    left = numbers()
    async def main():
        await create()
        await anext(left)
    asyncio.run(main())
    print("done")
"""
PROGRAMS = {
    "ten runs": (TEN_RUNS, 10),
    "ten runs of a block": (TEN_RUNS_OF_A_BLOCK, 30),
    "a runner": (RUNNER, 3),
    "anyio": (ANYIO, 3),
    "loops closed by hand": (BY_HAND, 3),
    "loops closed by hand, the client collected": (BY_HAND_THEN_COLLECTED, 3),
    "loops closed by hand, the client closed": (BY_HAND_THEN_CLOSED, 3),
    "a loop stopped and continued": (STOPPED_AND_CONTINUED, 4),
    "a callable key": (KEY_CALLABLE, 3),
    "loops side by side": (LOOPS_SIDE_BY_SIDE, 24),
    "a loop left by SystemExit": (LEFT_BY_AN_ERROR, 1),
    "closed from another loop": (CLOSED_FROM_ANOTHER_LOOP, 1),
    "a generator that ends after the connections": (ABANDONED_GENERATOR, 2),
}


@pytest.mark.parametrize(("program", "creates"), PROGRAMS.values(), ids=PROGRAMS)
async def test_an_unclosed_client_whose_loops_end_leaves_no_trace(
    emulator: Emulator, program: str, creates: int
) -> None:
    assert await run(program, emulator.base_url) == ("done\n", "", 0)
    assert len(emulator.sessions()) == creates


COLLECTED_IN_THE_LOOP = """
    async def main():
        await AsyncChatKit(KEY, base_url=BASE_URL).sessions.create(user="u1", workflow="wf_1")
        gc.collect()
        await asyncio.sleep(0.05)
    asyncio.run(main())
"""
COLLECTED_AMID_GARBAGE_OF_THE_LOOP = """
    async def main():
        client = AsyncChatKit(KEY, base_url=BASE_URL)
        client.circle = client
        await asyncio.gather(*(client.sessions.create(user="u1", workflow="wf_1") for _ in range(3)))
        del client
        for _ in range(5):
            gc.collect()
            await asyncio.sleep(0)
    asyncio.run(main())
"""
DROPPED_AS_THE_LOOP_ENDS = """
    async def main():
        client = AsyncChatKit(KEY, base_url=BASE_URL)
        await client.sessions.create(user="u1", workflow="wf_1")
    asyncio.run(main())
"""
DROPPED_AS_THE_LOOP_STOPS = """
    async def main():
        client = AsyncChatKit(KEY, base_url=BASE_URL)
        await client.threads.list()
    loop = asyncio.new_event_loop()
    loop.run_until_complete(main())
    loop.close()
"""
DROPPED_BETWEEN_TWO_RUNS_OF_A_LOOP = """
    loop = asyncio.new_event_loop()
    loop.run_until_complete(create())
    del client
    gc.collect()
    loop.run_until_complete(asyncio.sleep(0.05))
    loop.close()
"""
UNCLOSED = {
    "collected in the loop": COLLECTED_IN_THE_LOOP,
    "collected amid garbage": COLLECTED_AMID_GARBAGE_OF_THE_LOOP,
    "dropped as the loop ends": DROPPED_AS_THE_LOOP_ENDS,
    "dropped as the loop stops": DROPPED_AS_THE_LOOP_STOPS,
    "dropped between two runs": DROPPED_BETWEEN_TWO_RUNS_OF_A_LOOP,
}


@pytest.mark.parametrize("program", UNCLOSED.values(), ids=UNCLOSED)
async def test_an_unclosed_client_that_is_collected_is_one_resource_warning(emulator: Emulator, program: str) -> None:
    out, err, code = await run(program, emulator.base_url, warnings="always")
    lines = [line for line in err.splitlines() if not line.startswith("  ")]  # Python 3.13 adds the source line
    assert (out, err.count("ResourceWarning"), len(lines), code) == ("", 1, 1, 0), err
    assert "unclosed AsyncChatKit" in err


FORKED = """
    loop = asyncio.new_event_loop()
    if WARM:
        loop.run_until_complete(create())
    child = os.fork()
    if child == 0:
        asyncio.run(create())
        asyncio.run(create())
        # A loop of the program's own would be reported by a child that never used it.
        sys.exit(7) if WARM else os._exit(7)
    status = os.waitpid(child, 0)[1]
    assert os.waitstatus_to_exitcode(status) == 7, status
    loop.run_until_complete(create())
    loop.run_until_complete(client.aclose())
    loop.close()
    print("done")
"""
FORKED_BY_MULTIPROCESSING = """
    import multiprocessing
    def work():
        asyncio.run(create())
        asyncio.run(client.aclose())
    loop = asyncio.new_event_loop()
    if WARM:
        loop.run_until_complete(create())
    children = [multiprocessing.get_context("fork").Process(target=work) for _ in range(3)]
    [child.start() for child in children]
    [child.join() for child in children]
    assert [child.exitcode for child in children] == [0, 0, 0]
    loop.run_until_complete(create())
    loop.run_until_complete(client.aclose())
    loop.close()
    print("done")
"""
FORKED_DURING_A_CALL = """
    async def main():
        call = asyncio.create_task(create())
        await asyncio.sleep(0.1)
        child = os.fork()
        if child == 0:
            os._exit(threaded())
        await call
        await create()
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        print("done")
    def threaded():
        thread = threading.Thread(target=lambda: asyncio.run(create()))
        thread.start()
        thread.join()
        return 7
    asyncio.run(main())
"""


@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize(
    ("program", "creates"), [(FORKED, 3), (FORKED_BY_MULTIPROCESSING, 4), (FORKED_DURING_A_CALL, 3)]
)
async def test_after_a_fork_child_and_parent_both_go_on(
    emulator: Emulator, program: str, creates: int, warm: bool
) -> None:
    made_warm = warm and program is not FORKED_DURING_A_CALL
    assert await run(program.replace("WARM", str(warm)), emulator.base_url) == ("done\n", "", 0)
    assert len(emulator.sessions()) == creates + made_warm
