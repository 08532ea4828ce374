"""How many examples the tests of properties try: the same ones on every run, so that a failure is a finding."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import settings

FEW = "CHATKIT_TESTS_FEW_EXAMPLES"  # set by conftest where slow tests are left out: an eighth of the examples


def steady(max_examples: int, **more: Any) -> settings:
    """Settings with this number of examples in the full suite."""
    count = max(3, max_examples // 8) if FEW in os.environ else max_examples
    return settings(max_examples=count, deadline=None, derandomize=True, database=None, **more)
