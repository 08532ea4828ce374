"""`check_store`: tries out on throwaway threads whether a store keeps what it is given, and gives it back in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio

from .report import StoreReport
from .rising_times import RisingTimes
from .settings import Ids, MappingOptions, Times, check_settings
from .store_access import StoreAccess, StoreFault
from .store_checks import CHECKS, Check, check_attachments
from .store_trial import StoreTrial

if TYPE_CHECKING:
    from chatkit.store import Store


async def check_store(
    store: Store[Any],
    *,
    context: object = None,
    ids: Ids = "store",
    times: Times = "local",
    time_step_us: int = 1,
    attachments: bool = False,
    timeout_s: float = 30.0,
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
            and items have, as `migrate` does unless told otherwise.
        times: `local` (the default) writes naive local times, as the package itself does; `utc` writes times with a
            time zone.
        time_step_us: microseconds between two items, at least 1 (the default); 1000 for a database that keeps
            milliseconds.
        attachments: whether attachments are checked too; default False.
        timeout_s: seconds that one call of the store may take, above 0; default 30. Blocking work in
            the store is not limited by it.

    Returns:
        A `StoreReport`: `is_usable`, `findings`, `left_behind`; `str()` of it is for people.

    Raises:
        ConfigurationError: the package `openai-chatkit` is not installed.
        ParamsValidationError: an argument is out of its range; the store was not touched.
    """
    check_settings("check_store", store=store, time_step_us=time_step_us, timeout_s=timeout_s, ids=ids, times=times)
    options = MappingOptions(attachments="keep" if attachments else "text")
    access = StoreAccess(store, context, timeout_s)
    return await tried(StoreTrial(access, ids, RisingTimes(times, time_step_us), options))


async def tried(trial: StoreTrial) -> StoreReport:
    """What all checks find out; the threads are deleted whatever happens."""
    left_behind: list[str] = []
    try:
        for check in (*CHECKS, check_attachments) if trial.options.attachments == "keep" else CHECKS:
            if not await _goes_on(check, trial):
                break
    finally:
        with anyio.CancelScope(shield=True):  # also where this is cancelled, what was written must not stay
            left_behind = await _delete_threads(trial)
    return StoreReport(tuple(trial.findings.values()), tuple(left_behind))


async def _goes_on(check: Check, trial: StoreTrial) -> bool:
    """Whether the checks after this one make sense."""
    try:
        await check(trial)
    except StoreFault as fault:
        trial.find(fault.code, str(fault))
        return fault.code != "hangs" and check not in CHECKS[:2]
    return True


async def _delete_threads(trial: StoreTrial) -> list[str]:
    """The ids of threads that are still there; after a call that hangs, no further thread is tried."""
    left_behind: list[str] = []
    has_hung = False
    for thread in trial.threads:
        try:
            if has_hung or not await _is_deleted(trial, thread.id):
                left_behind.append(thread.id)
        except StoreFault as fault:
            has_hung = fault.code == "hangs"
            left_behind.append(thread.id)
            trial.find("delete_thread", f"delete_thread fails: {fault}", "warning")
    return left_behind


async def _is_deleted(trial: StoreTrial, thread_id: str) -> bool:
    await trial.access.call("delete_thread", thread_id)
    if await trial.access.find("load_thread", thread_id) is not None:
        trial.find("delete_thread", "a thread is still there after delete_thread", "warning")
        return False
    if await trial.access.items_or_none(thread_id):
        trial.find("delete_keeps_items", "the items of a thread are still there after delete_thread", "warning")
    return True
