"""Django under ASGI, with async views."""

from __future__ import annotations

from typing import Any

from django.core.asgi import get_asgi_application
from django.core.exceptions import PermissionDenied
from django.db.transaction import non_atomic_requests
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from chatkit_async import AsyncChatKit
from chatkit_async.integrations.django import logout, session_endpoint, setup

from .django_settings import configure
from .shared import ANONYMOUS, FORBIDDEN, IMPATIENT, LOGOUT, MEMBERS, OPEN, OPTIONS, SESSION, identity_in


def identify(request: HttpRequest) -> Any:
    if request.headers.get("X-Test-Identity") == FORBIDDEN:
        raise PermissionDenied
    return identity_in(request.headers.get("X-Test-Identity"))


async def identify_slowly(request: HttpRequest) -> Any:
    return identify(request)


configure(__name__)
broker = setup(workflow="wf_1", is_async=True)
members = setup(workflow="wf_1", is_async=True, client=AsyncChatKit(**IMPATIENT))
endpoint = session_endpoint(broker, identify=identify, **OPTIONS)


@csrf_exempt
@non_atomic_requests
async def sign_out(request: HttpRequest) -> HttpResponse:
    response = HttpResponse("bye")
    revocation = await logout(endpoint, request, response)
    response["X-Test-Complete"] = str(revocation.is_complete)
    return response


urlpatterns = [
    path(SESSION[1:], endpoint),
    path(MEMBERS[1:], session_endpoint(members, identify=identify_slowly)),
    path(ANONYMOUS[1:], session_endpoint(broker, **OPEN)),
    path(LOGOUT[1:], sign_out),
]
app = get_asgi_application()
