"""The codes that can be found by reading; each one's file in ``rules`` has a function ``check``."""

from __future__ import annotations

STATIC: tuple[str, ...] = ()
