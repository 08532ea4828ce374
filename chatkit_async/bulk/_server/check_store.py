"""`check_store`: tries out on throwaway threads whether a store keeps what it is given, and gives it back in order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, Never, TypeAlias

import anyio

from ..._core.options import wrong_method_call
from ...errors import ParamsValidationError, Problem
from ...types.redacted import quoted, redacted
from .arguments import Ids, MappingOptions, check_settings
from .mapping import map_item
from .report import StoreReport
from .store_access import RisingTimes, StoreAccess, StoreError, StoreFault, Times, differing_fields
from .store_trial import ITEMS, StoreTrial, message

if TYPE_CHECKING:
    from chatkit.store import Store

PAGE_SIZES = (100, 3, 2, 1)
TIES = 5
_ABSENT = object()


async def check_store(
    store: Store[Any],
    *,
    context: object = None,
    ids: Ids = "store",
    times: Times = "local",
    time_step_us: int = 1,
    attachments: bool = False,
    timeout_s: float = 30.0,
    **unexpected: Never,
) -> StoreReport:
    """Tries out whether a store of `openai-chatkit` keeps what it is given, and gives it back whole and in order.

    It writes three threads dated 2001, reads them back in both orders with several page sizes, repeats and changes
    writes, and deletes the threads again, also when it is cancelled. What the store does wrong is in the report, never
    raised.

    Example:
        report = await check_store(MyStore(), context=MyContext(user_id="check"))
        print(report)

    Args:
        store: the store to check.
        context: what your server would pass to it with a request; default None.
        ids: `store` (the default) uses ids that the store generates; `keep` uses ids of the form that hosted threads
            and items have, as `migrate` does by default.
        times: `local` (the default) writes naive local times, as the package itself does; `utc` writes times with a
            time zone.
        time_step_us: microseconds between two items, at least 1 (the default); 1000 for a database that keeps
            milliseconds.
        attachments: whether attachments are checked too; default False.
        timeout_s: seconds that one call of the store may take, above 0; default 30. Blocking work in
            the store is not limited by it.
        unexpected: refused with a `TypeError` that names the right keyword.

    Returns:
        A `StoreReport`: `is_usable`, `findings`, `left_behind`; `str()` of it is for people.

    Raises:
        ConfigurationError: the package `openai-chatkit` is not installed.
        ParamsValidationError: an argument is out of its range; the store was not touched.
    """
    if unexpected:
        raise wrong_method_call(check_store, unexpected, {})
    check_settings("check_store", store=store, time_step_us=time_step_us, timeout_s=timeout_s, ids=ids, times=times)
    given: object = attachments
    if not isinstance(given, bool):  # `migrate` takes a word here
        text = f"must be True or False, not {quoted(given)}"
        raise ParamsValidationError("check_store", (Problem("attachments", "invalid_type", text, redacted(given)),))
    options = MappingOptions(attachments="keep" if attachments else "text")
    access = StoreAccess(store, context, timeout_s)
    return await tried(StoreTrial(access, ids, RisingTimes(times, time_step_us), options))


async def tried(trial: StoreTrial) -> StoreReport:
    """What all checks find out; the threads are deleted whatever happens."""
    left_behind: list[str] = []
    try:
        for check in (*STORE_CHECKS, check_attachments) if trial.options.attachments == "keep" else STORE_CHECKS:
            if not await _goes_on(check, trial):
                break
    finally:
        with anyio.CancelScope(shield=True):  # also where this is cancelled, what was written must not stay
            left_behind = await trial.delete_threads()
    return StoreReport(tuple(trial.findings.values()), tuple(left_behind))


async def _goes_on(check: StoreCheck, trial: StoreTrial) -> bool:
    """Whether the checks after this one make sense."""
    try:
        await check(trial)
    except StoreError as error:
        trial.find(error.code, str(error))
        return isinstance(error, StoreFault) and check not in STORE_CHECKS[:2]
    return True


async def check_threads(trial: StoreTrial) -> None:
    """Saves three threads and loads the first; an unknown one must be absent."""
    if trial.new_thread_id() == trial.new_thread_id():
        raise StoreFault("same_ids", "generate_thread_id returns the same id twice")
    try:
        found = await trial.access.find("load_thread", trial.new_thread_id(), missing=_ABSENT)
    except StoreFault as fault:
        text = f"load_thread of an unknown id must raise chatkit.store.NotFoundError: {fault}"
        if fault.code != "raises":
            raise
        raise StoreFault("unknown_thread", text) from fault
    if found is None:
        trial.find("returns_none", "load_thread returns None for an unknown id; raise NotFoundError", "warning")
    elif found is not _ABSENT:
        trial.find("invents_threads", "load_thread returns a thread for an unknown id; raise NotFoundError")
    for number in (1, 2, 3):
        await trial.access.call("save_thread", trial.new_thread(number))
    found = await trial.access.find("load_thread", trial.threads[0].id)
    if found is None:
        raise StoreFault("loses_threads", "load_thread does not find what save_thread saved")
    trial.compare("save_thread", trial.threads[0], found)


async def check_items(trial: StoreTrial) -> None:
    """Adds an item of each kind and reads all back in both orders, with several page sizes."""
    thread, items, refused = trial.threads[0], [], []
    written = [raw for raw in ITEMS if map_item(raw, thread.id, trial.options).fields is not None]
    for item in [trial.new_item(thread, raw) for raw in written]:
        try:
            await trial.access.call("add_thread_item", thread.id, item)
            items.append(item)
        except StoreFault as fault:
            refused.append(f"{item.type} ({fault})")
    if refused:
        trial.find("refuses_items", f"add_thread_item fails for {', '.join(refused)}")
    listed = {item.id: item for item in await trial.access.items(thread.id, "asc", PAGE_SIZES[0])}
    if not listed:
        raise StoreFault("adds_nothing", "add_thread_item returned, but load_thread_items lists nothing after it")
    if lost := [item.type for item in items if item.id not in listed]:
        trial.find("loses_kinds", f"added, and not listed: {', '.join(dict.fromkeys(lost))}")
    for item in items:
        if item.id in listed:
            trial.compare(f"add_thread_item ({item.type})", item, listed[item.id])
    await _check_pages(trial, [item.id for item in items if item.id in listed])


async def _check_pages(trial: StoreTrial, ids: list[str]) -> None:
    for page_size in PAGE_SIZES:
        for order, expected in (("asc", ids), ("desc", ids[::-1])):
            where = f"load_thread_items in order {order!r} with pages of {page_size}"
            found = await trial.listed_ids(trial.threads[0], order, page_size)
            if set(found) != set(expected):
                trial.find("loses_items", f"{where} gives {len(found)} of {len(expected)} items")
            elif found != expected:
                what = "gives the other order" if found == expected[::-1] else "does not sort by created_at"
                trial.find("wrong_order", f"{where} {what}")
    thread_id = trial.threads[0].id
    page = await trial.access.call("load_thread_items", thread_id, limit=1, after=None, order="asc")
    if len(page.data) > 1:
        trial.find("ignores_limit", f"load_thread_items with limit=1 gives {len(page.data)} items", "warning")
    try:
        page = await trial.access.call("load_thread_items", thread_id, None, 1, "desc")  # the server calls it so, too
        found = [item.id for item in page.data[:1]]
    except StoreFault:
        found = []
    if found != ids[-1:]:
        order = "thread_id, after, limit, order, context"
        trial.find("argument_order", f"load_thread_items must take its arguments in the order {order}")


async def check_ties(trial: StoreTrial) -> None:
    """Adds items of the same time and pages through them."""
    thread = trial.threads[1]
    first = await trial.add_message(thread, "tie")
    for _ in range(TIES - 1):
        await trial.add_message(thread, "tie", first.created_at)
    for order in ("asc", "desc"):
        try:
            found = await trial.listed_ids(thread, order, 2)
        except StoreFault:
            found = []
        if len(found) < TIES:
            text = "loses items that have the same created_at; migrate never writes such, but order by id as well"
            trial.find("loses_ties", f"load_thread_items {text}", "warning")


async def check_changes(trial: StoreTrial) -> None:
    """Repeats and changes what was written: nothing may be doubled, and nothing else may change."""
    thread = trial.threads[2]
    item = await trial.add_message(thread, "first")
    changed = trial.new_item(thread, message("changed")).model_copy(
        update={"id": item.id, "created_at": item.created_at}
    )
    await trial.access.call("save_item", thread.id, changed)
    if not await _is_doubled(trial, "save_item_doubles", "save_item adds a second item of the same id", "problem"):
        found = await trial.access.items(thread.id, "asc", PAGE_SIZES[0])
        if [differing_fields(changed, each) for each in found] != [()]:
            trial.find("ignores_save_item", "save_item does not change an item that is there", "warning")
    new = trial.new_item(thread, message("new"))
    await trial.access.call("save_item", thread.id, new)
    if new.id not in await trial.listed_ids(thread, "asc", PAGE_SIZES[0]):
        trial.find("save_item_adds_nothing", "save_item does not add an item that is not there", "warning")
    with suppress(StoreFault):
        await trial.access.call("add_thread_item", thread.id, changed)
    await _is_doubled(trial, "doubles_on_repeat", "add_thread_item, repeated, adds a second item of the same id")


async def _is_doubled(
    trial: StoreTrial, code: str, text: str, level: Literal["problem", "warning"] = "warning"
) -> bool:
    try:
        await trial.listed_ids(trial.threads[2], "asc", PAGE_SIZES[0])
    except StoreFault as fault:
        if fault.code != "doubles":
            raise
        trial.find(code, text, level)
        return True
    return False


async def check_single_items(trial: StoreTrial) -> None:
    """Loads and deletes one item."""
    thread = trial.threads[1]
    item = await trial.add_message(thread, "single")
    found = await trial.access.find("load_item", thread.id, item.id)
    if found is None or differing_fields(item, found):
        trial.find("load_item", "load_item does not give an item as it was added", "warning")
    unknown = trial.new_item(thread, message("never added"))
    found = await trial.access.find("load_item", thread.id, unknown.id, missing=_ABSENT)
    if found is not _ABSENT:
        trial.find("load_item", "load_item of an unknown id must raise NotFoundError", "warning")
    await trial.access.call("delete_thread_item", thread.id, item.id)
    if item.id in await trial.listed_ids(thread, "asc", PAGE_SIZES[0]):
        trial.find("delete_thread_item", "an item is still listed after delete_thread_item", "warning")


async def check_saved_again(trial: StoreTrial) -> None:
    """Saves a thread a second time, with another title: its items must stay."""
    thread = trial.threads[0]
    ids = await trial.listed_ids(thread, "asc", PAGE_SIZES[0])
    renamed = thread.model_copy(update={"title": f"{thread.title}, renamed"})
    try:
        await trial.access.call("save_thread", renamed)
    except StoreFault as fault:
        text = f"save_thread of a thread that is there fails, so that titles cannot change ({fault})"
        return trial.find("inserts_only", text, "warning")
    found = await trial.access.find("load_thread", thread.id)
    if found is None or found.title != renamed.title:
        trial.find("ignores_save_thread", "save_thread does not change a thread that is there", "warning")
    if await trial.listed_ids(thread, "asc", PAGE_SIZES[0]) != ids:
        trial.find("save_thread_loses_items", "save_thread of a thread that is there loses its items")
    return None


async def check_thread_list(trial: StoreTrial) -> None:
    """Lists the threads in both orders."""
    ids = [thread.id for thread in trial.threads]
    for order, page_size, expected in (("asc", 2, ids), ("desc", PAGE_SIZES[0], ids[::-1])):
        listed = await trial.access.threads(order, page_size, until=frozenset(ids))
        found = [thread.id for thread in listed if thread.id in ids]
        if len(found) < len(ids):
            trial.find("loses_threads", f"load_threads in order {order!r} gives {len(found)} of {len(ids)} threads")
        elif found != expected:
            trial.find("threads_order", f"load_threads in order {order!r} does not sort by created_at", "warning")


async def check_attachments(trial: StoreTrial) -> None:
    """Saves an attachment twice and loads it."""
    item: Any = trial.new_item(trial.threads[0], ITEMS[0])
    attachment = item.attachments[0]
    try:
        for _ in range(2):
            await trial.access.call("save_attachment", attachment)
        found = await trial.access.find("load_attachment", attachment.id)
        if found is None or differing_fields(attachment, found):
            trial.find("attachments", "load_attachment does not give an attachment as it was saved")
    finally:
        with anyio.CancelScope(shield=True):
            await trial.access.call("delete_attachment", attachment.id)


StoreCheck: TypeAlias = Callable[[StoreTrial], Awaitable[None]]

STORE_CHECKS: tuple[StoreCheck, ...] = (
    check_threads,
    check_items,
    check_ties,
    check_changes,
    check_single_items,
    check_saved_again,
    check_thread_list,
)
"""In this order; the first two must go through for the others to make sense."""
