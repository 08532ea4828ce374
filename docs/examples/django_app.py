"""ChatKit in Django, in one file: a page with the chat widget, a sign-in, a logout.

    pip install chatkit-async django
    export OPENAI_API_KEY=sk-...
    python django_app.py migrate
    python django_app.py runserver

Under ASGI pass `is_async=True` to `setup`, and find the user by `await request.auser()`.
"""

import os
import secrets
import sys
from pathlib import Path

from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application

HERE = Path(__file__).parent

if not settings.configured:
    settings.configure(
        DEBUG=True,
        ALLOWED_HOSTS=["localhost", "127.0.0.1"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": HERE / "chat.sqlite3"}},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        ROOT_URLCONF=__name__,
        SECRET_KEY=os.environ.get("SESSION_KEY") or secrets.token_hex(32),
    )
    import django

    django.setup()

from django.contrib.auth import authenticate, login  # noqa: E402 - Django's models need the settings
from django.contrib.auth import logout as django_logout  # noqa: E402
from django.http import FileResponse, HttpRequest, HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.csrf import ensure_csrf_cookie  # noqa: E402

from chatkit_async.integrations.django import logout, session_endpoint, setup  # noqa: E402

broker = setup(workflow=os.environ.get("CHATKIT_WORKFLOW", "wf_abc"))


def signed_in_user(request: HttpRequest) -> str | None:
    return str(request.user.pk) if request.user.is_authenticated else None


endpoint = session_endpoint(broker, identify=signed_in_user)


def page(request: HttpRequest) -> FileResponse:
    return FileResponse((HERE / "page.html").open("rb"))


def sign_in(request: HttpRequest) -> HttpResponse:
    user = authenticate(request, username=request.POST["name"], password=request.POST["password"])
    if user is None:
        return HttpResponse("Wrong name or password.", status=403)
    login(request, user)
    return HttpResponse(str(user.pk))


def sign_out(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(status=204)
    logout(endpoint, request, response)  # first: it has to know which user signs out
    django_logout(request)
    return response


urlpatterns = [
    path("", ensure_csrf_cookie(page)),
    path("api/chatkit/session", endpoint),
    path("sign-in", sign_in),
    path("logout", sign_out),
]

app = get_wsgi_application()

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
