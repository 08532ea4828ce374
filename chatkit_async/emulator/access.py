"""Who may ask: the bearer key and the beta header."""

from __future__ import annotations

from .refusal import incorrect_api_key, invalid_beta, no_api_key

BETA = "chatkit_beta=v1"


def check_key(authorization: str, api_keys: frozenset[str]) -> None:
    """Refuses (401) what is no bearer key, or none of those accepted."""
    scheme, _, key = authorization.partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key:
        raise no_api_key()
    if api_keys and key not in api_keys:
        raise incorrect_api_key(key)


def check_beta(values: str) -> None:
    """Refuses (400) a request that does not name the beta, alone or among others."""
    if values != BETA and BETA not in [value.strip() for value in values.split(",")]:
        raise invalid_beta(BETA)
