"""Who is asking: what `identify` says, checked."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from typing import TypeAlias, cast

import attrs

from ..types.checks import Invalid, text
from ..types.session_operations import MAX_USER_LENGTH
from ..types.session_params import StateVariables
from .answer import Refusal

# What the users of anonymous visitors look like. Nobody else may: who signs in chooses names.
VISITOR = re.compile(r"anonymous_[A-Za-z0-9_-]{32}")


@attrs.frozen
class Identity:
    """Who is asking, and from which device.

    Args:
        user: the user's id in your app, 1..512 characters, not blank.
        device: one of the user's devices, 1..512 characters, each of which gets a session of its own, and with it a
            rate limit of its own; default None: all devices of the user share one. A session key of your framework
            serves well.
        state_variables: given to the workflow, beside those of the broker; a session that was made with others is
            replaced. Default None: whichever session there is will do.
    """

    user: str
    device: str | None = None
    state_variables: StateVariables | None = None


Identified: TypeAlias = str | Identity | None
"""What `identify` returns: the user's id, an `Identity`, or None for an anonymous visitor."""

MaybeIdentified: TypeAlias = Identified | Awaitable[Identified]
"""The same, now or once awaited."""


def identity_of(found: object) -> Identity | None:
    """What `identify` returned, as an Identity; None for an anonymous visitor. Raises Refusal (500) for all else."""
    if found is None:
        return None
    identity = found if isinstance(found, Identity) else Identity(cast("str", found))
    _check("user", identity.user)
    _check("device", identity.device)
    if VISITOR.fullmatch(identity.user):
        raise _wrong("a user that looks like an anonymous visitor of ours; return None for those who are not signed in")
    return identity


def _check(name: str, value: object) -> None:
    if value is None and name == "device":
        return
    if value is None:
        raise _wrong("an Identity without a user; return None alone for who is not signed in")
    checked = text(value, max_length=MAX_USER_LENGTH)
    if isinstance(checked, Invalid):
        raise _wrong(f"a {name} that {checked.problems[0].message}")


def _wrong(what: str) -> Refusal:
    said = f"identify returned {what}"
    return Refusal(500, "identity_invalid", "The server could not tell who is asking.", log=said)
