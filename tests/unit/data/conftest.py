"""Property tests here have no deadline: the time of one example says nothing on a busy machine."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("data", deadline=None, max_examples=50)
settings.load_profile("data")
