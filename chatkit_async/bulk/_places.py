"""Where the threads of a listing stand, and which of them a run had not seen before."""

from __future__ import annotations

from ._pages import RawPage, elements_of, text_field, time_field
from ._statements import HeldThread, ListedThread


class Found:
    """What a look saw that the looks before had not."""

    def __init__(self, first_walk: int) -> None:
        self._first_walk = first_walk
        self._new_since_known = 0
        self.new = 0
        self.missed = 0

    def add(self, thread: HeldThread) -> None:
        """Counts a thread; new ones before one that an earlier look saw were missed by it, others are younger."""
        if thread.listed_in_walk < self._first_walk:
            self.new += 1
            self._new_since_known += 1
        else:
            self.missed += self._new_since_known
            self._new_since_known = 0


class Place:
    """Numbers the threads of one walk."""

    def __init__(self, user: str | None) -> None:
        self._user = user
        self._sort_at = 0
        self.count = 0
        self.without_id: list[int] = []

    def skip(self, count: int, sort_at: int) -> None:
        """Passes over threads that are numbered already."""
        self.count += count
        self._sort_at = max(self._sort_at, sort_at)

    def listed(self, page: RawPage) -> list[ListedThread]:
        """The threads of a page that have an id."""
        found: list[ListedThread] = []
        self.without_id = []
        for element in elements_of(page.body):
            self._sort_at = max(self._sort_at, time_field(element.value, "created_at") or 0)
            if element.id is None:
                self.without_id.append(self.count)
            else:
                user = text_field(element.value, "user") or self._user
                found.append(ListedThread(element.id, element.text, user, self._sort_at, self.count))
            self.count += 1
        return found
