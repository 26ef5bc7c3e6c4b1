"""What all tests share: stable names for parameters, one thread, a hypothesis profile without a clock."""

from __future__ import annotations

from typing import Any

import hypothesis
import pytest

hypothesis.settings.register_profile("suite", deadline=None, derandomize=True)
hypothesis.settings.load_profile("suite")


def pytest_make_parametrize_id(config: pytest.Config, val: Any, argname: str) -> str | None:
    """Name functions and objects without their address, which differs between the processes of pytest-xdist."""
    if callable(val) and " at 0x" in repr(val):
        inner = getattr(val, "func", val)
        return str(getattr(inner, "__name__", type(inner).__name__))
    return None
