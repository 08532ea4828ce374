"""Frameworks without a shutdown event: brokers and clients end with the process, and print nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from chatkit_async.emulator import Emulator

from .serving import CHECKOUT, DEADLINE_S

pytestmark = pytest.mark.slow

DJANGO_ASGI = """
    import asyncio
    from chatkit_async.integrations.django import setup
    broker = setup(workflow="wf_1", is_async=True)
    print(asyncio.run(broker.secret_for("ada")).session_id != "")
    print(asyncio.run(broker.secret_for("brook")).session_id != "")
"""
STORE_DOWN = """
    import asyncio, logging
    from chatkit_async.broker import RedisStore
    from chatkit_async.integrations.django import setup
    logging.getLogger("chatkit_async").addHandler(logging.NullHandler())
    broker = setup(workflow="wf_1", is_async=True, store=RedisStore("redis://localhost:1"))  # needs a lookup
    print(asyncio.run(broker.secret_for("ada")).session_id != "")
    print(asyncio.run(broker.secret_for("brook")).session_id != "")
"""
FLASK = """
    from flask import Flask
    from chatkit_async.integrations.flask import setup
    broker = setup(Flask("app"), workflow="wf_1")
    print(broker.secret_for("ada").session_id != "")
    print(broker.secret_for("brook").session_id != "")
"""
FORKED = """
    import logging, os, sys
    from flask import Flask
    from chatkit_async.integrations.flask import setup
    logging.getLogger("chatkit_async").addHandler(logging.NullHandler())  # Drops the warning of several workers.
    broker = setup(Flask("app"), workflow="wf_1")
    print(broker.secret_for("ada").session_id != "", flush=True)
    if child := os.fork():
        assert os.waitpid(child, 0)[1] == 0
    else:
        print(broker.secret_for("brook").session_id != "", flush=True)
        sys.exit()
"""
UNUSED = """
    from flask import Flask
    from chatkit_async.integrations import django, flask
    print(bool(flask.setup(Flask("app"), workflow="wf_1")))
    print(bool(django.setup(workflow="wf_1", is_async=True)))
"""


@pytest.mark.parametrize(
    "text",
    [DJANGO_ASGI, STORE_DOWN, FLASK, FORKED, UNUSED],
    ids=["django-asgi", "store down", "flask", "forked", "unused"],
)
def test_a_process_with_open_brokers_ends_and_prints_nothing(text: str, tmp_path: Path, emulator: Emulator) -> None:
    path = tmp_path / "program.py"
    path.write_text(dedent(text))
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "OPENAI_API_KEY": "sk-test"}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(path)],
        env=environment | {"OPENAI_BASE_URL": emulator.base_url},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\nTrue\n", "")
