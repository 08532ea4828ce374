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
    settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=urls, SECRET_KEY="of the tests", MIDDLEWARE=MIDDLEWARE)
    django.setup()
