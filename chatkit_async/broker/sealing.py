"""Secrets shared through the store: encrypted, and bound to the user and device they are for."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import ConfigurationError
from ..types.secret import Hidden, Secret
from .record import Record, from_text, to_text
from .store import Place, Seen

if TYPE_CHECKING:
    from cryptography.fernet import Fernet, MultiFernet

log = logging.getLogger("chatkit_async")

_MAKE_ONE = 'make one with: python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'


class SharedShelf:
    """Records sealed in the store, for every process that has the keys.

    Args:
        keys: Fernet keys: the first encrypts, any decrypts.

    Raises:
        ConfigurationError: a key is none, there are none, or cryptography is not installed.
    """

    is_shared = True

    def __init__(self, keys: Sequence[str | bytes]) -> None:
        self._fernet = _fernet(keys)
        self._has_complained = False

    def find(self, place: Place, seen: Seen) -> Record | None:
        """The record, if it can be read, and was sealed for this place."""
        if seen.record is None:
            return None
        try:
            return from_text(Secret(self._fernet.decrypt(seen.record.encode()).decode()), place)
        except Exception:  # whoever can write to the store can put anything there
            self._complain()
            return None

    def sealed(self, place: Place, record: Record) -> str | None:
        """The record and its place, encrypted."""
        return self._fernet.encrypt(to_text(record, place).encode()).decode()

    def put(self, place: Place, record: Record, lives_s: float) -> None:
        """The store has it."""

    def _complain(self) -> None:
        if not self._has_complained:
            self._has_complained = True
            log.warning("A record in the broker's store is not readable, and ignored: do all have these share_secrets?")


def _fernet(keys: Sequence[str | bytes]) -> MultiFernet:
    try:
        from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415 - of an extra
    except ImportError as error:
        raise ConfigurationError("share_secrets needs cryptography: pip install chatkit-async[broker]") from error
    if isinstance(keys, Hidden) or not keys:
        raise ConfigurationError(f"share_secrets: a list of Fernet keys, the newest first; {_MAKE_ONE}")
    return MultiFernet([_checked(Fernet, key, number) for number, key in enumerate(keys)])


def _checked(fernet: type[Fernet], key: str | bytes, number: int) -> Fernet:
    try:
        return fernet(key)
    except Exception:  # cryptography's, and base64's
        raise ConfigurationError(f"share_secrets[{number}] is no Fernet key; {_MAKE_ONE}") from None
