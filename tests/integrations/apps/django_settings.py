"""What both Django apps are set up with, Django's security and CSRF middleware among it."""

from __future__ import annotations

import django
from django.conf import settings

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]


def configure(urls: str) -> None:
    # Django refuses async views where each request is a transaction, but for views that say they need none.
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:", "ATOMIC_REQUESTS": True}
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DATABASES={"default": database},
        MIDDLEWARE=MIDDLEWARE,
        ROOT_URLCONF=urls,
        SECRET_KEY="of the tests",
    )
    django.setup()
