"""README's programs work as pasted; that each block runs by itself is tested in test_docs.py."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import pytest

from chatkit_async.emulator import Emulator

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)

pytestmark = [pytest.mark.checkout, pytest.mark.slow]


def block(text: str) -> str:
    [found] = [block for block in BLOCKS if text in block]
    return str(found)


@contextmanager
def served(program: str, folder: Path, emulator: Emulator) -> Iterator[str]:
    """The program behind uvicorn, as README says."""
    (folder / "app.py").write_text(program)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {**os.environ, "OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": emulator.base_url}
    command = [sys.executable, "-m", "uvicorn", "app:app", "--port", str(port), "--log-level", "warning"]
    with subprocess.Popen(command, cwd=folder, env=env) as server:
        try:
            wait_for(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def wait_for(port: int) -> None:
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the server did not start")


def test_the_web_app_gives_a_signed_in_user_a_secret(tmp_path: Path, emulator: Emulator) -> None:
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    with served(block("FastAPI()"), tmp_path, emulator) as url:
        page = browser.open(f"{url}/sign-in/ada", timeout=20).read().decode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{url}/api/chatkit/session", b"{}", headers, method="POST")
        given = json.load(browser.open(request, timeout=20))
    [session] = emulator.sessions()
    assert "getClientSecret" in page
    assert session["user"] == "ada"
    assert given == {"client_secret": session["client_secret"], "expires_at": session["expires_at"]}


def test_the_celery_program_has_the_tasks_that_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    names: dict[str, Any] = {"__name__": "tasks"}
    exec(block("bulk_tasks("), names)  # it is ours
    assert names["tasks"].erase_threads.name in names["app"].tasks


def test_readme_is_at_most_180_lines() -> None:
    assert len(README.splitlines()) <= 180


def test_links_and_images_work_on_a_package_page() -> None:
    targets = re.findall(r"\]\(([^)]+)\)", README)
    assert [target for target in targets if not target.startswith("https://")] == []
