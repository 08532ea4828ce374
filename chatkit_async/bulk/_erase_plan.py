"""Which threads to erase: collected before anything is deleted, and those that an archive holds unchanged."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, aclosing
from datetime import datetime, timedelta

import attrs
from anyio import CapacityLimiter, to_thread

from .._async.client import AsyncChatKit
from .._core.thread_rows import LIST_THREAD_ITEMS, LIST_THREADS
from ..types.checks import as_float
from ..types.redacted import quoted
from ..types.thread_operations import MAX_PAGE_SIZE, ThreadListItemsParams, ThreadListParams
from ._file import explained, refuse_other_settings, stored_settings
from ._job import check_flag, checked_ids, checked_users, invalid, settings_of
from ._pages import Element, elements_of, text_field, time_field
from ._reader import Archive
from ._requests import LISTING_ATTEMPTS, JobRequests, ListingLostError, list_pages, unreadable
from ._statements import Anchor, held_items, held_thread, is_same

LISTINGS_TO_PROVE = 5  # At most, before the first delete and again after the last: a busy project changes meanwhile.


@attrs.frozen(kw_only=True)
class Choice:
    """Which threads to erase.

    Attributes:
        users: of these users; (None,) for all users.
        thread_ids: these; None to choose by user.
        created_before: only those created before this time, Unix seconds; None for any age.
    """

    users: tuple[str | None, ...]
    thread_ids: tuple[str, ...] | None
    created_before: float | None


def opened_archive(
    client: AsyncChatKit, archived_in: str | os.PathLike[str] | None, stack: ExitStack
) -> Archive | None:
    """The archive that a thread must be in before it is deleted, open until the stack ends; None without one.

    Raises:
        ArchiveError: it cannot be read, or is of another API or project.
    """
    if archived_in is None:
        return None
    archive = stack.enter_context(Archive(archived_in))
    stored = attrs.evolve(stored_settings(archive._open(), archive._path), users=None)
    advice = "pass the archive of this API and project"
    refuse_other_settings(archive._path, stored, settings_of(client, None), "job", advice)
    return archive


def choice_of(  # noqa: PLR0917
    job: str,
    user: str | None,
    users: Iterable[str] | None,
    thread_ids: Iterable[str] | None,
    all_users: bool,
    created_before: float | datetime | None,
) -> Choice:
    """Which threads the arguments choose.

    Raises:
        ParamsValidationError: no choice, more than one, or one that cannot work.
    """
    check_flag(job, "all_users", all_users)
    chosen = [
        name
        for name, is_given in (
            ("user", user is not None),
            ("users", users is not None),
            ("thread_ids", thread_ids is not None),
            ("all_users", all_users),
        )
        if is_given
    ]
    if len(chosen) != 1:
        message = " and ".join(chosen) + " were given" if chosen else "none was given, and nothing was deleted"
        raise invalid(
            job, "", "conflict", f"exactly one of user, users, thread_ids, all_users=True is needed; {message}"
        )
    ids = None if thread_ids is None else checked_ids(job, thread_ids)
    filters = checked_users(job, user, users) or (None,)
    return Choice(users=filters, thread_ids=ids, created_before=_unix_s(job, created_before))


def before_age(older_than: float | timedelta) -> float:
    """The time before which a thread was created that is older than this: Unix seconds, by this machine's clock.

    Raises:
        ParamsValidationError: the age is not above 0, or reaches back before 1970.
    """
    now_s = time.time()
    age_s = older_than.total_seconds() if isinstance(older_than, timedelta) else as_float(older_than)
    if age_s is None or not 0 < age_s <= now_s:
        message = f"must be a timedelta or seconds above 0, back to 1970 at most, not {quoted(older_than)}"
        raise invalid("retain", "older_than", "invalid_value", message, older_than)
    return now_s - age_s


def _unix_s(job: str, moment: float | datetime | None) -> float | None:
    if moment is None:
        return None
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        return moment.timestamp()
    seconds = as_float(moment)
    if seconds is None or not 0 <= seconds < float("inf"):
        example = "as in datetime(2026, 1, 31, tzinfo=timezone.utc)"
        message = f"must be Unix seconds of at least 0, or a datetime with a time zone, {example}; not {quoted(moment)}"
        raise invalid(job, "created_before", "invalid_value", message, moment)
    return seconds


@attrs.frozen
class Candidate:
    """A thread to erase: its id, its user, when it was created (Unix seconds), and its JSON as the API sent it."""

    thread_id: str
    user: str | None
    created_at: int | None
    text: str


def candidate(element: Element) -> Candidate | None:
    """The thread of a page or response; None if it has no usable id."""
    if element.id is None:
        return None
    user, created_at = text_field(element.value, "user"), time_field(element.value, "created_at")
    return Candidate(element.id, user, created_at, element.text)


async def list_threads(requests: JobRequests, user: str | None, on_page: Callable[[int], None]) -> list[Candidate]:
    """All threads as one listing shows them, newest first, so that younger ones do not come into it.

    Raises:
        APIError: it cannot be listed.
    """
    lost: ListingLostError | None = None
    for number in range(1, LISTING_ATTEMPTS + 1):
        params = ThreadListParams(user=user, limit=MAX_PAGE_SIZE, order="desc")
        pages = list_pages(requests, LIST_THREADS, params, trusts_end=number == LISTING_ATTEMPTS)
        found: dict[str, Candidate] = {}
        try:
            async with aclosing(pages):
                async for page in pages:
                    for one in map(candidate, elements_of(page.body)):
                        if one is None:
                            raise unreadable(LIST_THREADS.name, "a thread of the listing has no id")
                        if one.thread_id in found:
                            raise ListingLostError("threads came twice")
                        found[one.thread_id] = one
                    on_page(len(page.ids))
        except ListingLostError as error:
            lost = error
        else:
            return [*found.values()]
    raise unreadable(LIST_THREADS.name, f"the listing is broken: {lost}")


async def collect(requests: JobRequests, user: str | None, on_page: Callable[[int], None]) -> dict[str, Candidate]:
    """The threads that exist when the job begins: repeats the listing until it shows no missed thread.

    Raises:
        APIError: they cannot be listed.
    """
    known: dict[str, Candidate] = {}
    for number in range(LISTINGS_TO_PROVE):
        found = await list_threads(requests, user, on_page)
        older = found if number == 0 else without_younger(found, known)
        missed = [one for one in older if one.thread_id not in known]
        known.update((one.thread_id, one) for one in missed)
        if number > 0 and not missed:
            break
    return known


def without_younger(found: list[Candidate], known: dict[str, Candidate]) -> list[Candidate]:
    """The threads from the first known one on: those before it were made since."""
    at = next((index for index, one in enumerate(found) if one.thread_id in known), len(found))
    return found[at:]


class ArchivedThreads:
    """Compares threads of the API with an archive.

    Args:
        archive: the archive, opened; of the same API and project as the job, or everything is refused.
        requests: reads what the API has.
    """

    def __init__(self, archive: Archive, requests: JobRequests) -> None:
        self._archive = archive
        self._requests = requests
        self._one_at_a_time = CapacityLimiter(1)

    async def why_not(self, thread_id: str, text: str) -> str | None:
        """Why a thread must not be deleted; None if the archive holds it as it is.

        Args:
            thread_id: the thread's id.
            text: its JSON as the API sent it.

        Raises:
            APIError: its items cannot be read.
        """
        held = await to_thread.run_sync(self._held, thread_id, limiter=self._one_at_a_time)
        if held is None:
            return "the archive does not hold it whole: run archive(client, path) again"
        archived_text, anchor, tail = held
        if is_same(archived_text, text) and await _is_same_tail(self._requests, thread_id, anchor, tail):
            return None
        return "it has changed since it was archived: run archive(client, path) again"

    def _held(self, thread_id: str) -> tuple[str, Anchor, list[Element]] | None:
        database = self._archive._open()
        with explained(self._archive._path):
            thread = held_thread(database, thread_id)
            if thread is None or not thread.is_complete:
                return None
            return thread.text, thread.anchor, held_items(database, thread)


async def _is_same_tail(requests: JobRequests, thread_id: str, anchor: Anchor, tail: list[Element]) -> bool:
    params = ThreadListItemsParams(thread_id=thread_id, after=anchor.cursor, limit=MAX_PAGE_SIZE, order="asc")
    pages, at = list_pages(requests, LIST_THREAD_ITEMS, params, trusts_end=True), 0
    try:
        async with aclosing(pages):
            async for page in pages:
                found = elements_of(page.body)
                held = tail[at : at + len(found)]
                at += len(found)
                if len(held) < len(found) or not all(map(_are_same, held, found)):
                    return False
    except ListingLostError:
        return False
    return at == len(tail)


def _are_same(one: Element, other: Element) -> bool:
    return is_same(one.text, other.text)
